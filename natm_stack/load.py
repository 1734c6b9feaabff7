# SPDX-License-Identifier: AGPL-3.0-or-later
"""The first arrow: files that people wrote become models, or an error with file and line."""

from __future__ import annotations

import difflib
import hashlib
import stat
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from .errors import NatmError, Place
from .i18n import _
from .model.base import FileModel
from .model.platform import Platform
from .model.stack import Kit, ServerSpec, Stack
from .yamlfile import Document, parse, read

M = TypeVar("M", bound=FileModel)
MOST_BYTES = 32 * 2**20
"""Of one file in a catalog."""


@dataclass(frozen=True)
class CatalogEntry:
    """One platform's folder, read."""

    platform: Platform
    folder: Path
    document: Document
    trusted: bool
    recipes: dict[str, str]
    """Digest of each build recipe's folder, by the image's name."""


@dataclass(frozen=True)
class Catalog:
    """Platforms and kits of all layers; a later layer's entry stands over an earlier one's."""

    entries: dict[str, CatalogEntry]
    kits: dict[str, Kit]
    images: Path
    base_digest: str
    refused: dict[str, Path] = field(default_factory=dict)
    """Folders of those that the catalog does not offer, and tells why, by id."""

    def entry(self, id_: str, where: Place | None = None) -> CatalogEntry:
        """The entry of this id; `NatmError` suggests the nearest name where there is none."""
        if id_ in self.entries:
            return self.entries[id_]
        if id_ in self.refused:
            raise NatmError(
                _("the catalog refuses {id}").format(id=id_), code="catalog.refused", where=where,
                hint=_("`natm catalog show {id}` tells why, what would change it, and what there "
                       "is instead").format(id=id_))
        raise NatmError(
            _("the catalog has no platform called {id}").format(id=id_),
            code="stack.unknown-platform", where=where,
            hint=suggestion(id_, (*self.entries, *self.refused)),
        )


@dataclass(frozen=True)
class LoadedStack:
    """A stack and the document it was read from, for places in later errors."""

    stack: Stack
    document: Document
    overrides: dict[str, Path] = field(default_factory=dict)
    """Compose files of the community's own, by platform: overrides/ID/compose.yml."""

    @property
    def folder(self) -> Path:
        """The workspace."""
        return self.document.file.parent


def suggestion(word: str, known: Any) -> str:
    """A hint that names the word probably meant."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    listing = _("`natm catalog list` shows all.")
    if near:
        return _('did you mean "{word}"? ').format(word=near[0]) + listing
    return listing


def load_stack(file: Path) -> LoadedStack:
    """Read stack.yml and overrides/; `NatmError` points at the line that is wrong."""
    loaded = _stack(read(file))
    return replace(loaded, overrides=_overrides(file.parent / "overrides"))


def _overrides(folder: Path) -> dict[str, Path]:
    """What a community changes in platforms' Compose files; each is looked at for its form only."""
    found = {}
    for own in sorted(folder.iterdir()) if folder.is_dir() else []:
        document = read(own / "compose.yml")
        if not isinstance(document.value, dict) or not document.value:
            raise NatmError(
                _("an override is a Compose file, for instance services: {web: {cpus: 0.5}}"),
                code="overrides.form", where=document.place())
        found[own.name] = document.file
    return found


def stack_from(text: str, file: Path) -> LoadedStack:
    """The stack that `file` would hold with this text in it."""
    return _stack(parse(text, file))


def server_from(values: dict[str, Any], named_by: str) -> ServerSpec:
    """A server that was named in another way than by stack.yml."""
    return validated(Document(Path(named_by), values), ServerSpec, "stack")


def _stack(document: Document) -> LoadedStack:
    return LoadedStack(validated(document, Stack, "stack"), document)


def load_platform(folder: Path, *, trusted: bool = True) -> CatalogEntry:
    """Read one platform's folder; only its YAML is looked at."""
    _refuse_disguise(folder)
    document = read(folder / "platform.yml")
    platform = validated(document, Platform, "catalog")
    if platform.id != folder.name:
        raise NatmError(
            _("the platform calls itself {id}, but its folder is {folder}").format(
                id=platform.id, folder=folder.name),
            code="catalog.wrong-folder", where=document.place("id"),
        )
    return CatalogEntry(platform, folder, document, trusted, _recipes(platform, folder, document))


