# SPDX-License-Identifier: AGPL-3.0-or-later
"""A stack as plain files that need no natm: its bundle without what only natm reads. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from .backupfile import target_names
from .composefile import made_beforehand
from .model.bundle import Bundle, File
from .model.deployment import Deployment, Instance
from .paths import package_folder

SCRIPT = 0o755
GENERATED = "# What this stack is made of, for the scripts beside it; change it by hand.\n"
NATMS = "/saved.json"
"""What only natm's own program reads."""
TAKEN = {"roles/platform/files/build.sh": "images/build.sh"}
"""What natm itself does with it, taken along as it is."""


def ejected(deployment: Deployment, bundle: Bundle) -> dict[str, File]:
    """Everything but the README and the certificate, by its path; secrets are marked as such."""
    targets = json.loads(bundle.files["backup/targets.json"].data)
    files = {path: _plain(file) for path, file in bundle.files.items()
             if path.startswith(_folders(deployment)) and not path.endswith(NATMS)}
    files |= {new: _plain(bundle.files[old]) for old, new in TAKEN.items()}
    files |= {path.name: File(path.read_bytes(), SCRIPT)
              for path in sorted(package_folder("ejected").glob("*.sh"))}
    files["stack.sh"] = File(_stack(deployment, bundle, targets).encode())
    files["backup/key"] = File(bundle.files["backup/key"].data, 0o600, secret=True)
    for name, target in targets.items():
        files |= _target(name, target)
    files |= _timer(deployment)
    files[".gitignore"] = File(_ignored(files).encode())
    return files


def running(deployment: Deployment) -> list[Instance]:
    """The platforms that go on without natm: all but the one that makes proofs."""
    return [i for i in deployment.instances if not i.platform.carries_proofs]


def place(deployment: Deployment) -> str:
    """Where the folder belongs on the server."""
    return f"{deployment.root}/plain"


def _folders(deployment: Deployment) -> tuple[str, ...]:
    return ("images/", *(f"platforms/{i.id}/" for i in running(deployment)))


def _plain(file: File) -> File:
    """As it lies here: what is secret for its owner alone."""
    return File(file.data, 0o600 if file.secret else 0o644 | (file.mode & 0o111), file.secret)


def _ignored(files: dict[str, File]) -> str:
    secret = "".join(f"/{path}\n" for path, file in sorted(files.items()) if file.secret)
    return f"# Secrets in clear: never in git.\n{secret}/backup/cache/\n/.lock\n"


def _stack(deployment: Deployment, bundle: Bundle, targets: dict[str, Any]) -> str:
    """The one file that the scripts read: values, and lists as functions that call back."""
    rules = deployment.backup.keep.model_dump()
    keep = " ".join(f"--keep-{period}={many}" for period, many in rules.items() if many)
    values = {
        "STACK": deployment.name, "PREFIX": deployment.prefix, "ROOT": deployment.root,
        "PLATFORMS": " ".join(i.id for i in running(deployment)), "KEEP": keep,
        "REPOSITORIES": " ".join(target_names(deployment)),
        "APPEND_ONLY": " ".join(n for n, one in targets.items() if one.get("append_only"))}
    lists: dict[str, Sequence[tuple[str, ...]]] = {
        "base": [(base.suite, base.tag) for base in deployment.bases],
        "network": [(n.name, n.subnet, n.gateway, n.ip_range, "internal" if n.internal else "")
                    for n in made_beforehand(deployment)],
        "folder": _data_folders(deployment),
        "file": [(f"platforms/{i.id}/{path}", str(i.group_of(path)), f"{file.mode:04o}")
                 for i in running(deployment) for path, file in _files_of(i, bundle)],
        **_saved(deployment),
    }
    head = "# SPDX-License-Identifier: AGPL-3.0-or-later\n" + GENERATED
    return head + "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items()) + (
        "".join(_list(name, rows) for name, rows in lists.items()))


def _list(name: str, rows: Sequence[tuple[str, ...]]) -> str:
    calls = "".join(f'  "$1" {shlex.join(row)} &&\n' for row in rows)
    return f"each_{name}() {{\n{calls}  :\n}}\n"


