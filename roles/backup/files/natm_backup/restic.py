# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one gate to restic. Keys reach it in files; what it says is made plain."""

import json
import os
import re
import shlex
import time
import urllib.parse

from engine import last_words
from floor import LEAST_MB, Guarded
from house import Refused, read_json

# What restic says, and what it means for people.
SIGNS = (
    (("wrong password", "no key found"), "backup.wrong-key",
     "the repository {name} does not open with this stack's key",
     "is it another stack's, or was the vault key changed?"),
    (("no space left", "disk quota"), "backup.disk-full",
     "there is no room left in the repository {name}", "make room there, or keep fewer snapshots"),
    (("is there a repository at", "unable to open config", "config file does not exist",
      "repository does not exist"), "backup.no-repository",
     "there is no repository at {name}, where there was one or should be one",
     "is the disk mounted, is the address right?"),
    (("connection refused", "dial tcp", "no such host", "i/o timeout", "ssh:", "network is",
      "connection reset", "permission denied (publickey", "host key verification", "no route",
      "unable to start the sftp session", "broken pipe", "eof"), "backup.unreachable",
     "the repository {name} cannot be reached", "is it on, and are address and keys right?"),
    (("does not match id", "invalid data", "ciphertext verification failed", "unexpected eof",
      "load(<", "checking the repository"), "backup.damaged",
     "the repository {name} is damaged: {why}", "restore from another copy: --from NAME"),
)


TRIES, PAUSE = 60, 15
"""So often, and with so many seconds in between, somebody else's lock is waited for."""


class Repository:
    """One place where snapshots are kept."""

    def __init__(self, house, name):
        targets = read_json(house.own / "targets.json", {})
        if name not in targets:
            raise Refused("backup.unknown-target", "this stack keeps no backups at {name}",
                          "stack.yml says where: {known}", name=name, known=", ".join(targets))
        self.house, self.name, self.target = house, name, targets[name]
        self.url = with_credentials(self.target["url"], self.target.get("environment", {}))
        self.address = house.own / "run" / f"{name}.url"

    @property
    def path(self):
        """The folder of a repository on this server; None where it is elsewhere."""
        return self.url if self.url.startswith("/") else None

    @property
    def append_only(self):
        return bool(self.target.get("append_only"))

    def away(self):
        """Whether it would outlive this server's disk."""
        if self.path is None:
            return True
        try:
            return os.stat(self.path).st_dev != os.stat(self.house.root).st_dev
        except OSError:
            return False

    def environment(self):
        write_private(self.address, self.url)
        kept = {key: value for key, value in os.environ.items()
                if key in ("PATH", "HOME", "SSL_CERT_FILE", "https_proxy", "http_proxy",
                           "no_proxy")}
        return {"HOME": "/root", **kept, "LC_ALL": "C.UTF-8", **self.target.get("environment", {}),
                "RESTIC_REPOSITORY_FILE": str(self.address),
                "RESTIC_PASSWORD_FILE": str(self.house.own / "key"),
                "RESTIC_CACHE_DIR": str(self.house.own / "cache")}

    def options(self):
        """How SSH is called, with a key and a host key of the stack's own."""
        if not self.url.startswith("sftp:"):
            return []
        user, host, port = sftp_parts(self.url)
        run = self.house.own / "run"
        words = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20",
                 "-o", "StrictHostKeyChecking=yes", "-o", "ServerAliveInterval=30"]
        if self.target.get("host_key"):
            write_private(run / f"{self.name}.host",
                          f"{host if port == '22' else f'[{host}]:{port}'} "
                          f"{self.target['host_key']}\n")
            words += ["-o", f"UserKnownHostsFile={run / f'{self.name}.host'}"]
        if self.target.get("ssh_key"):
            write_private(run / f"{self.name}.ssh", self.target["ssh_key"].strip() + "\n")
            words += ["-o", "IdentitiesOnly=yes", "-i", str(run / f"{self.name}.ssh")]
        words += ["-p", port, *(["-l", user] if user else []), host, "-s", "sftp"]
        return ["-o", "sftp.command=" + shlex.join(words)]

    def run(self, *words, cwd=None, from_=None, allow=()):
        """Run restic and give what it printed; `allow` names exit codes that are no failure."""
        environment, options = self.environment(), self.options()
        if from_ is not None:
            environment |= {
                "RESTIC_FROM_REPOSITORY_FILE": from_.environment()["RESTIC_REPOSITORY_FILE"],
                "RESTIC_FROM_PASSWORD_FILE": str(self.house.own / "key"),
                **from_.target.get("environment", {})}
            options = options or from_.options()
        argv = ["restic", *options, *words]
        for again in range(TRIES):
            code, out, err = Guarded(self._written(words[0]), least=least(words[0])).run(
                argv, env=environment, cwd=cwd)
            if code in (0, *allow):
                return code, out + err if code else out
            if "already locked" not in err or words[0] == "unlock":
                raise self.refusal(err or out)
            if again:  # By one that lives, on another computer perhaps.
                time.sleep(PAUSE)
            # By a run that was killed; the lock of one that lives stays.
            self.run("unlock")
        raise Refused("backup.busy", "somebody else is at work on the repository {name}",
                      "try again when they are done", name=self.name)

    def _written(self, word):
        """The disk that a command of restic's writes to."""
        return self.house.data if word == "restore" else self.path or self.house.own

    def refusal(self, said):
        """What restic said, for people; nothing secret stands in it."""
        for value in (*self.target.get("environment", {}).values(), self.url):
            said = said.replace(value, "***")
        lower = said.lower()
        for signs, code, text, hint in SIGNS:
            if any(sign in lower for sign in signs):
                return Refused(code, text, hint, name=self.name, why=last_words(said))
        return Refused("backup.failed", "the repository {name}: {why}", name=self.name,
                       why=last_words(said))

    # -- what is done with it --------------------------------------------------------------------

    def known(self):
        """The identity noted when it was first used; None before that."""
        return self.house.state.get("targets", {}).get(self.name, {}).get("id")

    def identity(self):
        """What the repository calls itself."""
        _code, out = self.run("cat", "config")
        return json.loads(out[out.index("{"):])["id"]

    def open(self, like=None):
        """See that it is the one we know, or make it where we never had one."""
        try:
            found = self.identity()
        except Refused as why:
            if why.code != "backup.no-repository" or self.known():
                raise
            more = ["--copy-chunker-params"] if like is not None else []
            self.run("init", *more, from_=like)
            found = self.identity()
        if self.known() not in (None, found):
            raise Refused("backup.other-repository",
                          "another repository lies at {name} than the one this stack wrote to",
                          "is the right disk mounted, is the address right?", name=self.name)
        return found

    def snapshots(self):
        """All snapshots of this stack, oldest first, as plain values."""
        _code, out = self.run("snapshots", "--json", "--host", self.house.stack)
        found = [brief(one) for one in json.loads(out or "null") or []]
        return sorted((one for one in found if one["run"]), key=lambda one: one["at"])

    def save(self, folder, tags):
        """Make a snapshot of what is in a folder; gives restic's own summary."""
        words = [word for tag in tags for word in ("--tag", tag)]
        code, out = self.run("backup", "--json", "--host", self.house.stack, "--ignore-ctime",
                             *words, *sorted(os.listdir(folder)), cwd=folder, allow=(3,))
        found = [json.loads(line) for line in out.splitlines() if '"summary"' in line]
        if not found:
            raise Refused("backup.failed", "the repository {name}: {why}", name=self.name,
                          why=last_words(out))
        if code == 3:
            self.run("forget", found[-1]["snapshot_id"])
            raise Unreadable(unreadable(out))
        return found[-1]

    def read(self, snapshot, path):
        """One file out of a snapshot."""
        return self.run("dump", snapshot, path)[1]

    def size_mb(self):
        """What it takes on its disk or elsewhere, in MiB."""
        if self.path:
            return sum(os.lstat(os.path.join(above, name)).st_size
                       for above, _folders, names in os.walk(self.path) for name in names) >> 20
        _code, out = self.run("stats", "--json", "--mode", "raw-data")
        return json.loads(out.strip().splitlines()[-1])["total_size"] // (1 << 20)


