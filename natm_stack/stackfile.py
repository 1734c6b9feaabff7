# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writing stack.yml: a new one, or a change to one that keeps its comments."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .errors import NatmError
from .files import read_text, write
from .i18n import _
from .load import LoadedStack, load_stack, stack_from
from .templating import Refused, q

IGNORE = "/bundle/\n"


def new_text(values: dict[str, Any]) -> str:
    """A new stack.yml, with a word about each part."""
    try:
        return _new_text(values)
    except Refused as error:
        raise NatmError(_("this cannot stand in stack.yml: {why}").format(why=error),
                        code="stack.invalid") from error


def _new_text(values: dict[str, Any]) -> str:
    server = "".join(f"  {key}: {_scalar(value)}\n" for key, value in values["server"].items())
    tls = "".join(f"  {key}: {_scalar(value)}\n" for key, value in values["tls"].items())
    platforms = "".join(f"  {id_}:\n" for id_ in values["platforms"])
    languages = ", ".join(q(language) for language in values["languages"])
    return (
        "# What this community chose. Change it by hand or with `natm pick` and `natm drop`;\n"
        "# `natm plan` shows what a change would do, `natm deploy` does it.\n"
        f"name: {q(values['name'])}\n"
        f"title: {q(values['title'])}\n"
        "# Chat addresses are name@DOMAIN: the domain cannot be changed later.\n"
        f"domain: {q(values['domain'])}\n"
        "# The first language is the one the platforms speak by themselves.\n"
        f"languages: [{languages}]\n"
        f"server:\n{server}"
        "# own-ca: certificates of its own, for a LAN or a trial; acme: public ones;\n"
        "# files: yours.\n"
        f"tls:\n{tls}"
        "# The date of the packages that images are made of; upgrades move it.\n"
        f"package_epoch: {q(values['package_epoch'])}\n"
        f"platforms:\n{platforms}"
    )


def _scalar(value: Any) -> str:
    return str(value) if isinstance(value, int) else q(value)


def edit(file: Path, change: Callable[[Any], None]) -> None:
    """Change stack.yml in place; what results must be a valid stack, or nothing is written."""
    text = _changed(file, change)
    stack_from(text, file)
    write(file, text.encode())


def edited(file: Path, change: Callable[[Any], None]) -> LoadedStack:
    """The stack as it would be after a change; nothing is written."""
    return stack_from(_changed(file, change), file)


def _changed(file: Path, change: Callable[[Any], None]) -> str:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    load_stack(file)
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4000
    try:
        value = yaml.load(read_text(file))
    except YAMLError as error:
        raise NatmError(_("this file cannot be changed by natm: {why}").format(why=error),
                        code="stack.uneditable", where=str(file),
                        hint=_("change it by hand")) from error
    change(value)
    stream = io.StringIO()
    yaml.dump(value, stream)
    return stream.getvalue()


def add_platform(ids: tuple[str, ...]) -> Callable[[Any], None]:
    """A change that adds platforms."""
    def change(value: Any) -> None:
        for id_ in ids:
            if id_ not in value["platforms"]:
                value["platforms"][id_] = None
    return change


def drop_platform(ids: tuple[str, ...]) -> Callable[[Any], None]:
    """A change that takes platforms out."""
    def change(value: Any) -> None:
        for id_ in ids:
            del value["platforms"][id_]
    return change


def set_epoch(day: str) -> Callable[[Any], None]:
    """A change of the day whose packages images are made of."""
    def change(value: Any) -> None:
        value["package_epoch"] = day
    return change


def trust_catalog(path: str, digest: str) -> Callable[[Any], None]:
    """A change that trusts a catalog as it is now."""
    def change(value: Any) -> None:
        sources = value.setdefault("catalogs", [])
        for source in sources:
            if source["path"] == path:
                source["trusted"] = digest
                return
        sources.append({"path": path, "trusted": digest})
    return change
