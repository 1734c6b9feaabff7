# SPDX-License-Identifier: AGPL-3.0-or-later
"""A server to prove platforms on, and a workspace for it that nobody else uses."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import NatmError
from ..files import write
from ..i18n import _
from ..model.secret import Secret
from .choose import pick
from .init import init
from .remove import remove
from .tools import Tools
from .workspace import Workspace

STACK = {"name": "prove", "title": "Proving ground", "domain": "prove.test", "languages": ["en"],
         "tls": {"mode": "own-ca"}}


@dataclass
class Ground:
    """Where platforms are proven."""

    folder: Path
    tools: Tools
    state: Path | None
    """What the throwaway server is known by; None for a server that was given."""
    ready: bool

    @property
    def workspace(self) -> Workspace:
        """The stack as it is now, read anew."""
        return Workspace(self.folder, self.tools)

    def add(self, ids: tuple[str, ...]) -> None:
        """More platforms in the stack, and their images where those are to be handed over."""
        pick(self.workspace, ids, accept_unproven=True)
        self.hand_images()

    def hand_images(self) -> None:
        """Give the throwaway server the images that this machine's engine has, or can build."""
        if self.ready and self.state is not None:
            _run(self.tools, "natm_stack.testing.images", "--workspace", str(self.folder),
                 "--state", str(self.state))


@contextlib.contextmanager
def proving_ground(
    ids: tuple[str, ...], tools: Tools, host: str | None, *, ready: bool
) -> Iterator[Ground]:
    """A bare server with a workspace for it; both are gone afterwards, whatever happens.

    Without `host` it is a throwaway one, a container on this machine's engine.
    """
    home = Path(tempfile.mkdtemp(prefix="natm-prove-"))
    state = home / "server.json" if host is None else None
    try:
        with _surroundings(home):
            made = _throwaway(state, tools, ready) if state else (host or "", tools)
            values: dict[str, Any] = {**STACK, "server": {"host": made[0]}, "platforms": list(ids)}
            folder = home / "stack"
            init(folder, values, None, tools.catalogs, accept_unproven=True)
            ground = Ground(folder, made[1], state, ready)
            if state is None:
                _refuse_used(ground.workspace)
            try:
                yield ground
            finally:
                if state is None:
                    remove(ground.workspace, purge=True)
    finally:
        if state:
            _run(tools, "natm_stack.testing.server", "destroy", "--state", str(state))
        shutil.rmtree(home, ignore_errors=True)


def _refuse_used(workspace: Workspace) -> None:
    """Everything of this stack is purged at the end: it must never be somebody's own."""
    root = workspace.deployment.root
    done = workspace.server.run(("sh", "-c", 'test -e "$1" || docker ps -aq | grep -q .', "sh",
                                 root))
    if done.code == 0:
        raise NatmError(
            _("{host} has something on it already, and proving would take it away").format(
                host=workspace.deployment.server.host), code="prove.in-use",
            hint=_("name a server without {root} and without containers; without --server a "
                   "throwaway one is made on this machine").format(root=root))


def _throwaway(state: Path, tools: Tools, ready: bool) -> tuple[str, Tools]:
    said = _run(tools, "natm_stack.testing.server", "create", "--state", str(state),
                *(["--engine"] if ready else []))
    os.environ["NATM_SSH_CONFIG"] = str(json.loads(said)["ssh_config"])
    password = json.loads(state.read_text(encoding="utf-8"))["sudo_password"]
    return "natm-throwaway", replace(tools, ask_password=lambda _host: Secret(password))


@contextlib.contextmanager
def _surroundings(home: Path) -> Iterator[None]:
    """A vault key and sockets of its own, so that nothing of the person's own is touched."""
    before = dict(os.environ)
    write(home / ".keep", b"")
    os.environ |= {"NATM_VAULT_KEY_FILE": str(home / "key"), "XDG_RUNTIME_DIR": str(home)}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _run(tools: Tools, module: str, *words: str) -> str:
    """A helper of the tests, run as a program of its own: nothing here imports it."""
    done = tools.runner.run((sys.executable, "-m", module, *words), timeout=2400)
    if done.code != 0:
        raise NatmError(
            _("the throwaway server could not be made ready: {why}").format(
                why=done.stderr.strip()[-800:]), code="prove.no-server",
            hint=_("a throwaway server needs a Docker engine on this machine; or name a server "
                   "with nothing on it, with --server"))
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
