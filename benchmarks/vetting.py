# SPDX-License-Identifier: AGPL-3.0-or-later
"""Loading, vetting and listing a thousand entries.

A catalog holds 200 platforms at most, as there are 200 blocks of user ids; a thousand are five.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import yaml

from natm_stack.flows.listing import listing
from natm_stack.load import load_catalog, load_platform
from natm_stack.load_vetting import load_criteria, load_dossier, load_policy
from natm_stack.model.platform import FIRST_UID, UIDS_PER_PLATFORM
from natm_stack.paths import shipped
from natm_stack.vet import Subject, vet

from .measure import Ratio, side_by_side

SAMPLES = ("prosody", "mediawiki", "copyparty", "radicale")
EACH = 200


def make_catalogs(home: Path, count: int) -> list[Path]:
    """Catalogs of entries like the shipped ones, dossiers and all."""
    roots = [home / f"catalog-{n}" for n in range(count // EACH)]
    for number in range(count):
        _entry(roots[number // EACH], number)
    return roots


def _entry(root: Path, number: int) -> None:
    sample = shipped("catalog") / "platforms" / SAMPLES[number % len(SAMPLES)]
    id_ = "bench-" + "".join("abcdefgh"[number // 8**n % 8] for n in range(4))
    folder = root / "platforms" / id_
    before = load_platform(sample).platform
    uid = FIRST_UID + number % EACH * UIDS_PER_PLATFORM
    for name in ("platform.yml", "dossier.yml"):
        text = (sample / name).read_text(encoding="utf-8")
        text = text.replace(f"\nid: {before.id}\n", f"\nid: {id_}\n")
        text = text.replace(f"\nplatform: {before.id}\n", f"\nplatform: {id_}\n")
        for n in range(UIDS_PER_PLATFORM):
            text = text.replace(f"uid: {before.uid + n}", f"uid: {uid + n}")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for image in before.images.values():
        if image.build:
            (folder / image.build).mkdir(parents=True, exist_ok=True)
            (folder / image.build / "Dockerfile").write_text("ARG BASE\n", encoding="utf-8")
    for named in ("proofs.py", "images/web/converse.sha512", "image/requirements.txt",
                  "files/LocalSettings.php.j2"):
        if (sample / named).is_file():
            (folder / named).parent.mkdir(parents=True, exist_ok=True)
            (folder / named).write_text("", encoding="utf-8")


def load_and_vet(roots: list[Path]) -> int:
    """Read every entry and its dossier, and judge it; how many there were."""
    criteria = load_criteria(shipped("catalog") / "criteria.yml")
    policy = load_policy(shipped("catalog") / "policies" / "careful.yml", criteria).policy
    count = 0
    for root in roots:
        (root / "images").mkdir(exist_ok=True)
        for entry in load_catalog(root).entries.values():
            loaded = load_dossier(entry, criteria)
            subject = Subject(entry.platform.id, entry.platform.version, date(2026, 11, 24))
            vet(criteria, policy, loaded.dossier if loaded else None, subject)
            count += 1
    return count


def parse_only(roots: list[Path]) -> None:
    """What PyYAML's parser in C needs for the same files, nothing checked."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for root in roots:
        for file in root.glob("platforms/*/*.yml"):
            yaml.load(file.read_bytes(), Loader=loader)  # noqa: S506


def thousand(home: Path) -> list[Ratio]:
    """A thousand entries against plain parsing, and against two hundred: is it linear?"""
    roots = make_catalogs(home, 1000)
    if load_and_vet(roots) != 1000:
        raise RuntimeError("some entries were not loaded")
    return [
        side_by_side("load and vet 1,000 entries against plain YAML parsing of the same files",
                     lambda: load_and_vet(roots), lambda: parse_only(roots), rounds=3, aim=2.0),
        side_by_side("load and vet 1,000 entries against 200, which is a fifth",
                     lambda: load_and_vet(roots), lambda: load_and_vet(roots[:1]), rounds=3,
                     aim=5.5),
    ]


def list_many(home: Path) -> Ratio:
    """`natm catalog list` with a full catalog on top, against Python doing nothing."""
    (root,) = make_catalogs(home / "list", EACH)
    for clash in root.glob("platforms/*/platform.yml"):
        text = clash.read_text(encoding="utf-8").splitlines()
        if any(f"uid: {FIRST_UID + n}" in text for n in range(0, 100, UIDS_PER_PLATFORM)):
            clash.unlink()
    env = {**os.environ, "XDG_CACHE_HOME": str(home / "cache")}
    words = [sys.executable, "-m", "natm_stack", "--catalog", str(root), "catalog", "list"]
    listing((root,))
    return side_by_side(
        "`natm catalog list`, nearly 200 entries, kept from before, against `python -c pass`",
        lambda: subprocess.run(words, env=env, capture_output=True, check=True),
        lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), rounds=7, aim=10)
