# SPDX-License-Identifier: AGPL-3.0-or-later
"""Values for Ansible, marked so that nothing in them is ever read as a template. Pure."""

from __future__ import annotations

from typing import Any

import yaml

from .model.bundle import HEADER, File

Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Unsafe(str):
    """Text that Ansible must not read as a template."""


class _VarsDumper(Dumper):  # type: ignore[misc]
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _unsafe(dumper: Any, text: _Unsafe) -> Any:
    """Ansible reads `!unsafe "0750"` as a number, in spite of the quotes; so this is a string."""
    string = "tag:yaml.org,2002:str"
    plain = dumper.resolve(yaml.ScalarNode, text, (True, False))
    tag = "!unsafe" if plain == string else string
    return dumper.represent_scalar(tag, str(text), style='"')


_VarsDumper.add_representer(_Unsafe, _unsafe)


def vars_file(values: dict[str, Any]) -> File:
    """A file of variables, an inventory too, whose texts are all `!unsafe`."""
    text = yaml.dump(_marked(values), Dumper=_VarsDumper, sort_keys=False, width=4000)
    return File(f"---\n# {HEADER}\n{text}".encode())


def _marked(value: Any) -> Any:
    if isinstance(value, str):
        return _Unsafe(value)
    if isinstance(value, dict):
        return {key: _marked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_marked(item) for item in value]
    return value
