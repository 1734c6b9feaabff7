# SPDX-License-Identifier: AGPL-3.0-or-later
"""YAML as people write it, read strictly, with the line of every value kept.

YAML 1.2's core schema is used, so `no` and `on` are words, as people mean them. Duplicate keys,
anchors that repeat themselves and tags of other programs are refused.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
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
_MAYBE = frozenset("0123456789+-.~tTfFnN")
"""What anything but text begins with."""
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
        document.value = _Builder(document, tags, yaml.parse(text, Loader=_Loader)).value()
    except yaml.YAMLError as error:
        raise _syntax_error(error, text, file) from error
    return document


class _Dumper(yaml.SafeDumper):
    """Quotes what this file's own reading would take for something else than text."""

    def ignore_aliases(self, data: Any) -> bool:
        """Say it again rather than point at it."""
        return True


def _dump_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if isinstance(_plain(text), str) else "'"
    if not text.isprintable():
        style = '"'  # The only one in which every character can be written out.
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _dump_text)


def dump(value: Any) -> str:
    """Plain values as YAML that people can go on with."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


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
    """Turns what the parser meets, in one pass, into plain values, and notes their lines.

    The parser in C calls itself for nothing here: what nests too deeply is met level by level.
    """

    def __init__(
        self, document: Document, tags: tuple[str, ...], events: Iterator[Any]
    ) -> None:
        self.document, self.tags, self.events = document, tags, events
        self.lines = document.lines
        self.anchors: dict[str, tuple[Any, Where]] = {}
        self.open: dict[str, int] = {}

    def value(self) -> Any:
        """The one document's value."""
        found, seen = None, False
        for event in self.events:
            if type(event) is yaml.DocumentStartEvent:
                if seen:
                    raise self._bad(event, _("this file should hold one document, and holds more"))
                found, seen = self.build(next(self.events), ()), True
        return found

    def build(self, event: Any, path: Where) -> Any:
        kind, line = type(event), event.start_mark.line + 1
        self._note(path, line)
        if kind is yaml.ScalarEvent:
            value = self._scalar(event, path)
            if event.anchor:
                self.anchors[event.anchor] = (value, path)
            return value
        if kind is yaml.AliasEvent:
            return self._alias(event, path)
        if event.tag not in (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            raise self._bad(event, _("the tag {tag} has no meaning here").format(tag=event.tag))
        if event.anchor:
            self.open[event.anchor] = line
        made = self._sequence(path) if kind is yaml.SequenceStartEvent else self._mapping(path)
        if event.anchor:
            del self.open[event.anchor]
            self.anchors[event.anchor] = (made, path)
        return made

    def _note(self, path: Where, line: int) -> None:
        self.lines.setdefault(path, line)
        if len(path) > DEEPEST:
            raise _too_deep(self.document.file, line)
        if len(self.lines) > MOST_VALUES:
            raise _bad(self.document.file, line,
                       _("this file unfolds into more values than a person would write"))

    def _sequence(self, path: Where) -> list[Any]:
        found: list[Any] = []
        for event in self.events:
            if type(event) is yaml.SequenceEndEvent:
                break
            found.append(self.build(event, (*path, len(found))))
        return found

    def _mapping(self, path: Where) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for event in self.events:
            if type(event) is yaml.MappingEndEvent:
                break
            if type(event) is not yaml.ScalarEvent or event.start_mark is None:
                raise self._bad(event, _("a key must be a plain word"))
            key = str(event.value)
            if key in result:
                raise self._bad(event, _("the key {key} stands here twice").format(key=key))
            below = (*path, key)
            self.lines[below] = event.start_mark.line + 1
            result[key] = self.build(next(self.events), below)
        return result

    def _alias(self, event: Any, path: Where) -> Any:
        if event.anchor in self.open:
            raise _bad(self.document.file, self.open[event.anchor],
                       _("an anchor here contains itself"))
        if event.anchor not in self.anchors:
            raise self._bad(event, _("there is no anchor called {name}").format(name=event.anchor))
        value, source = self.anchors[event.anchor]
        return self._again(value, source, path)

    def _again(self, value: Any, source: Where, path: Where) -> Any:
        """The same values once more, each of them counted: that is where bombs hide."""
        self._note(path, self.lines[source])
        if source in self.document.tagged:
            self.document.tagged[path] = self.document.tagged[source]
        if isinstance(value, dict):
            return {k: self._again(v, (*source, k), (*path, k)) for k, v in value.items()}
        if isinstance(value, list):
            return [self._again(v, (*source, n), (*path, n)) for n, v in enumerate(value)]
        return value

    def _scalar(self, event: Any, path: Where) -> Any:
        tag = event.tag
        if tag is None:
            return event.value if event.style else _plain(event.value)
        if tag in self.tags:
            self.document.tagged[path] = tag
            return event.value
        if tag != "!" and not _standard(tag):
            raise self._bad(event, _("the tag {tag} has no meaning here").format(tag=tag))
        return event.value if event.style or tag == "!" else _plain(event.value)

    def _bad(self, event: Any, message: str) -> NatmError:
        return _bad(self.document.file, event.start_mark.line + 1, message)


def _standard(tag: str) -> bool:
    kind = tag.removeprefix("tag:yaml.org,2002:")
    return kind in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge")


def _plain(text: str) -> Any:
    """A scalar without quotes, by YAML 1.2's core schema."""
    if not text or text[0] not in _MAYBE:
        return text or None
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
