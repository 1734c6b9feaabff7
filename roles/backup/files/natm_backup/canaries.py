# SPDX-License-Identifier: AGPL-3.0-or-later
"""Canaries: what is known of the content, so that after a restore it can be seen to be back.

Of each folder: how many files and bytes, and of some two dozen files, the same whenever they are
there, a hash of their content, their size, owner and mode. Of each dump: a hash of what it says.
"""

import hashlib
import heapq
import os
import stat

MANY = 24
LARGEST = 8 << 20
COMMENTS = (b"--", b"/*", b"#")


def sample(folder):
    """The canaries of a folder."""
    files = total = 0
    chosen: list = []
    for path, found in walk(folder):
        files += 1
        if not stat.S_ISREG(found.st_mode):
            continue
        total += found.st_size
        if found.st_size <= LARGEST:
            # The lowest hashes of names: spread over all folders, and the same every time.
            rank = int.from_bytes(hashlib.sha256(os.fsencode(path)).digest()[:8], "big")
            heapq.heappush(chosen, (-rank, path))
            if len(chosen) > MANY:
                heapq.heappop(chosen)
    return {"files": files, "bytes": total, "sample": {
        printable(path): fingerprint(folder, path) for _rank, path in sorted(chosen)}}


def printable(path):
    """A file's name as JSON can hold it, whatever its bytes are."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def walk(folder):
    """Every file and link below a folder with what the system knows of it; none is followed."""
    for above, folders, names in os.walk(folder, followlinks=False):
        links = [name for name in folders if os.path.islink(os.path.join(above, name))]
        for name in sorted([*names, *links]):
            whole = os.path.join(above, name)
            yield os.path.relpath(whole, folder), os.lstat(whole)


def fingerprint(folder, path):
    """What is compared of one file."""
    handle = os.open(os.path.join(folder, path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as stream:
        found = os.fstat(stream.fileno())
        digest = hashlib.sha256()
        while part := stream.read(1 << 20):
            digest.update(part)
    # That a file runs as its owner is never brought back.
    mode = stat.S_IMODE(found.st_mode) & ~(stat.S_ISUID | stat.S_ISGID)
    return [digest.hexdigest(), found.st_size, found.st_uid, mode]


def of_dump(path):
    """The canary of a dump: its bytes, its lines, and a hash of all but what is said in passing."""
    digest, lines = hashlib.sha256(), 0
    with open(path, "rb") as stream:
        for line in stream:
            if not line.startswith(COMMENTS):
                digest.update(line)
                lines += 1
    return {"bytes": os.path.getsize(path), "lines": lines, "says": digest.hexdigest()}


def differences(wanted, found):
    """In what two folders' canaries differ, in a few words each; nothing where they are equal."""
    told = [f"{name}: {wanted[name]} -> {found[name]}" for name in ("files", "bytes")
            if wanted[name] != found[name]]
    told += [f"{path} differs" for path, known in wanted["sample"].items()
             if found["sample"].get(path) != known]
    return told
