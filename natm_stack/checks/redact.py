# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keeps members' passwords out of everything the verifier prints."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

BLOT = "***"
PIECE = 6
"""pytest cuts long texts in the middle, so pieces of a password are blotted out as well."""


class Redactor:
    """Blots out passwords: whole or in part, as they are or as protocols write them."""

    def __init__(self, passwords: Iterable[str]) -> None:
        forms = {form for password in passwords if password for form in _forms(password)}
        self._pieces = {form[i : i + PIECE] for form in forms for i in _starts(form)}
        self._sizes = sorted({len(piece) for piece in self._pieces}, reverse=True)

    def text(self, text: str) -> str:
        """The text with every trace of a password replaced."""
        hidden = bytearray(len(text))
        for size in self._sizes:
            for start in range(len(text) - size + 1):
                if text[start : start + size] in self._pieces:
                    hidden[start : start + size] = b"\1" * size
        return "".join(_shown(text, hidden))

    def value(self, value: Any) -> Any:
        """The same for every text inside a JSON value."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        return value


def _starts(form: str) -> range:
    return range(max(1, len(form) - PIECE + 1))


def _shown(text: str, hidden: bytearray) -> Iterable[str]:
    for place, letter in enumerate(text):
        if not hidden[place]:
            yield letter
        elif place == 0 or not hidden[place - 1]:
            yield BLOT


def _forms(password: str) -> set[str]:
    """The password as it may stand in a log: plain, escaped, or in base64 as sign-ins send it."""
    forms = {password, html.escape(password), quote(password), quote(password, safe="")}
    forms |= {quote_plus(password), json.dumps(password)[1:-1], repr(password)[1:-1]}
    forms.add(password.encode().hex())
    return forms | _base64(password.encode())


def _base64(raw: bytes) -> set[str]:
    """What base64 makes of the bytes wherever they stand in a longer text.

    Three bytes become four letters, so there are three ways to fall; letters that also depend on
    a neighbour are left out.
    """
    forms = set()
    for before in range(3):
        after = (3 - (before + len(raw)) % 3) % 3
        coded = base64.b64encode(b"\0" * before + raw + b"\0" * after).decode()
        core = coded[(before * 8 + 5) // 6 : ((before + len(raw)) * 8) // 6]
        if len(core) >= PIECE:
            forms |= {core, core.replace("+", "-").replace("/", "_")}
    return forms
