# SPDX-License-Identifier: AGPL-3.0-or-later
"""Browsers on the test's own machine, outside the server: what meeting.py runs in."""

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

from natm_stack.paths import package_folder
from natm_stack.testing.docker_cli import docker
from natm_stack.testing.server import LABEL

SECONDS = 400


class Meeting:
    """A conversation with meeting.py."""

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
        assert line, self._process.stderr.read()[-4000:]
        return json.loads(line)


@contextlib.contextmanager
def browsers_outside(image: str, authority: str, folder: Path) -> Iterator[Meeting]:
    """Start meeting.py in this image, with what members trust; it is gone afterwards."""
    shutil.copytree(package_folder("checks"), folder / "natm_stack" / "checks")
    shutil.copy(package_folder("__init__.py"), folder / "natm_stack")
    shutil.copy(Path(__file__).with_name("meeting.py"), folder)
    (folder / "ca.crt").write_text(authority)
    folder.chmod(0o755)
    name = f"natm-throwaway-outside-{secrets.token_hex(4)}"
    process = subprocess.Popen(
        ["docker", "run", "--rm", "--interactive", "--name", name, "--label", f"{LABEL}=1",
         "--shm-size=256m", "--memory=2g", "--volume", f"{folder}:/natm:ro",
         "--entrypoint", "python3", image, "/natm/meeting.py"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    timer = threading.Timer(SECONDS, process.kill)
    timer.start()
    try:
        yield Meeting(process)
    finally:
        timer.cancel()
        docker("rm", "--force", name, check=False)
        process.communicate()
