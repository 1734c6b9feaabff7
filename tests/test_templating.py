# SPDX-License-Identifier: AGPL-3.0-or-later
"""Templates: every value quoted for its place, and nothing reached that was not given."""

from __future__ import annotations

import html as html_module
import json as json_module
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hostile import HOSTILE, texts
from hypothesis import given

from natm_stack import templating
from natm_stack.templating import FILTERS, Refused, Safe, environment, render_template

Render = Callable[..., str]


def or_refused(filter_: Callable[[Any], Safe], value: str) -> str | None:
    """What the filter wrote, or None where it refused."""
    try:
        return str(filter_(value))
    except Refused:
        return None


# --- the filters: what is written is read back as the same value, or it is refused

@given(texts)
def test_q_is_a_yaml_and_a_json_string(value: str) -> None:
    written = or_refused(templating.q, value)
    if written is not None:
        assert yaml.load(f"- {written}\n", Loader=yaml.CSafeLoader) == [value]
        assert json_module.loads(written) == value
        assert len(written.splitlines()) == 1


@given(texts)
def test_compose_is_the_same_once_compose_has_looked_for_variables(value: str) -> None:
    written = or_refused(templating.compose, value)
    if written is not None:
        read = yaml.safe_load(f"- {written}\n")[0]
        assert read.replace("$$", "$") == value
        assert "$" not in read.replace("$$", "")


@given(texts)
def test_json_is_json_that_cannot_end_a_script(value: str) -> None:
    written = str(templating.json(value))
    assert json_module.loads(written) == value
    assert written.isascii()
    assert not set(written) & set("<>&\n")


@given(texts)
def test_lua_is_a_lua_string(value: str) -> None:
    written = or_refused(templating.lua, value)
    if written is not None:
        assert unlua(written) == value.encode()


@given(texts)
def test_php_is_a_php_string(value: str) -> None:
    written = or_refused(templating.php, value)
    if written is not None:
        assert unphp(written) == value


@given(texts)
def test_caddy_is_one_token_without_placeholders(value: str) -> None:
    written = or_refused(templating.caddy, value)
    if written is not None:
        assert (written[0], written[-1]) == ('"', '"')
        assert written[1:-1].replace('\\"', "") == value.replace('"', "")
        assert written[1:-1].replace('\\"', '"') == value
        assert not set(value) & set("{}\\")


@given(texts)
def test_line_stays_on_its_line(value: str) -> None:
    written = or_refused(templating.line, value)
    if written is not None:
        assert written == value.strip()
        assert len(f"{written}.".splitlines()) == 1


@given(texts)
def test_word_is_no_path_and_no_option_of_two_words(value: str) -> None:
    written = or_refused(templating.word, value)
    if written is not None:
        assert written == value
        assert not set(value) & set("/\\ \n\t'\"$")
        assert value not in (".", "..")


@given(texts)
def test_html_is_text(value: str) -> None:
    written = or_refused(templating.html, value)
    if written is not None:
        assert not set(written) & set("<>\"'")
        assert html_module.unescape(written) == value or "&" in value


@pytest.mark.parametrize("name", ["php", "caddy", "line", "html", "word"])
@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\x00b", "a\x7fb", "a\x85b", "a\u2028b",
                                   "a\u2029b", "a\x9fb", "\ud800"])
def test_a_line_break_or_an_invisible_character_is_refused(name: str, value: str) -> None:
    with pytest.raises(Refused):
        FILTERS[name](value)


@pytest.mark.parametrize("value", ["", ".", "..", "...", "a b", "a/b", "-\n", "é", "a\n"])
def test_a_word_of_other_letters_or_of_dots_is_refused(value: str) -> None:
    with pytest.raises(Refused):
        templating.word(value)


def unlua(text: str) -> bytes:
    """The bytes of a Lua string with decimal escapes."""
    assert (text[0], text[-1]) == ('"', '"')
    rest, found = text[1:-1], bytearray()
    while rest:
        size = 4 if rest[0] == "\\" else 1
        found.append(int(rest[1:4]) if size == 4 else ord(rest[0]))
        assert rest[0] not in '"\n'
        rest = rest[size:]
    return bytes(found)


def unphp(text: str) -> str:
    """The text of a PHP string in single quotes."""
    assert (text[0], text[-1]) == ("'", "'")
    rest, found = text[1:-1], ""
    while rest:
        size = 2 if rest[:2] in ("\\\\", "\\'") else 1
        assert size == 2 or rest[0] != "'"
        found += rest[size - 1]
        rest = rest[size:]
    return found


PROGRAMS = {
    "lua": ("lua", ["-e"], "io.write({})"), "php": ("php", ["-r"], "echo {};"),
    "json": ("node", ["-e"], "process.stdout.write({})"),
}


@pytest.mark.parametrize("language", PROGRAMS)
def test_the_languages_themselves_agree(language: str) -> None:
    program, words, code = PROGRAMS[language]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed here")
    plain = [v for v in HOSTILE if v.isprintable() and v]
    value = "|".join(plain)
    written = FILTERS[language](value)
    done = subprocess.run([program, *words, code.format(written)], capture_output=True,
                          encoding="utf-8", timeout=20, check=True)
    assert done.stdout == value


