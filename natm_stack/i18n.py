# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one door for text that a person reads; English is the source."""

from __future__ import annotations

import gettext
from pathlib import Path

_translation = gettext.translation(
    "natm", localedir=str(Path(__file__).with_name("locale")), fallback=True
)
_ = _translation.gettext
ngettext = _translation.ngettext
