# SPDX-License-Identifier: AGPL-3.0-or-later
"""catalog: what there is, one entry in full, a new entry, and whether entries are sound."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

from ..errors import NatmError
from ..i18n import _
from ..load import Catalog, CatalogEntry, load_catalog, load_platform, tree_digest
from ..load_ladder import ladder_of
from ..load_vetting import load_criteria, load_refused, read_dossier
from ..model.base import months_later, text_in
from ..model.criteria import Criteria
from ..model.dossier import Dossier, moved_without_evidence
from ..model.platform import FIRST_UID, UIDS_PER_PLATFORM, Platform
from ..model.results import Told
from ..paths import shipped
from ..plaintext import one_line
from .dossiers import dossier_told
from .ladder import ladder_told, the_ladder
from .refused import show_refused
from .vet import Vetting

WANTED = ("compose.yml.j2", "proofs.py", "README.md", "CHANGES.md", "dossier.yml")


def entries(layers: tuple[Path, ...]) -> Catalog:
    """The shipped catalog with layers on top; of those, only YAML is read."""
    return load_catalog(shipped("catalog"), [(folder, False) for folder in layers])


def show_entry(vetting: Vetting, id_: str) -> Told:
    """Everything platform.yml and the dossier say that a chooser wants to know."""
    catalog = vetting.catalog
    if id_ in catalog.refused:
        return show_refused(vetting, catalog.refused[id_])
    entry = catalog.entry(id_)
    dossier = dossier_told(vetting, entry)
    ladder = ladder_told(entry)
    values = {**entry.platform.model_dump(mode="json"), "ladder": ladder.values,
              "dossier": dossier.values or None}
    return Told((*_entry_lines(entry), *ladder.lines, *dossier.lines), values)


def _entry_lines(entry: CatalogEntry) -> list[str]:
    one = entry.platform
    lines = [f"{one.name} ({one.id}) {one.version}", f"  {text_in(one.summary, 'en')}", "",
             _("  category: {c}").format(c=one.category),
             _("  licence:  {licence}").format(licence=one.licence),
             _("  homepage: {h}").format(h=one.homepage),
             _("  needs:    {m} MB memory, {d} MB disk").format(
                 m=one.needs.memory_mb, d=one.needs.disk_mb)]
    lines += [_("  address:  {name}.DOMAIN").format(name=r.name) if r.name else
              _("  address:  DOMAIN") for r in one.routes]
    lines += [_("  port:     {port}/{protocol}: {why}").format(
        port=p.publish, protocol=p.protocol, why=p.purpose) for p in one.ports]
    lines += [_("  setting:  {key} = {default}: {text}").format(
        key=key, default=s.default, text=text_in(s.description, "en"))
        for key, s in one.settings.items()]
    lines += [_("  exception: {service} {rule}: {reason}").format(
        service=name, rule=e.rule, reason=e.reason)
        for name, s in one.services.items() for e in s.exceptions]
    lines += [_("  outside:  {host}:{port}: {why}").format(host=e.host, port=e.port, why=e.reason)
              for e in one.egress]
    lines += [_("  outside:  the community's mail server, if it has one: {why}").format(
        why=one.mail.reason)] if one.mail else []
    if not (one.egress or one.mail):
        lines.append(_("  outside:  needs no connection to anyone else"))
    if not entry.trusted:
        lines.append(_("  not trusted yet: only its YAML was read"))
    return [one_line(line) for line in lines]


def schema() -> Told:
    """The JSON Schema of platform.yml, for editors."""
    value = Platform.model_json_schema()
    return Told((json.dumps(value, indent=2),), value)


def new_entry(root: Path, id_: str, category: str) -> Told:
    """Copy the template for a new platform, with the next free block of user ids."""
    folder = root / "platforms" / id_
    if folder.exists():
        raise NatmError(_("there is a platform {id} already").format(id=id_),
                        code="catalog.exists", where=str(folder))
    uid = _free_uid(root)
    marks = [("TEMPLATE_ID", id_), ("TEMPLATE_CATEGORY", category), ("TEMPLATE_UID", str(uid)),
             ("TEMPLATE_TODAY", date.today().isoformat()),
             ("TEMPLATE_EXPIRY", months_later(date.today(), 6).isoformat())]
    shutil.copytree(shipped("catalog") / "platforms" / "_template", folder)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            for mark, value in marks:
                text = text.replace(mark, value)
            path.write_text(text, encoding="utf-8")
    try:
        load_platform(folder)
    except NatmError:
        shutil.rmtree(folder)
        raise
    return Told((_("{folder} is made").format(folder=folder),
                 _("fill it in, then `natm catalog lint {folder}`").format(folder=folder)),
                {"folder": str(folder), "uid": uid})


def _free_uid(root: Path) -> int:
    taken = {e.platform.uid for e in load_catalog(shipped("catalog")).entries.values()}
    for file in (root / "platforms").glob("*/platform.yml"):
        if not file.parent.name.startswith("_"):
            taken.add(load_platform(file.parent).platform.uid)
    uid = FIRST_UID + 10 * UIDS_PER_PLATFORM
    while uid in taken:
        uid += UIDS_PER_PLATFORM
    return uid


def lint(folders: tuple[Path, ...], before: Path | None = None) -> Told:
    """Look at platform folders, reading only YAML and names of files."""
    criteria = load_criteria(shipped("catalog") / "criteria.yml")
    problems = [problem for folder in folders
                for problem in [*_problems(folder), *_dossier_problems(folder, criteria, before)]]
    lines = problems or [_("{n} platform(s), nothing to mend").format(n=len(folders))]
    return Told(tuple(lines), {"problems": problems}, good=not problems)


def _problems(folder: Path) -> list[str]:
    if folder.parent.name == "refused":
        return [_("{folder}: {name} has no place here: what is refused has a dossier alone").format(
            folder=folder, name=path.name) for path in sorted(folder.iterdir())
            if path.name not in ("dossier.yml", "measurements")]
    try:
        entry = load_platform(folder)
        platform = entry.platform
        ladder_of(entry, the_ladder())
    except NatmError as error:
        return [str(error)]
    found = [_("{folder}: {name} is missing").format(folder=folder, name=name)
             for name in WANTED if not (folder / name).is_file()
             and not (name == "proofs.py" and platform.carries_proofs)]
    if platform.audience == "members" and platform.members is None and platform.sign_in:
        found.append(_("{folder}: it has accounts but no `members`").format(folder=folder))
    for name, volume in platform.volumes.items():
        if volume.mode[-1] != "0":
            found.append(_("{folder}: volume {name} is open to everyone").format(
                folder=folder, name=name))
    return found


def _dossier_in(folder: Path, criteria: Criteria) -> Dossier:
    if folder.parent.name == "refused":
        return load_refused(folder, criteria)[0].dossier
    return read_dossier(folder / "dossier.yml", criteria, platform=folder.name).dossier


def _dossier_problems(folder: Path, criteria: Criteria, before: Path | None) -> list[str]:
    file = folder / "dossier.yml"
    if not file.exists() and folder.parent.name != "refused":
        return []
    try:
        dossier = _dossier_in(folder, criteria)
        earlier = before and before / folder.parent.name / folder.name / "dossier.yml"
        if not earlier or not earlier.exists():
            return []
        old = read_dossier(earlier, criteria, platform=folder.name).dossier
    except NatmError as error:
        return [str(error)]
    if moved_without_evidence(old, dossier):
        return [_("{file}: expires_on moved from {before} to {after} without new evidence").format(
            file=file, before=old.expires_on, after=dossier.expires_on)]
    return []


def digest_of(folder: Path) -> str:
    """What a catalog folder's content hashes to; `NatmError` where there is no such folder."""
    if not (folder / "platforms").is_dir():
        raise NatmError(_("there is no catalog in {folder}").format(folder=folder),
                        code="catalog.missing", where=str(folder))
    return tree_digest(folder)
