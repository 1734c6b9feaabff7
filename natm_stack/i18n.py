# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one door for text that a person reads; English is the source."""

from __future__ import annotations

import gettext
from pathlib import Path
from typing import Any

_translation = gettext.translation(
    "natm", localedir=str(Path(__file__).with_name("locale")), fallback=True
)
_ = _translation.gettext
ngettext = _translation.ngettext


def spoken(words: dict[str, Any]) -> str:
    """Words that one of natm's small programs on the server sent: `{"text", "values"}`."""
    return _translation.gettext(words["text"]).format(**words["values"])
