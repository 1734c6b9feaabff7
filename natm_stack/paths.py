# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where natm's own catalog and roles are: in the wheel, or in the checkout it runs from."""

from __future__ import annotations

from pathlib import Path

from .errors import NatmError
from .i18n import _

_PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """The folder `catalog`, `roles` or `inventories` that came with natm."""
    for folder in (_PACKAGE / "shipped" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise NatmError(
        _("natm's own folder {name} is missing").format(name=name),
        code="install.incomplete", hint=_("install natm-stack again"),
    )


def package_folder(name: str) -> Path:
    """A folder inside the Python package."""
    return _PACKAGE / name