class Unreadable(Refused):
    """Files that could not be read: one path for each platform that has any."""

    def __init__(self, paths):
        super().__init__("backup.unreadable", "some files could not be read, so it does not count: "
                         "{paths}", paths="; ".join(sorted(paths.values())) or "?")
        self.paths = paths


def unreadable(said):
    """From restic's own words: for each platform a path that could not be read."""
    found = {}
    for line in said.splitlines():
        match = re.search(r"platforms/([a-z][a-z0-9-]{0,30})/[^\"]{0,200}", line)
        if match and "error" in line.lower():
            found.setdefault(match[1], match[0])
    return found


def least(word):
    """Room to be left, in MiB: what only reads or makes room is let through to the last."""
    return LEAST_MB if word in ("backup", "copy", "restore", "init") else 0


def brief(one):
    """A snapshot as this program speaks of it: what it holds stands in its tags."""
    tags = dict(tag.partition("=")[::2] for tag in one.get("tags") or [])
    return {"id": one["id"][:16], "run": tags.pop("run", ""), "at": tags.pop("at", ""),
            "kind": tags.pop("kind", "part"), "platforms": tags}


def with_credentials(url, environment):
    """A rest-server's user and password, which older versions of restic read in the address."""
    user, password = (environment.get(f"RESTIC_REST_{name}") for name in ("USERNAME", "PASSWORD"))
    if not url.startswith("rest:") or not user:
        return url
    scheme, _sep, rest = url.removeprefix("rest:").partition("://")
    quote = urllib.parse.quote
    return f"rest:{scheme}://{quote(user, '')}:{quote(password or '', '')}@{rest}"


def sftp_parts(url):
    """User, host and port of sftp://user@host:port//path or sftp:user@host:/path."""
    rest = url.removeprefix("sftp:")
    if rest.startswith("//"):
        parts = urllib.parse.urlsplit(url)
        return parts.username, parts.hostname, str(parts.port or 22)
    user, at, host = rest.partition(":")[0].rpartition("@")
    return (user if at else None), host, "22"


def write_private(path, text):
    """A file for root alone."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        os.fchmod(stream.fileno(), 0o600)
        stream.write(text)
