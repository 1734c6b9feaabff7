# SPDX-License-Identifier: AGPL-3.0-or-later
"""State on disk: small JSON files, written whole or not at all, behind one lock.

The service and the members program share the files, so whoever changes one holds the lock and
reads it anew first.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

Seen = tuple[int, int, int] | None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Nobody else changes the state meanwhile."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write(path: Path, value: Any) -> None:
    """Replace a file in one step; whoever reads sees the old one or the new one."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(value, stream, ensure_ascii=False)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            fresh.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def seen(path: Path) -> Seen:
    """What tells one version of a file from the next, or None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


class Kept:
    """One JSON object on disk, read again whenever somebody else has written it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: Seen = None
        self._value: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        """The object as it is now; callers that change it do so in `changed`."""
        now = seen(self.path)
        if now != self._seen:
            self._value = json.loads(self.path.read_text("utf-8")) if now else {}
            self._seen = now
        return self._value

    @contextmanager
    def changed(self) -> Iterator[dict[str, Any]]:
        """The object to change, under the lock; written at the end, unless that fails."""
        with locked(self.path.parent):
            value = json.loads(json.dumps(self.read()))
            before = json.dumps(value)
            yield value
            if json.dumps(value) != before:
                write(self.path, value)


def key(folder: Path) -> bytes:
    """The installation's own key, made at the first start."""
    path = folder / "key"
    with locked(folder):
        if not path.exists():
            write(path, secrets.token_hex(32))
        return bytes.fromhex(json.loads(path.read_text("utf-8")))
