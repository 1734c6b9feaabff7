# SPDX-License-Identifier: AGPL-3.0-or-later
"""A volunteer with a laptop, for tests and benchmarks, and natm as they type it."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import NatmError
from ..flows.tools import Tools
from ..flows.workspace import Workspace
from ..model.secret import Secret
from .server import ALIAS, ThrowawayServer


@dataclass(frozen=True)
class Said:
    """How a natm command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on standard output."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Volunteer:
    """Someone with a laptop: a workspace, a vault key and an SSH configuration."""

    folder: Path
    env: dict[str, str]
    server: ThrowawayServer

    @property
    def words(self) -> list[str]:
        """How natm is called."""
        return [sys.executable, "-m", "natm_stack", "-C", str(self.folder)]

    def natm(
        self, *arguments: str, timeout: float = 1800, env: dict[str, str] | None = None
    ) -> Said:
        """Run a natm command to its end, with nobody at the terminal."""
        done = subprocess.run(
            [*self.words, *arguments], capture_output=True, text=True, timeout=timeout,
            stdin=subprocess.DEVNULL, env={**self.env, **(env or {})}, check=False)
        return Said(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a natm command and leave it running."""
        return subprocess.Popen(
            [*self.words, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            stdin=subprocess.DEVNULL, env=self.env)

    def on_server(self, *argv: str, check: bool = True) -> str:
        """What a command prints on the server itself."""
        return self.server.exec(list(argv), check=check).stdout

    @property
    def workspace(self) -> Workspace:
        """The workspace as natm's own code sees it."""
        os.environ["NATM_VAULT_KEY_FILE"] = self.env["NATM_VAULT_KEY_FILE"]
        return Workspace(self.folder, Tools(lambda _host: Secret(""), lambda _event: None))


def new_volunteer(server: ThrowawayServer, home: Path, *init: str) -> Volunteer:
    """A volunteer who has just run `natm init` for this server, with these words more."""
    password = home / "sudo-password"
    password.touch(mode=0o600)
    password.write_text(server.sudo_password)
    # Short enough for the socket of a shared connection, which a test's own folder is not.
    runtime = Path(tempfile.mkdtemp(prefix="natm-run-"))
    atexit.register(shutil.rmtree, runtime, ignore_errors=True)
    env = {**os.environ, "NATM_SSH_CONFIG": str(server.running.ssh_config_file),
           "NATM_SUDO_PASSWORD_FILE": str(password), "NATM_VAULT_KEY_FILE": str(home / "key"),
           "XDG_RUNTIME_DIR": str(runtime)}
    made = Volunteer(home / "commons", env, server)
    said = made.natm("init", "--server", ALIAS, *init)
    if said.code != 0:
        raise NatmError(said.err, code="testing.init")
    return made
