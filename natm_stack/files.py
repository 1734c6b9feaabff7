# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one gate to this computer's disk: whole files, never half of one."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path

from .errors import NatmError
from .i18n import _
from .model.bundle import Bundle
from .model.secret import Secrets
from .vault import encrypt

MARK = ".natm-bundle.json"


def write(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Replace a file in one step; `NatmError` where the disk refuses."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".natm-")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(name).chmod(mode)
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise NatmError(
            _("cannot write {path}: {why}").format(path=path, why=error.strerror),
            code="file.unwritable", where=str(path),
        ) from error


def read_text(path: Path) -> str | None:
    """A file's text, or None where there is no such file."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise NatmError(
            _("cannot read {path}: {why}").format(path=path, why=error),
            code="file.unreadable", where=str(path)) from error


def write_bundle(bundle: Bundle, folder: Path, secrets: Secrets) -> int:
    """Write the bundle, secret files as whole vault files; return how many files were written.

    What is as it was stays untouched, and what the bundle no longer has is removed.
    """
    marked = folder / MARK
    if folder.exists() and any(folder.iterdir()) and not marked.exists():
        raise NatmError(
            _("{folder} holds files that natm did not write").format(folder=folder),
            code="bundle.foreign", where=str(folder),
            hint=_("move them away; this folder is generated and must be natm's alone"),
        )
    before = _written_before(marked)
    now = {path: f"{file.mode:o} {file.secret} {secrets.fingerprint(file.data)}"
           for path, file in bundle.files.items()}
    changed = [path for path, print_ in now.items()
               if before.get(path) != print_ or not (folder / path).is_file()]
    write(marked, b"{}", 0o600)
    _remove_stale(folder, set(now))
    for path in changed:
        file = bundle.files[path]
        data = encrypt(file.data, secrets) if file.secret else file.data
        write(folder / path, data, 0o600 if file.secret else 0o644 | (file.mode & 0o111))
    write(marked, json.dumps(now, indent=0, sort_keys=True).encode(), 0o600)
    return len(changed)


def _written_before(marked: Path) -> dict[str, str]:
    """What the last run wrote; a mark that cannot be read only means that all is written again."""
    with contextlib.suppress(ValueError):
        before = json.loads(read_text(marked) or "{}")
        if isinstance(before, dict):
            return before
    return {}


def _remove_stale(folder: Path, kept: set[str]) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        relative = path.relative_to(folder).as_posix()
        if path.is_dir() and not path.is_symlink():
            with contextlib.suppress(OSError):
                path.rmdir()
        elif relative not in kept and relative != MARK:
            path.unlink()


def remove_tree(folder: Path) -> None:
    """Remove a folder natm made, if it is there."""
    if folder.exists():
        shutil.rmtree(folder)
