# SPDX-License-Identifier: AGPL-3.0-or-later
"""A folder as it is at this moment: its files linked, not copied, so that it takes no room.

Folders belong to platforms that may have been broken into. Nothing here follows a link in them.
"""

import contextlib
import errno
import fnmatch
import os
import shutil
import stat

from house import Refused

DEEPEST = 200
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
BESIDE = ("-wal", "-journal")
"""What SQLite keeps beside a database that it is writing to; -shm it makes anew."""


class Linked:
    """What was linked: how much, and which databases were set aside."""

    def __init__(self):
        self.files, self.bytes, self.skipped = 0, 0, 0
        self.databases = []


def is_database(path, patterns):
    """Whether a path, relative to its volume, is one of the declared SQLite databases."""
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def link_tree(source, target, patterns=(), aside=None):
    """Make `target` what `source` is now; databases go to the folder `aside`, each by a number."""
    made = Linked()
    try:
        start = os.open(source, FOLDER)
    except OSError as error:
        raise Refused("backup.unreadable", "the folder {path} cannot be read: {why}",
                      path=str(source), why=error.strerror) from error
    try:
        os.mkdir(target, 0o700)
        end = os.open(target, FOLDER)
        try:
            _Linker(made, patterns, aside).folder(start, end, "", 0)
        finally:
            os.close(end)
    finally:
        os.close(start)
    return made


class _Linker:
    def __init__(self, made, patterns, aside):
        self.made, self.patterns, self.aside = made, tuple(patterns), aside

    def folder(self, source, target, path, depth):
        if depth > DEEPEST:
            raise Refused("backup.too-deep", "{path} has more than {n} folders in each other",
                          path=path[:200], n=DEEPEST)
        with os.scandir(source) as entries:
            for entry in entries:
                self.entry(source, target, entry, f"{path}{entry.name}", depth)
        same_look(os.fstat(source), target)

    def entry(self, source, target, entry, path, depth):
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            os.mkdir(entry.name, 0o700, dir_fd=target)
            with opened(entry.name, source) as inner, opened(entry.name, target) as outer:
                self.folder(inner, outer, f"{path}/", depth + 1)
        elif stat.S_ISLNK(mode):
            os.symlink(os.readlink(entry.name, dir_fd=source), entry.name, dir_fd=target)
            own = entry.stat(follow_symlinks=False)
            os.chown(entry.name, own.st_uid, own.st_gid, dir_fd=target, follow_symlinks=False)
            self.made.files += 1
        elif stat.S_ISREG(mode):
            self.file(source, target, entry, path)
        else:
            self.made.skipped += 1  # A socket or a pipe holds nothing.

    def file(self, source, target, entry, path):
        base = path
        for end in (*BESIDE, "-shm"):
            base = base.removesuffix(end)
        if is_database(base, self.patterns):
            if base == path:
                self.database(source, entry.name, path)
            return
        found = entry.stat(follow_symlinks=False)
        self.made.files += 1
        self.made.bytes += found.st_size
        try:
            os.link(entry.name, entry.name, src_dir_fd=source, dst_dir_fd=target,
                    follow_symlinks=False)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EMLINK, errno.EPERM, errno.ENOTSUP):
                raise
            copy(source, entry.name, target, entry.name)

    def database(self, source, name, path):
        """Copy a database with what lies beside it; it is made whole later, nobody waiting."""
        number = str(len(self.made.databases))
        os.mkdir(os.path.join(self.aside, number), 0o700)
        with opened(number, None, self.aside) as target:
            copy(source, name, target, "database")
            for end in BESIDE:
                with contextlib.suppress(FileNotFoundError):
                    copy(source, name + end, target, "database" + end)
        self.made.databases.append(path)


@contextlib.contextmanager
def opened(name, above, folder=None):
    """A folder, opened; a link in its place is refused by the kernel."""
    handle = os.open(os.path.join(folder, name) if folder else name, FOLDER, dir_fd=above)
    try:
        yield handle
    finally:
        os.close(handle)


def same_look(found, handle):
    """Owner, mode and times as they were."""
    os.fchown(handle, found.st_uid, found.st_gid)
    os.fchmod(handle, stat.S_IMODE(found.st_mode))
    os.utime(handle, ns=(found.st_atime_ns, found.st_mtime_ns))


def copy(source, name, target, new):
    """Copy one file, where it cannot be linked or must not be shared."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    with (
        os.fdopen(os.open(name, flags, dir_fd=source), "rb") as before,
        os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600,
                          dir_fd=target), "wb") as after,
    ):
        shutil.copyfileobj(before, after, 1 << 20)
        after.flush()
        same_look(os.fstat(before.fileno()), after.fileno())