def _recipes(platform: Platform, folder: Path, document: Document) -> dict[str, str]:
    recipes = {}
    for name, image in platform.images.items():
        if image.build is None:
            continue
        if not (folder / image.build / "Dockerfile").is_file():
            raise NatmError(
                _("the recipe {path} is missing").format(path=f"{image.build}/Dockerfile"),
                code="catalog.no-recipe", where=document.place("images", name, "build"),
            )
        recipes[name] = tree_digest(folder / image.build)
    return recipes


def load_catalog(shipped: Path, layers: list[tuple[Path, bool]] | None = None) -> Catalog:
    """Read the shipped catalog and the layers on top, given as (folder, trusted)."""
    entries: dict[str, CatalogEntry] = {}
    kits: dict[str, Kit] = {}
    refused: dict[str, Path] = {}
    for root, trusted in [(shipped, True), *(layers or [])]:
        _require_folder(root)
        for folder in _platform_folders(root):
            entries[folder.name] = load_platform(folder, trusted=trusted)
            # Who brings a platform of their own has decided for themselves.
            refused.pop(folder.name, None)
        refused |= {folder.name: folder for folder in _refused_folders(root, entries)}
        for file in sorted((root / "kits").glob("*.yml")):
            kit = validated(read(file), Kit, "catalog")
            kits[kit.name] = kit
    _require_own_names({id_: e.folder / "platform.yml" for id_, e in entries.items()} | refused)
    _require_own_blocks(entries)
    return Catalog(entries, kits, shipped / "images", tree_digest(shipped / "images"), refused)


def tree_digest(folder: Path) -> str:
    """A digest of all that a catalog folder contains: names, modes and bytes."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise NatmError(
                _("a catalog holds files and folders, no links: what they lead to can change"),
                code="catalog.symlink", where=str(path), hint=_("put the file itself there"))
        if "__pycache__" in path.relative_to(folder).parts or path.is_dir():
            continue
        content = _content(path)
        executable = bool(path.lstat().st_mode & stat.S_IXUSR)
        head = f"{path.relative_to(folder)}\0{executable}\0{len(content)}\0"
        digest.update(head.encode() + content)
    return f"sha256:{digest.hexdigest()}"


def _content(path: Path) -> bytes:
    """A catalog's file: a real one, and of a size that a server can be sent."""
    at = path.lstat()
    if not stat.S_ISREG(at.st_mode) or at.st_size > MOST_BYTES:
        raise NatmError(
            _("this is no file that belongs in a catalog: a pipe, a device, or larger than "
              "{n} MiB").format(n=MOST_BYTES // 2**20),
            code="catalog.bad-file", where=str(path))
    return path.read_bytes()


def _platform_folders(root: Path) -> list[Path]:
    folders = sorted(p.parent for p in (root / "platforms").glob("*/platform.yml")
                     if not p.parent.name.startswith("_"))
    for folder in folders:
        _refuse_disguise(folder)
    return folders


def _refused_folders(root: Path, entries: dict[str, CatalogEntry]) -> list[Path]:
    folders = sorted(p.parent for p in (root / "refused").glob("*/dossier.yml"))
    for folder in folders:
        _refuse_disguise(folder)
        if folder.name in entries:
            raise NatmError(
                _("{id} is offered and refused at once").format(id=folder.name),
                code="catalog.refused-twice", where=str(folder),
                hint=_("a community refuses what a catalog offers with `natm decide`"))
    return folders


def _refuse_disguise(folder: Path) -> None:
    """An entry is a folder of its own with a plain name: no link, no letters of another script."""
    for path in (folder, folder / "platform.yml", folder / "dossier.yml"):
        if path.is_symlink():
            raise NatmError(
                _("a catalog holds files and folders, no links: what they lead to can change"),
                code="catalog.symlink", where=str(path), hint=_("put the file itself there"))
    if not folder.name.isascii():
        raise NatmError(
            _("the name {name} has letters that look like others").format(
                name=ascii(folder.name)),
            code="catalog.lookalike", where=str(folder),
            hint=_("an id has the letters a to z, digits and hyphens"))


_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "-": ""})


