#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Makes the base image that every recipe of ours starts from, out of the Debian mirror this
# machine is set up with: no container registry is asked. Usage: build.sh SUITE TAG
set -eu
suite=$1 tag=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

# The machine's own mirrors: whatever apt uses for Debian itself and for its security updates.
targets=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL)' 'Created-By: Packages')
mirror=$(printf '%s\n' "$targets" | awk '$3 == "Debian" {print $1; exit}')
security=$(printf '%s\n' "$targets" | awk '$3 == "Debian-Security" {print $1; exit}')
if [ -z "$mirror" ]; then
  echo "natm: apt on this machine knows no Debian mirror; run 'apt-get update' and try again" >&2
  exit 1
fi
{
  echo "deb $mirror $suite main"
  echo "deb $mirror $suite-updates main"
  [ -z "$security" ] || echo "deb $security $suite-security main"
} > "$work/sources.list"

# Proxy and time settings of the machine's apt hold inside as well; they stand in a file, not in
# the image's history.
apt-config dump | grep -E '^Acquire::(https?::Proxy|Check-Valid-Until|Check-Date|Retries)[ :]' \
  | grep -v '""' > "$work/90natm-machine" || true
cat > "$work/91natm-slim" <<'CONF'
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Keep-Downloaded-Packages "false";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb || true"; };
CONF
printf '#!/bin/sh\n# Nothing is started while an image is built.\nexit 101\n' > "$work/policy-rc.d"
chmod 0755 "$work/policy-rc.d"
mkdir "$work/authorities"
find /usr/local/share/ca-certificates -name '*.crt' -exec cp {} "$work/authorities/" \; 2>/dev/null || true

while IFS= read -r line; do set -- "$@" "--aptopt=$line"; done < "$work/90natm-machine"
shift 2
mmdebstrap --quiet --variant=minbase --mode=root --include=ca-certificates "$@" \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --customize-hook="cp $work/90natm-machine $work/91natm-slim \"\$1/etc/apt/apt.conf.d/\"" \
  --customize-hook="cp $work/policy-rc.d \"\$1/usr/sbin/policy-rc.d\"" \
  --customize-hook="cp $work/authorities/. -r \"\$1/usr/local/share/ca-certificates/\"" \
  --customize-hook='chroot "$1" update-ca-certificates --fresh >/dev/null' \
  --customize-hook='rm -f "$1/etc/apt/apt.conf.d/99mmdebstrap" "$1"/var/cache/apt/*.bin' \
  "$suite" "$work/base.tar" "$work/sources.list"
docker import --change 'CMD ["/bin/sh"]' --message "natm base image, Debian $suite" "$work/base.tar" "$tag" >/dev/null
