# SPDX-License-Identifier: AGPL-3.0-or-later
"""Text that others wrote, made fit for a terminal: nothing in it moves the cursor or turns writing.

What people need stays: letters of every script, marks, and the joiners that Persian, Hindi and
some pictures are written with.
"""

from __future__ import annotations

import unicodedata

_JOINERS = "\u200c\u200d"
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: str) -> str:
    """The text with every character written out that is not seen or does something."""
    return "\n".join(one_line(line) for line in text.split("\n"))


def one_line(text: str) -> str:
    """The same on one line: a line break is written out too."""
    if text.isprintable():
        return text
    return "".join(map(_seen, text))


def _seen(character: str) -> str:
    if character not in _JOINERS and unicodedata.category(character) in _HIDDEN:
        return f"<U+{ord(character):04X}>"
    return character