def _looks_like(id_: str) -> str:
    """What an id looks like at a glance: ids that come out the same can be mistaken."""
    return id_.translate(_ALIKE).replace("rn", "m").replace("vv", "w")


def _require_own_names(files: dict[str, Path]) -> None:
    """Nobody should take one platform for another by its id."""
    seen: dict[str, str] = {}
    for id_, file in files.items():
        other = seen.setdefault(_looks_like(id_), id_)
        if other != id_:
            raise NatmError(
                _("{one} and {two} look alike").format(one=other, two=id_),
                code="catalog.lookalike", where=str(file),
                hint=_("give one of them a name nobody can mistake"))


def _require_folder(root: Path) -> None:
    if not root.is_dir():
        raise NatmError(
            _("there is no catalog folder {folder}").format(folder=root),
            code="catalog.missing", where=str(root),
        )


def _require_own_blocks(entries: dict[str, CatalogEntry]) -> None:
    """User ids and network addresses follow from `uid`, so no two platforms may share it."""
    owner: dict[int, str] = {}
    for entry in entries.values():
        other = owner.setdefault(entry.platform.uid, entry.platform.id)
        if other != entry.platform.id:
            raise NatmError(
                _("{one} and {two} have the same uid block {uid}").format(
                    one=other, two=entry.platform.id, uid=entry.platform.uid),
                code="catalog.uid-taken", where=entry.document.place("uid"),
                hint=_("choose the next multiple of ten that no platform has"),
            )


def validated(document: Document, model: type[M], area: str) -> M:
    """The document as this model; `NatmError` points at the first line that does not fit."""
    if not isinstance(document.value, dict):
        raise NatmError(
            _("this file should hold keys and values, and holds none"),
            code=f"{area}.invalid", where=document.place(),
        )
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        raise _pointed(error, document, model, area) from error


def _pointed(
    error: ValidationError, document: Document, model: type[FileModel], area: str
) -> NatmError:
    """The first thing that is wrong, with its line; the number of the others in the hint."""
    # A misspelt key makes the right one missing: the key that is there is the one to show.
    problems = sorted(error.errors(include_url=False, include_context=True),
                      key=lambda problem: problem["type"] != "extra_forbidden")
    first = problems[0]
    path = tuple(part for part in first["loc"] if part != "[key]")
    words = ".".join(str(part) for part in path) or _("this file")
    hint = _hint_for(first, path, model)
    if len(problems) > 1:
        more = _("{n} more thing(s) in this file need mending too").format(n=len(problems) - 1)
        hint = f"{hint}; {more}" if hint else more
    return NatmError(
        f"{words}: {_in_words(first)}", code=f"{area}.invalid",
        where=document.place(*path), hint=hint,
    )


def _in_words(problem: Any) -> str:
    kind, value = problem["type"], problem.get("input")
    shown = repr(value)[:60]
    if kind == "extra_forbidden":
        return _("there is no such key")
    if kind == "missing":
        return _("this key is missing")
    if kind == "string_type":
        return _("this should be text, and {shown} is not; put it in quotes").format(shown=shown)
    if kind == "int_type":
        return _("this should be a whole number, not {shown}").format(shown=shown)
    if kind == "string_pattern_mismatch":
        return _("{shown} is not allowed here; it must fit {pattern}").format(
            shown=shown, pattern=problem["ctx"]["pattern"])
    message: str = problem["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _hint_for(problem: Any, path: tuple[Any, ...], model: type[FileModel]) -> str | None:
    if problem["type"] != "extra_forbidden" or not path:
        return None
    near = difflib.get_close_matches(str(path[-1]), _keys_of(model), n=1)
    return _('did you mean "{word}"?').format(word=near[0]) if near else None


def _keys_of(model: type[FileModel]) -> list[str]:
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return sorted({key for part in parts for key in part.get("properties", {})})
