# SPDX-License-Identifier: AGPL-3.0-or-later
"""The deployment rendered to files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    """One file of the bundle; `data` is its plain content, whatever is written to disk."""

    data: bytes
    mode: int = 0o644
    secret: bool = False


@dataclass(frozen=True)
class Bundle:
    """All files of a bundle by their relative path, and a fingerprint for each part.

    `parts` holds `host` and the id of every platform; a fingerprint changes when anything the
    server would get for that part changes. It is keyed, so it tells nothing about secrets.
    """

    files: dict[str, File]
    parts: dict[str, str]
    fingerprints: dict[str, dict[str, str]]
    """For each platform, its files on the server and their keyed fingerprints."""
