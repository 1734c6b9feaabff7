# SPDX-License-Identifier: AGPL-3.0-or-later
"""Browsers on the test's own machine, outside the server, and a program that leads them.

The program runs in the verifier's browser image with `natm_stack.checks` beside it. It is told
things as JSON lines on standard input and answers with JSON lines.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import NatmError
from ..paths import package_folder
from .docker_cli import docker
from .server import LABEL
from .volunteer import Volunteer


class Outside:
    """A conversation with the program."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def tell(self, what: Any) -> None:
        """Say one thing."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def hear(self) -> Any:
        """The next thing it says; its complaint where it says nothing more."""
        assert self._process.stdout
        assert self._process.stderr
        line = self._process.stdout.readline()
        if not line:
            raise NatmError(f"the browsers have ended: {self._process.stderr.read()[-4000:]}",
                            code="testing.browsers-ended")
        return json.loads(line)

    def ask(self, what: Any) -> Any:
        """Say one thing, and hear what comes of it."""
        self.tell(what)
        return self.hear()


@contextlib.contextmanager
def browsers_outside(
    volunteer: Volunteer, program: Path, folder: Path, *, seconds: float, memory: str = "2g"
) -> Iterator[Outside]:
    """Start the program, with what members trust in /natm/ca.crt; it is gone afterwards, and
    after so many seconds in any case."""
    shutil.copytree(package_folder("checks"), folder / "natm_stack" / "checks")
    shutil.copy(package_folder("__init__.py"), folder / "natm_stack")
    shutil.copy(program, folder)
    (folder / "ca.crt").write_text(volunteer.on_server("cat", "/srv/natm/public/ca.crt"))
    folder.chmod(0o755)
    verifier = volunteer.workspace.deployment.instance("verifier")
    image = next(one.tag for one in verifier.images if one.on_demand)
    name = f"natm-throwaway-outside-{secrets.token_hex(4)}"
    process = subprocess.Popen(
        ["docker", "run", "--rm", "--interactive", "--name", name, "--label", f"{LABEL}=1",
         "--shm-size=512m", f"--memory={memory}", "--volume", f"{folder}:/natm:ro",
         "--entrypoint", "python3", image, f"/natm/{program.name}"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield Outside(process)
    finally:
        timer.cancel()
        docker("rm", "--force", name, check=False)
        process.communicate()
