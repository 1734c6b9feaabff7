# SPDX-License-Identifier: AGPL-3.0-or-later
"""Catalogs with really older versions of platforms, to be upgraded from in tests.

Each is the shipped folder with a few words changed: the same recipe on an earlier Debian, or with
an earlier lock. So what is upgraded from is the real program with real data of that time.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from ..paths import shipped

Change = tuple[str, str, str]
"""A file of the platform's folder, the words that stand in it now, and those that stood there."""

OLDER: dict[str, tuple[str, tuple[Change, ...]]] = {
    "copyparty": ("1.20-early", (
        ("image/requirements.txt",
         "copyparty==1.20.26 "
         "--hash=sha256:7e51a2576699c089fe6ad74dfd59db02575eb4211af8870372b10a63caf611cb",
         "copyparty==1.20.22 "
         "--hash=sha256:dbe2d5994a6c6a6025f810d470a00f5895e05beb6c1f6d4ea809f8c39e33bdfa"),)),
    "radicale": ("3.1", (("platform.yml", "    build: image\n",
                          "    build: image\n    base: debian-12\n"),
                         # Settings that it did not know yet.
                         ("files/radicale.conf.j2", "htpasswd_cache = True\n", ""),
                         ("files/radicale.conf.j2", "cache_logins = False\n", ""),
                         ("files/radicale.conf.j2", "lc_username = True\n", ""),
                         ("files/radicale.conf.j2", "predefined_collections =", "#"))),
}
"""Platforms with the version before, and what was otherwise then."""


def older_catalog(folder: Path, ids: Iterable[str]) -> Path:
    """A catalog that holds the version before of some platforms; `ValueError` where the shipped
    folder has moved on, so that nothing would be older in it."""
    for id_ in ids:
        version, changes = OLDER[id_]
        own = folder / "platforms" / id_
        shutil.copytree(shipped("catalog") / "platforms" / id_, own)
        now = next(line for line in (own / "platform.yml").read_text().splitlines()
                   if line.startswith("version: "))
        for name, there, before in (("platform.yml", now, f'version: "{version}"'), *changes):
            text = (own / name).read_text(encoding="utf-8")
            if there not in text:
                raise ValueError(f"{id_}/{name} no longer says: {there}")
            (own / name).write_text(text.replace(there, before), encoding="utf-8")
    return folder
