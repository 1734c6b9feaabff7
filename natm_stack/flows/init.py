# SPDX-License-Identifier: AGPL-3.0-or-later
"""init: a new workspace, or one fetched back from the server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import NatmError
from ..files import write
from ..i18n import _
from ..load import load_catalog, server_from, stack_from, suggestion
from ..model.results import Told
from ..paths import shipped
from ..resolve import resolve
from ..secrets import key_file, make_key
from ..server import Server
from ..stackfile import IGNORE, new_text
from .ladder import require_proven
from .policies import write_policy
from .records import ALSO_KEPT, KEPT, record
from .tools import Tools
from .vet import policy_file


def init(
    folder: Path, values: dict[str, Any], kit: str | None, layers: tuple[Path, ...] = (),
    policy: str | None = None, *, accept_unproven: bool = False,
) -> Told:
    """Make a workspace; nothing is written unless the stack it describes is valid."""
    file = folder / "stack.yml"
    _refuse_existing(file)
    catalog = load_catalog(shipped("catalog"), [(layer.resolve(), True) for layer in layers])
    if kit is not None:
        if kit not in catalog.kits:
            raise NatmError(_("there is no kit called {kit}").format(kit=kit),
                            code="init.unknown-kit", hint=suggestion(kit, catalog.kits))
        values["platforms"] = [*catalog.kits[kit].platforms, *values["platforms"]]
    values["platforms"] = list(dict.fromkeys(values["platforms"]))
    for id_ in values["platforms"]:
        require_proven(catalog.entry(id_), accept_unproven)
    values["package_epoch"] = datetime.now(UTC).strftime("%Y-%m-%d")
    text = new_text(values)
    loaded = stack_from(text, file)
    resolve(catalog, loaded)
    lines = [_("{file} is written").format(file=file)]
    if policy is not None:
        policy_file(policy)
        lines.append(_("{file} is written: read it aloud when you meet").format(
            file=write_policy(folder, policy, loaded.stack)))
    write(file, text.encode())
    write(folder / ".gitignore", IGNORE.encode())
    return _with_key(folder, values["name"], lines)


def _with_key(folder: Path, name: str, lines: list[str]) -> Told:
    place = key_file(name)
    there = place.exists()
    key = make_key(place)
    if there:
        lines.append(_("the vault key is here already: {file}").format(file=place))
    else:
        lines += [
            _("the vault key of this stack lies in {file}").format(file=place),
            _("  write it down and keep it apart from the server: {key}").format(key=key.reveal()),
            _("  without it nobody can take over or restore this stack"),
        ]
    lines += ["", _("next: look at stack.yml, then `natm plan` and `natm deploy`")]
    return Told(tuple(lines), {"folder": str(folder), "key_file": str(place)})


def init_from(folder: Path, named: dict[str, Any], tools: Tools) -> Told:
    """Fetch the workspace that the last deploy stored on a server."""
    spec = server_from(named, "--from")
    _refuse_existing(folder / "stack.yml")
    server = Server(spec, tools.runner, tools.ask_password)
    kept = record(server, spec.root, "read", "workspace.json")
    if not kept or "stack.yml" not in kept:
        raise NatmError(_("this server keeps no workspace in {root}").format(root=spec.root),
                        code="init.nothing-kept", where=spec.host)
    # A server that was broken into could send anything: it is read before it is written.
    stack = stack_from(str(kept["stack.yml"]), folder / "stack.yml").stack
    if stack.tls.mode == "files" or stack.catalogs:
        raise NatmError(
            _("the stack this server keeps names files on the steward's own computer"),
            code="init.names-files", where=spec.host,
            hint=_("take its folder over from the last steward, by git or by hand"))
    if stack.server.local != spec.local:
        raise NatmError(
            _("the stack this server keeps was deployed to `{host}`").format(
                host=stack.server.host),
            code="init.other-server", where=spec.host,
            hint=_("run this on the server itself, with --from local"))
    written = []
    for name in kept:
        if (name in KEPT or ALSO_KEPT.fullmatch(name)) and isinstance(kept[name], str):
            write(folder / name, kept[name].encode(), 0o600 if name == "secrets.yml" else 0o644)
            written.append(name)
    write(folder / ".gitignore", IGNORE.encode())
    name = stack.name
    return Told((
        _("fetched {names} into {folder}").format(names=", ".join(written), folder=folder),
        _("put the stack's vault key into {file} (mode 0600) to go on").format(
            file=key_file(name)),
    ), {"folder": str(folder), "files": written})


def _refuse_existing(file: Path) -> None:
    if file.exists():
        raise NatmError(_("there is a stack here already"), code="init.exists", where=str(file),
                        hint=_("choose another folder, or change that one"))
