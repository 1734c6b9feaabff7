# SPDX-License-Identifier: AGPL-3.0-or-later
"""The key that signs who somebody is: made once and kept, so that no deploy signs anyone out."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from joserfc.jwk import RSAKey

FILE = Path("/var/lib/canaille/key.json")


def make_if_missing() -> None:
    """Whole or not at all, also when the power fails."""
    if FILE.exists():
        return
    key = RSAKey.generate_key(3072, auto_kid=True).as_dict(private=True)
    handle, temporary = tempfile.mkstemp(dir=FILE.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(key, file)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).replace(FILE)


def read() -> dict[str, str]:
    """The private key, as Canaille takes it."""
    key: dict[str, str] = json.loads(FILE.read_text("utf-8"))
    return key
