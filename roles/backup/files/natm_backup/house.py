# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every part of this program stands on: its plan, its folders, and how it refuses."""

import contextlib
import datetime
import json
import os
import pathlib
import shutil
import tempfile


def words(text, **values):
    """Words for people; they are put into their language where they are read."""
    return {"text": text, "values": values}


class Refused(Exception):
    """Something a person can mend: a stable code, what is wrong, and what to do."""

    def __init__(self, code, text, hint="", **values):
        super().__init__(text.format(**values))
        self.code, self.says = code, words(text, **values)
        self.hint = words(hint, **values) if hint else None


def now():
    return datetime.datetime.now(datetime.timezone.utc)  # noqa: UP017  # older servers


def stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text):
    """The moment a stamp names, or the beginning of time where it names none."""
    with contextlib.suppress(TypeError, ValueError):
        then = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
        return then.replace(tzinfo=datetime.timezone.utc)  # noqa: UP017
    return datetime.datetime.fromtimestamp(0, datetime.timezone.utc)  # noqa: UP017


def read_json(path, otherwise=None):
    """A JSON file's value; what is not there, or is none, counts as `otherwise`."""
    try:
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)
    except (OSError, ValueError):
        return otherwise


def write_json(path, value, mode=0o600):
    """Replace a file in one step: whoever reads it finds the old one or the new one, whole."""
    folder = os.path.dirname(path)
    handle, new = tempfile.mkstemp(dir=folder, prefix=".new-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            os.fchmod(stream.fileno(), mode)
            json.dump(value, stream, indent=1, sort_keys=True)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(new, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(new)
        raise


class House:
    """The stack's folder on this server, and the plan that the role put there."""

    def __init__(self, own):
        """`own` is the folder backup/ below the stack's root."""
        self.own = pathlib.Path(own)
        self.plan = read_json(self.own / "plan.json")
        if not isinstance(self.plan, dict) or "stack" not in self.plan:
            raise Refused("backup.not-installed", "this server has no plan for backups",
                          "`natm deploy` brings it")
        self.root = pathlib.Path(self.plan["root"])
        self.data = self.root / "data"
        # Beside what is saved, so that files can be linked instead of copied.
        self.work = self.data / ".backup"
        self.tree = self.work / "tree"

    @property
    def stack(self):
        return self.plan["stack"]

    @property
    def platforms(self):
        """How each platform is saved, in the plan's order; those that were put here."""
        found = {id_: read_json(self.bundle(id_) / "saved.json") for id_ in self.plan["platforms"]}
        return {id_: one for id_, one in found.items() if isinstance(one, dict)}

    @property
    def planned(self):
        """Ids of all platforms of the stack, whether or not they were put here."""
        return list(self.plan["platforms"])

    def unknown(self):
        """Ids of platforms that were brought up here, and nobody knows how they are saved."""
        known = self.platforms
        return [id_ for id_ in self.planned if id_ not in known
                and (self.root / "receipts" / f"{id_}.json").is_file()]

    def half(self, id_):
        """Whether a restore or an upgrade of it broke off and is not ended yet."""
        return any((self.own / folder / f"{id_}.json").exists()
                   for folder in ("restoring", "upgrading"))

    def deployed(self):
        """Ids of the planned platforms that were brought up here, in the plan's order."""
        return [id_ for id_ in self.platforms if (self.root / "receipts" / f"{id_}.json").is_file()]

    def volume(self, id_, name):
        return self.data / id_ / name

    def bundle(self, id_):
        return self.root / "bundle" / "platforms" / id_

    # -- what is remembered from one run to the next ---------------------------------------------

    @property
    def state(self):
        found = read_json(self.own / "state.json", {})
        return found if isinstance(found, dict) else {}

    def remember(self, **changes):
        """Change parts of what is remembered."""
        write_json(self.own / "state.json", {**self.state, **changes})

    # -- folders for passing work ----------------------------------------------------------------

    def fresh(self):
        """Empty folders to work in, whatever an earlier run left behind."""
        self.sweep()
        passable(self.work)
        self.tree.mkdir(mode=0o700)

    def sweep(self):
        """Take away what a run works with. Links go, what they led to stays."""
        for folder in (self.tree, self.work / "databases", self.work / "back"):
            if folder.is_symlink() or folder.exists():
                shutil.rmtree(folder)


def passable(folder):
    """A folder that platforms' users get through, and see nothing in."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)


def free_mb(path):
    """MiB free where a path is or will be."""
    path = pathlib.Path(path)
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free // (1024 * 1024)