def _files_of(instance: Instance, bundle: Bundle) -> list[tuple[str, File]]:
    own = f"platforms/{instance.id}/"
    return [(path.removeprefix(own), file) for path, file in bundle.files.items()
            if path.startswith(own) and not path.endswith(NATMS)]


def _data_folders(deployment: Deployment) -> list[tuple[str, ...]]:
    edge = str(deployment.instance("edge").uid)
    rows: list[tuple[str, ...]] = [
        (deployment.root, "0", "0", "0711"), (f"{deployment.root}/data", "0", "0", "0711"),
        (f"{deployment.root}/public", edge, "0", "0755"),
        # Nobody closes anything any more, but the edge looks there.
        (f"{deployment.root}/closed", "0", "0", "0755")]
    for one in running(deployment):
        rows.append((f"{deployment.root}/data/{one.id}", "0", "0", "0711"))
        rows += [(v.path, str(v.uid), str(v.gid), v.mode) for v in one.volumes]
    return rows


def _saved(deployment: Deployment) -> dict[str, list[tuple[str, ...]]]:
    """What is saved, and how databases write themselves out and take that back."""
    lists: dict[str, list[tuple[str, ...]]] = {"saved": [], "dump": [], "load": []}
    for one in running(deployment):
        for volume in one.volumes:
            if volume.backup == "files":
                lists["saved"].append((one.id, volume.name))
            if volume.backup == "dump" and volume.dump:
                head = one.id, volume.name, volume.dump.service
                lists["dump"].append((*head, volume.dump.ends, *volume.dump.save))
                lists["load"].append((*head, volume.dump.load_while, *volume.dump.load))
    return lists


# -- where backups go ----------------------------------------------------------------------------

def _target(name: str, target: dict[str, Any]) -> dict[str, File]:
    """What restic wants to know of one repository, as a file that a shell reads."""
    values = {"RESTIC_REPOSITORY": target["url"], **target.get("environment", {})}
    lines = [f"export {key}={shlex.quote(value)}" for key, value in values.items()]
    files = {}
    sftp = ""
    if target["url"].startswith("sftp:"):
        user, host, port = _sftp(target["url"])
        own = f"$here/backup/{name}"
        sftp = (f"ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes "
                f"-o UserKnownHostsFile={own}.host -i {own}.ssh -p {port} "
                f"{f'-l {user} ' if user else ''}{host} -s sftp")
        known = host if port == "22" else f"[{host}]:{port}"
        files[f"backup/{name}.ssh"] = _secret(target["ssh_key"].strip() + "\n")
        files[f"backup/{name}.host"] = File(f"{known} {target['host_key']}\n".encode())
    lines.append(f'SFTP_COMMAND="{sftp}"')
    return {**files, f"backup/{name}.env": _secret("\n".join(lines) + "\n")}


def _secret(text: str) -> File:
    return File(text.encode(), 0o600, secret=True)


def _sftp(url: str) -> tuple[str | None, str, str]:
    """User, host and port; stack.yml lets nothing in them that means something to a shell."""
    if url.startswith("sftp://"):
        parts = urlsplit(url)
        return parts.username, parts.hostname or "", str(parts.port or 22)
    user, at, host = url.removeprefix("sftp:").partition(":")[0].rpartition("@")
    return (user if at else None), host, "22"


def _timer(deployment: Deployment) -> dict[str, File]:
    daily = deployment.backup.daily
    script = PurePosixPath(place(deployment)) / "backup.sh"
    service = ("[Unit]\nDescription=Backup of the stack {name}\nAfter=docker.service\n\n"
               "[Service]\nType=oneshot\nExecStart=/bin/sh {script}\nNice=10\n")
    timer = ("[Unit]\nDescription=Daily backup of the stack {name}\n\n[Timer]\n"
             "OnCalendar=*-*-* {at}:00\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n")
    unit = f"timer/{deployment.prefix}-plain"
    return {
        f"{unit}.service": File(service.format(name=deployment.name, script=script).encode()),
        f"{unit}.timer": File(timer.format(
            name=deployment.name, at="03:30" if daily == "off" else daily).encode())}
