# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one door for text that a person reads; English is the source."""

from __future__ import annotations

import gettext
import os
from pathlib import Path
from typing import Any

_translation = gettext.translation(
    "natm", localedir=str(Path(__file__).with_name("locale")), fallback=True
)
_ = _translation.gettext
ngettext = _translation.ngettext


def spoken_language() -> str:
    """The language of this computer, as far as it says; English where it does not."""
    told = next((os.environ[key] for key in ("LC_ALL", "LC_MESSAGES", "LANG")
                 if os.environ.get(key)), "")
    language = told.partition(".")[0].partition("_")[0]
    return language if language.isalpha() and language != "C" else "en"


def spoken(words: dict[str, Any]) -> str:
    """Words that one of natm's small programs on the server sent: `{"text", "values"}`."""
    return _translation.gettext(words["text"]).format(**words["values"])
