# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a rendered file is made of: its parts as its own language sees them, strings decoded."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import PurePosixPath
from typing import Any

import yaml

DIGEST = re.compile(r"[0-9a-f]{32}")


class _Loader(yaml.CSafeLoader):
    """Reads Ansible's !unsafe as the text it is."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def of_yaml(text: str) -> Any:
    """Keys, lists and values."""
    return yaml.load(text, Loader=_Loader)


class _Events(HTMLParser):
    """Tags and comments, with the text before each, even where there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[list[Any]] = []
        self.text = ""

    def add(self, *what: Any) -> None:
        """Something that is not text."""
        self.found.append([self.text, *what])
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.add(tag, [list(pair) for pair in attrs])

    def handle_endtag(self, tag: str) -> None:
        self.add(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.add("comment", data)

    def handle_data(self, data: str) -> None:
        self.text += data


def of_html(text: str) -> list[Any]:
    """Tags, attributes and text, and how many marks of a template language there are."""
    reader = _Events()
    reader.feed(text)
    reader.close()
    reader.add("end")
    return [[text.count(mark) for mark in ("<%", "%>")], reader.found]


def _tokens(pattern: str, decode: Callable[[str], str]) -> Callable[[str], list[str]]:
    compiled = re.compile(pattern, re.DOTALL)

    def split(text: str) -> list[str]:
        found = [match[0] for match in compiled.finditer(text)]
        assert "".join(found) == text, "a part of the file is in no language we know"
        return [decode(token) for token in found]

    return split


def _lua(token: str) -> str:
    if token[0] != '"':
        return token
    data = re.sub(rb"\\(\d{3})", lambda m: bytes([int(m[1])]), token.encode())
    return data.decode()


def _php(token: str) -> str:
    return re.sub(r"\\([\\'])", r"\1", token) if token[0] == "'" else token


def _javascript(token: str) -> str:
    return f'"{json.loads(token)}"' if token[0] == '"' else token


def _caddy(token: str) -> str:
    return token.replace('\\"', '"') if token[0] == '"' else token


DOUBLE, SINGLE = r'"(?:\\.|[^"\\\n])*"', r"'(?:\\.|[^'\\])*'"
of_lua = _tokens(rf"--\[\[.*?\]\]|--[^\n]*|{DOUBLE}|{SINGLE}|[^\"'-]+|-", _lua)
of_php = _tokens(rf"//[^\n]*|#[^\n]*|/\*.*?\*/|{DOUBLE}|{SINGLE}|[^\"'/#]+|/", _php)
of_javascript = _tokens(rf"//[^\n]*|/\*.*?\*/|{DOUBLE}|{SINGLE}|`[^`]*`|[^\"'`/]+|/", _javascript)
of_caddy = _tokens(r'#[^\n]*|"(?:\\"|[^"])*"|`[^`]*`|\s+|[^\s"`#][^\s]*', _caddy)

BY_SUFFIX: dict[str, Callable[[str], Any]] = {
    ".yml": of_yaml, ".yaml": of_yaml, ".json": json.loads, ".lua": of_lua, ".php": of_php,
    ".js": of_javascript, ".html": of_html, ".caddyfile": of_caddy,
}


def language(path: str) -> Callable[[str], Any] | None:
    """How a file of this name is read; None where nothing but its lines is known."""
    name = PurePosixPath(path.lower())
    return of_caddy if name.name == "caddyfile" else BY_SUFFIX.get(name.suffix)


@lru_cache(maxsize=256)
def structure(path: str, text: str) -> Any:
    """The parts of this file, as nested lists and dictionaries."""
    return (language(path) or str.splitlines)(text)


def leaves_like(one: Any, other: Any, fits: Callable[[str, str], bool], at: str = "") -> None:
    """That `other` has the structure of `one`, and at each leaf a text that fits."""
    assert type(one) is type(other), at
    if isinstance(one, dict):
        assert list(one) == list(other), at
        for key in one:
            leaves_like(one[key], other[key], fits, f"{at}.{key}")
    elif isinstance(one, list):
        assert len(one) == len(other), at
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            leaves_like(left, right, fits, f"{at}[{number}]")
    elif isinstance(one, str) and not DIGEST.fullmatch(one):
        assert fits(one, other), f"{at}: {other!r}"
    elif not isinstance(one, str):
        assert other == one, at
