# SPDX-License-Identifier: AGPL-3.0-or-later
"""Jinja2 as the house uses it: sandboxed, strict, and every value quoted for where it stands.

A template that writes a value without one of the filters below is an error, so no setting, however
hostile, can change the structure of a file.
"""

from __future__ import annotations

import html as html_escape
import json as json_module
import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from .errors import NatmError, Place
from .i18n import _


class Safe(str):
    """Text that a filter has made fit for its place in a file."""


class Refused(ValueError):
    """A value that cannot stand in this place at all."""


# What YAML cannot carry as it is, and what ends a line in one language or another.
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def q(value: Any) -> Safe:
    """A JSON string, which is a YAML string too."""
    text = json_module.dumps(_whole(value), ensure_ascii=False)
    return Safe(_INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def compose(value: Any) -> Safe:
    """A string for a Compose file: `$` is doubled, or Compose would fill in a variable."""
    return Safe(q(value).replace("$", "$$"))


def json(value: Any) -> Safe:
    """Any plain value as JSON on one line."""
    text = json_module.dumps(value, ensure_ascii=True)
    return Safe(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def lua(value: Any) -> Safe:
    """A Lua string."""
    return Safe('"' + "".join(_lua_byte(b) for b in _whole(value).encode()) + '"')


def _lua_byte(byte: int) -> str:
    plain = 32 <= byte < 127 and byte not in b'"\\'
    return chr(byte) if plain else f"\\{byte:03d}"


def php(value: Any) -> Safe:
    """A PHP string in single quotes."""
    return Safe("'" + _printable(value).replace("\\", "\\\\").replace("'", "\\'") + "'")


def caddy(value: Any) -> Safe:
    """A quoted token of a Caddyfile. Braces would be placeholders; a backslash cannot be quoted."""
    text = _printable(value)
    if set(text) & set("{}\\"):
        raise Refused(_("braces and backslashes have a meaning of their own in this file"))
    return Safe('"' + text.replace('"', '\\"') + '"')


def line(value: Any) -> Safe:
    """Raw text for the rest of a line: no line break and no control character."""
    return Safe(_printable(value).strip())


def word(value: Any) -> Safe:
    """A word of letters, digits, dot, hyphen and underscore; not of dots alone, as in a path."""
    text = str(value)
    if not re.fullmatch(r"(?!\.+$)[A-Za-z0-9._-]+", text):
        raise Refused(_("only letters, digits, dot, hyphen and underscore can stand here"))
    return Safe(text)


def html(value: Any) -> Safe:
    """Text for an HTML page or attribute."""
    return Safe(html_escape.escape(_printable(value), quote=True))


def _printable(value: Any) -> str:
    text = _whole(value)
    if _INVISIBLE.search(text):
        raise Refused(_("line breaks and control characters cannot stand here"))
    return text


def _whole(value: Any) -> str:
    """The value as text, if it is text at all: half of a character cannot be written."""
    text = str(value)
    if _SURROGATE.search(text):
        raise Refused(_("half of a character cannot be written"))
    return text


FILTERS: dict[str, Callable[[Any], Safe]] = {
    f.__name__: f for f in (q, compose, json, lua, php, caddy, line, word, html)
}


def _finalize(value: Any) -> Any:
    if isinstance(value, Safe | jinja2.Undefined) or type(value) is int:
        return value
    raise Refused(_("a value is written without a filter"))


MOST_STEPS, MOST_LETTERS = 100_000, 512 * 1024
"""A platform's templates take a few hundred steps; a loop in a loop in a loop takes for ever."""

_spent: ContextVar[list[int]] = ContextVar("spent")


def _step() -> None:
    spent = _spent.get(None)
    if spent is not None:
        spent[0] += 1
        if spent[0] > MOST_STEPS:
            raise Refused(_("this template goes round and round"))


def _counted(values: Any) -> Iterator[Any]:
    """What a loop goes through, one counted step after the other."""
    for value in values:
        _step()
        yield value


def _bounded(value: Any) -> Any:
    """A value that is not made larger and larger."""
    if isinstance(value, str | list | tuple) and len(value) > MOST_LETTERS:
        raise Refused(_("this template makes a text that is far too long"))
    return value


COUNTED, BOUNDED = "natm counted", "natm bounded"
"""No template can call these by name."""

_GROWING = {"center", "expandtabs", "format", "format_map", "ljust", "rjust", "zfill"}
"""Methods of text that make as much of it as they are told."""


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, in which no text passes for quoted and nothing goes on for ever."""

    intercepted_binops = frozenset(("*", "**", "%", "+"))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """What a filter wrote is written as it is; and no text is blown up."""
        if isinstance(obj, Safe) or (isinstance(obj, str) and attr in _GROWING):
            return False
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Jinja lets `format` through before it asks whether that is safe."""
        return None

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Sums of moderate numbers, and nothing repeated many times over."""
        numbers = all(isinstance(one, int | float) and abs(one) < 2**64 for one in (left, right))
        if operator == "**" or (operator in "*%" and not numbers):
            raise Refused(_("this could make far too much of a value"))
        return _bounded(super().call_binop(context, operator, left, right))

    def call(self, context: Any, obj: Any, /, *given: Any, **named: Any) -> Any:
        """Every call is a step: a macro may call itself."""
        _step()
        return _bounded(super().call(context, obj, *given, **named))

    def _parse(self, source: str, name: str | None, filename: str | None) -> jinja2.nodes.Template:
        tree = super()._parse(source, name, filename)
        for loop in tree.find_all(jinja2.nodes.For):
            loop.iter = _filtered(loop.iter, COUNTED)
        for joined in tree.find_all(jinja2.nodes.Concat):
            joined.nodes = [_filtered(node, BOUNDED) for node in joined.nodes]
        for block in tree.find_all(jinja2.nodes.FilterBlock):
            raise jinja2.TemplateSyntaxError(
                _("a filter over a whole block writes what no filter has quoted"),
                block.lineno, name, filename)
        return tree


def _filtered(node: Any, name: str) -> jinja2.nodes.Filter:
    return jinja2.nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


@lru_cache(maxsize=256)
def environment(folder: Path) -> jinja2.Environment:
    """The one Jinja2 environment, with templates from one platform's folder."""
    env = _Environment(
        loader=jinja2.FileSystemLoader(folder), undefined=jinja2.StrictUndefined,
        finalize=_finalize, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        autoescape=False,
    )
    env.filters.clear()
    env.filters.update(FILTERS)
    env.filters.update({COUNTED: _counted, BOUNDED: _bounded})
    env.filters.update({name: jinja2.filters.FILTERS[name] for name in
                        ("length", "sort", "selectattr", "rejectattr", "map", "list", "first",
                         "join", "default", "unique", "groupby", "upper", "lower", "replace")})
    return env


def render_template(
    env: jinja2.Environment, name: str, folder: Path, context: Mapping[str, Any]
) -> str:
    """Render one template; `NatmError` names template, line and what was wrong."""
    mark = _spent.set([0])
    try:
        return env.get_template(name).render(context)
    except NatmError:
        raise
    except Exception as error:  # A template is a program: whatever goes wrong in it, say where.
        raise NatmError(
            _("the template cannot be filled in: {why}").format(why=error),
            code="render.refused", where=Place(str(folder / name), _line(error, folder / name)),
            hint=_("look at the settings of this platform in stack.yml"),
        ) from error
    finally:
        _spent.reset(mark)


def _line(error: Exception, template: Path) -> int | None:
    if isinstance(error, jinja2.TemplateSyntaxError):
        return error.lineno
    number, trace = None, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == str(template):
            number = trace.tb_lineno
        trace = trace.tb_next
    return number
