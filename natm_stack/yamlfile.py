# SPDX-License-Identifier: AGPL-3.0-or-later
"""YAML as people write it, read strictly, with the line of every value kept.

YAML 1.2's core schema is used, so `no` and `on` are words, as people mean them. Duplicate keys,
anchors that repeat themselves and tags of other programs are refused.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .errors import NatmError, Place
from .i18n import _

MOST_BYTES = 512 * 1024
MOST_VALUES = 20_000
DEEPEST = 40

_INT = re.compile(r"^[-+]?(0|[1-9][0-9]*)$")
_FLOAT = re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Where = tuple[str | int, ...]


@dataclass
class Document:
    """A YAML file's values, and the line (from 1) on which each stands."""

    file: Path
    value: Any
    lines: dict[Where, int] = field(default_factory=dict)
    tagged: dict[Where, str] = field(default_factory=dict)
    data: bytes = b""

    def place(self, *path: str | int) -> Place:
        """The place of a value, or of the nearest one above it."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return Place(str(self.file), self.lines[path[:end]])
        return Place(str(self.file))


def read(file: Path, *, tags: tuple[str, ...] = ()) -> Document:
    """Read one YAML file; `NatmError` says what is wrong and on which line."""
    data = _data_of(file)
    document = parse(_text_of(data, file), file, tags=tags)
    document.data = data
    return document


def parse(text: str, file: Path, *, tags: tuple[str, ...] = ()) -> Document:
    """Read YAML text that came from `file`; scalars with one of `tags` stay text, and are noted."""
    document = Document(file, None)
    try:
        _refuse_deep(text, file)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise _syntax_error(error, text, file) from error
    if node is not None:
        document.value = _Builder(document, tags).build(node, ())
    return document


class _Dumper(yaml.SafeDumper):
    """Quotes what this file's own reading would take for something else than text."""

    def ignore_aliases(self, data: Any) -> bool:
        """Say it again rather than point at it."""
        return True


def _dump_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if isinstance(_plain(text), str) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _dump_text)


def dump(value: Any) -> str:
    """Plain values as YAML that people can go on with."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


def _refuse_deep(text: str, file: Path) -> None:
    """The parser in C calls itself for every level and would bring Python down with it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise _too_deep(file, event.start_mark.line + 1 if event.start_mark else 1)


def _data_of(file: Path) -> bytes:
    """The file's bytes. A pipe or a device is not waited for, and no more is read than may be."""
    try:
        with open(file, "rb", opener=_opener) as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise _bad(file, 1, _("this is not a file that a person wrote"))
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise NatmError(
            _("cannot read {file}: {why}").format(file=file, why=error.strerror),
            code="file.unreadable", where=str(file),
        ) from error
    if len(data) > MOST_BYTES:
        raise _bad(file, 1, _("this file is too large to be one that a person wrote"))
    return data


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _text_of(data: bytes, file: Path) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _bad(file, line, _("this is not text in UTF-8")) from error


class _Builder:
    """Turns YAML's nodes into plain values and notes their lines."""

    def __init__(self, document: Document, tags: tuple[str, ...]) -> None:
        self.document, self.tags, self.open = document, tags, set[int]()

    def build(self, node: yaml.Node, path: Where) -> Any:
        self.document.lines.setdefault(path, node.start_mark.line + 1)
        if len(path) > DEEPEST:
            raise _too_deep(self.document.file, node.start_mark.line + 1)
        if len(self.document.lines) > MOST_VALUES:
            raise self._bad(node, _("this file unfolds into more values than a person would write"))
        if id(node) in self.open:
            raise self._bad(node, _("an anchor here contains itself"))
        self.open.add(id(node))
        try:
            return self._kind(node, path)
        finally:
            self.open.discard(id(node))

    def _kind(self, node: yaml.Node, path: Where) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if node.tag not in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            raise self._bad(node, _("the tag {tag} has no meaning here").format(tag=node.tag))
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, i)) for i, item in enumerate(node.value)]
        return self._mapping(node, path)

    def _mapping(self, node: yaml.Node, path: Where) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._bad(key_node, _("a key must be a plain word"))
            key = str(key_node.value)
            if key in result:
                raise self._bad(key_node, _("the key {key} stands here twice").format(key=key))
            self.document.lines[(*path, key)] = key_node.start_mark.line + 1
            result[key] = self.build(value_node, (*path, key))
        return result

    def _scalar(self, node: yaml.ScalarNode, path: Where) -> Any:
        if node.tag in self.tags:
            self.document.tagged[path] = node.tag
            return node.value
        if node.style:
            return self._text(node)
        return _plain(node.value) if _standard(node.tag) else self._text(node)

    def _text(self, node: yaml.ScalarNode) -> str:
        if node.tag != "!" and not _standard(node.tag):
            raise self._bad(node, _("the tag {tag} has no meaning here").format(tag=node.tag))
        return str(node.value)

    def _bad(self, node: yaml.Node, message: str) -> NatmError:
        return _bad(self.document.file, node.start_mark.line + 1, message)


def _standard(tag: str) -> bool:
    kind = tag.removeprefix("tag:yaml.org,2002:")
    return kind in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge")


def _plain(text: str) -> Any:
    """A scalar without quotes, by YAML 1.2's core schema."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INT.match(text):
        return int(text) if len(text) < 30 else text
    if _FLOAT.match(text):
        return float(text)
    return text


def _bad(file: Path, line: int, message: str) -> NatmError:
    return NatmError(message, code="yaml.invalid", where=Place(str(file), line))


def _too_deep(file: Path, line: int) -> NatmError:
    return _bad(file, line, _("this file is nested too deeply"))


def _code_point(character: int | str) -> str:
    number = character if isinstance(character, int) else ord(character)
    return f"U+{number:04X}"


def _syntax_error(error: yaml.YAMLError, text: str, file: Path) -> NatmError:
    if isinstance(error, yaml.reader.ReaderError):
        return _bad(file, text.encode()[: error.position].count(b"\n") + 1, _(
            "a character nobody can see stands here: {character}").format(
            character=_code_point(error.character)))
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    hint = _("check the indentation and the quotes on this line and the one above")
    lines = text.splitlines()
    if mark and mark.line < len(lines) and "\t" in lines[mark.line]:
        hint = _("indent with spaces: YAML takes no tabs")
    where = Place(str(file), mark.line + 1 if mark else None)
    return NatmError(
        _("this is not valid YAML: {problem}").format(problem=problem),
        code="yaml.invalid", where=where, hint=hint,
    )