# --- what a template may not do

@pytest.fixture
def render(tmp_path: Path) -> Render:
    """Render this text as a template, with these values."""

    def fill_in(text: str, **values: Any) -> str:
        (tmp_path / "page.j2").write_text(text, encoding="utf-8")
        environment.cache_clear()
        return render_template(environment(tmp_path), "page.j2", tmp_path, values)

    return fill_in


class Thing:
    """Something a template is given."""

    name = "x"

    def method(self) -> str:
        """A method."""
        return "raw"


@pytest.mark.parametrize("text", [
    "{{ value }}", "{{ 'constant' }}", "{{ value ~ (value | q) }}", "{{ (value | q) + 'x' }}",
    "{{ value | upper }}", "{{ value | q | upper }}", "{{ value | q | replace('a', value) }}",
    "{{ [value | q, value] | join }}", "{{ (value | q)[1:] }}", "{{ '%s' | q % value }}",
    "{{ (value | q).format(value) }}", "{{ 1.5 }}", "{{ true }}", "{{ none }}", "{{ [1] }}",
    "{{ thing.method() }}", "{% set x %}{{ value | q }}{% endset %}{{ x }}",
    "{% macro m(v) %}{{ v | q }}{% endmacro %}{{ m(value) }}", "{{ value if value else 1 }}",
    "{{ value | default('x') }}", "{{ missing | default(value) }}", "{{ lipsum() }}",
    "{% filter upper %}{{ value | q }}{% endfilter %}",
    "{% filter replace('a', value) %}aaa{% endfilter %}",
])
def test_a_value_without_a_filter_is_refused(refused: Any, render: Render, text: str) -> None:
    refused("render.refused", render, text, value="a\nb", thing=Thing())


@pytest.mark.parametrize(("text", "written"), [
    ("{{ value | q }}", '"a"'), ("{{ 12 }}", "12"), ("{{ value | length }}", "1"),
    ("{{ (value ~ 'b') | q }}", '"ab"'), ("{{ missing | default(value) | q }}", '"a"'),
    ("{% for v in [value] %}{{ v | word }}{% endfor %}", "a"),
    ("{% raw %}{{ value }}{% endraw %}", "{{ value }}"),
])
def test_a_value_with_a_filter_is_written(render: Render, text: str, written: str) -> None:
    assert render(text, value="a") == written


@pytest.mark.parametrize("text", [
    "{{ value.__class__ }}", "{{ value.__class__.__mro__ | q }}", "{{ ''.__class__ | q }}",
    "{{ value['__class__'] | q }}", "{{ value | map(attribute='__class__') | first | q }}",
    "{{ thing.method.__globals__ | q }}", "{{ thing.method.__func__.__code__ | q }}",
    "{{ lipsum.__globals__['os'] | q }}", "{{ cycler.__init__.__globals__ | q }}",
    "{{ '{0.__class__.__mro__}'.format(value) | q }}", "{{ thing | attr('name') | q }}",
    "{{ '{0.__class__}'.format_map({'0': value}) | q }}", "{{ namespace.__init__ | q }}",
    "{% set _ = thing.__setattr__('name', 'y') %}", "{% set _ = items.append(1) %}",
    "{% set thing.name = 'y' %}", "{% include '/etc/hostname' %}", "{% include '../up' %}",
    "{% import 'os' as os %}", "{{ range(10000000) | list | q }}", "{{ self | q }}{{ 1/0 }}",
    "{{ missing | q }}", "{{ value.missing | q }}", "{{ thing.nothing() | q }}", "{% bad %}",
    "{{ value | shell }}", "{{ value", "{{ lookup('x') | q }}", "{% include 'page.j2' %}",
])
def test_the_sandbox_gives_nothing_away(refused: Any, render: Render, text: str) -> None:
    thing, items = Thing(), [1]
    refused("render.refused", render, text, value="a", thing=thing, items=items,
            lookup={}.__getitem__)
    assert (thing.name, items) == ("x", [1])


@pytest.mark.parametrize(("text", "line"), [
    ("a\nb\n{{ value }}\n", 3), ("a\n{{ missing | q }}\n", 2), ("a\n\n\n{% bad %}\n", 4),
    ("a\n{{ value | word }}", 2),
])
def test_an_error_names_the_template_and_its_line(
    refused: Any, render: Render, tmp_path: Path, text: str, line: int
) -> None:
    where = refused("render.refused", render, text, value="a b").where
    assert (where.file, where.line) == (str(tmp_path / "page.j2"), line)


def test_a_template_that_is_no_text_is_refused(refused: Any, tmp_path: Path) -> None:
    (tmp_path / "page.j2").write_bytes(b"\xff")
    refused("render.refused", render_template, environment(tmp_path), "page.j2", tmp_path, {})
