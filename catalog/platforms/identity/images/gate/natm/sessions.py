# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sessions on disk: one small file each, named by a hash, so that a copy signs in nobody."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import tempfile
from dataclasses import asdict
from pathlib import Path

from identity import Session

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class Sessions:
    """All sessions of this gate."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Session] = {}

    def begin(self, session: Session) -> str:
        """Keep a session; what comes back is the browser's only key to it."""
        token = secrets.token_urlsafe(32)
        handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=".new-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(session), file)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(self._file(token))
        self._known[token] = session
        return token

    def find(self, token: str | None) -> Session | None:
        """The session with this key, if there is one."""
        if not token or not TOKEN.fullmatch(token):
            return None
        if token not in self._known:
            try:
                told = json.loads(self._file(token).read_text("utf-8"))
                self._known[token] = Session(**told)
            except (FileNotFoundError, ValueError, TypeError):
                return None
        return self._known[token]

    def end(self, token: str) -> None:
        """Gone, here and on disk."""
        self._known.pop(token, None)
        self._file(token).unlink(missing_ok=True)

    def sweep(self, now: int) -> None:
        """Away with what is over, and with what a start cut short left behind."""
        self._known = {token: one for token, one in self._known.items() if now < one.ends}
        for file in self._folder.iterdir():
            if not self._lives(file, now):
                file.unlink(missing_ok=True)

    @staticmethod
    def _lives(file: Path, now: int) -> bool:
        try:
            return file.suffix == ".json" and json.loads(file.read_text("utf-8"))["ends"] > now
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def _file(self, token: str) -> Path:
        return self._folder / f"{hashlib.sha256(token.encode()).hexdigest()}.json"
