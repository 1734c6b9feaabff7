# SPDX-License-Identifier: AGPL-3.0-or-later
"""What `catalog list` shows, at once: read before and kept, as long as no file has changed.

Reading and checking a thousand entries takes seconds. What was found is kept in the person's own
cache, with size and times of every file it came from; one change, and all is read again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import NatmError
from ..i18n import _
from ..paths import shipped

Listing = dict[str, Any]


def listing(layers: tuple[Path, ...]) -> Listing:
    """Platforms and kits of the shipped catalog with layers on top, as plain values."""
    roots = [shipped("catalog"), *layers]
    seen = _seen(roots)
    file = _cache_file(roots)
    kept = _kept(file)
    if kept is not None and kept.get("seen") == seen:
        found: Listing = kept["listing"]
        return found
    made = _read(roots)
    _keep(file, {"seen": seen, "listing": made})
    return made


def refused(found: Listing, category: str | None) -> list[Listing]:
    """What the catalog does not offer, of a category."""
    return [p for p in found["refused"] if category in (None, p["category"])]


def matching(found: Listing, category: str | None, instead_of: str | None) -> list[Listing]:
    """The platforms of a category, and those that people come to from somewhere else."""
    word = (instead_of or "").strip().lower().replace(" ", "-")
    return [p for p in found["platforms"]
            if category in (None, p["category"]) and (not word or word in p["instead_of"])]


def in_short(standing: dict[str, Any]) -> str:
    """The same for a list: which rungs are proven, by name, and since when."""
    if standing["only_rendered"]:
        return _("only rendered, never run")
    proven = [r for r in standing["rungs"].values() if r["state"] == "proven"]
    failed = [r["says"] for r in standing["rungs"].values() if r["state"] == "failed"]
    words = ", ".join(r["says"] for r in proven)
    if proven:
        words += f" ({max(r['on'] for r in proven)})"
    if failed:
        words += _("; failed: {names}").format(names=", ".join(failed))
    return words or _("no record of a run yet")


def _seen(roots: list[Path]) -> list[Any]:
    """Everything a change of any file would change."""
    seen: list[Any] = [__version__, _stamp(str(roots[0] / "ladder.yml"))]
    for root in roots:
        for folder, name in ((root / "platforms", "platform.yml"), (root / "kits", ""),
                             (root / "refused", "dossier.yml")):
            with contextlib.suppress(OSError):
                for entry in sorted(os.scandir(folder), key=lambda e: e.name):
                    seen.append(_stamp(f"{entry.path}/{name}" if name else entry.path))
                    seen += _records(entry.path) if name == "platform.yml" else []
    return seen


def _records(folder: str) -> list[Any]:
    """What says how a platform stands: its records, and the recipes they are compared with."""
    try:
        records = sorted(e.path for e in os.scandir(f"{folder}/measurements"))
    except OSError:
        return []
    recipes = [os.path.join(at, name) for at, _folders, names in os.walk(f"{folder}")  # noqa: PTH118
               if "/image" in at[len(folder):] for name in sorted(names)]
    return [_stamp(path) for path in (*records, *recipes)]


def _stamp(path: str) -> list[Any]:
    try:
        at = os.stat(path)  # noqa: PTH116  a thousand of them, at once
    except OSError:
        return [path]
    return [path, at.st_size, at.st_mtime_ns, at.st_ctime_ns, at.st_ino]


def _cache_file(roots: list[Path]) -> Path:
    own = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(own) if own.startswith("/") else Path.home() / ".cache"
    key = hashlib.sha256("\0".join(str(root.resolve()) for root in roots).encode()).hexdigest()
    return base / "natm" / f"listing-{key[:16]}.json"


def _kept(file: Path) -> dict[str, Any] | None:
    """What was kept; anything odd about it only means that all is read again."""
    with contextlib.suppress(OSError, ValueError):
        value = json.loads(file.read_bytes())
        if isinstance(value, dict) and isinstance(value.get("listing"), dict):
            return value
    return None


def _keep(file: Path, value: dict[str, Any]) -> None:
    from ..files import write

    # Without a place to keep it, the next time is as slow as this one, and as right.
    with contextlib.suppress(NatmError):
        write(file, json.dumps(value).encode(), 0o600)


def _read(roots: list[Path]) -> Listing:
    from ..load import load_catalog
    from .ladder import ladder_values, the_ladder
    from .refused import refused_values

    catalog = load_catalog(roots[0], [(root, False) for root in roots[1:]])
    ladder = the_ladder()
    return {
        "platforms": [
            {"id": p.id, "category": p.category, "version": p.version, "summary": p.summary,
             "instead_of": p.instead_of, "ladder": ladder_values(entry, ladder)}
            for entry in catalog.entries.values() for p in (entry.platform,)],
        "kits": {k.name: {"platforms": k.platforms, "for": k.audience, "because": k.because}
                 for k in catalog.kits.values()},
        "refused": refused_values(catalog.refused)}
