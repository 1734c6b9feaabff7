# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs ansible-playbook on the bundle as a program of its own, and listens to it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import NatmError
from ..files import write
from ..i18n import _
from ..model.results import ApplyReport
from ..model.secret import Secret
from ..paths import package_folder
from ..process import Completed
from ..server import Server, ssh_options
from ..varsfile import vars_file
from .events import Event, Summary

Listener = Callable[[Event], None]


def playbook_argv(
    playbook: str, *, limit: Sequence[str], key_file: Path, variables_file: Path,
    password_file: Path | None, inventory: str = "inventory.yml",
) -> tuple[str, ...]:
    """The words of one ansible-playbook command. Pure."""
    words = [
        sys.executable, "-m", "ansible", "playbook", playbook,
        "--inventory", inventory, "--limit", ",".join(limit),
        "--vault-password-file", str(key_file), "--extra-vars", f"@{variables_file}",
    ]
    if password_file is not None:
        words += ["--become-password-file", str(password_file)]
    return tuple(words)


def environment(bundle: Path, events: Path) -> dict[str, str]:
    """The environment of ansible-playbook: the bundle's own settings and natm's listener."""
    return {
        "ANSIBLE_CONFIG": str(bundle / "ansible.cfg"),
        "ANSIBLE_CALLBACK_PLUGINS": str(package_folder("apply") / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "natm_events", "NATM_EVENTS": str(events),
        "ANSIBLE_SSH_ARGS": " ".join(ssh_options()), "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "False", "PYTHONUNBUFFERED": "1",
        "LC_ALL": os.environ.get("LC_ALL") or "C.UTF-8",
    }


def apply(
    bundle: Path, playbook: str, *, hosts: Sequence[str], server: Server, key_file: Path,
    variables: dict[str, Any], listen: Listener, keep_open: Sequence[int] = (),
    inventory: str = "inventory.yml",
) -> ApplyReport:
    """Run a playbook on some hosts of the bundle's inventory; tell `listen` of every step."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="natm-") as folder, \
            _password_file(server.password, Path(folder)) as password_file:
        events = Path(folder) / "events"
        events.touch(mode=0o600)
        given = Path(folder) / "variables.yml"
        # Some of it comes from the server's receipts: Ansible must not read it as a template.
        write(given, vars_file(variables).data, 0o600)
        argv = playbook_argv(playbook, limit=hosts, key_file=key_file, variables_file=given,
                             password_file=password_file, inventory=inventory)
        summary = Summary(tuple(h for h in hosts if h != "server"))

        def hear(event: Event) -> None:
            summary.add(event)
            listen(event)

        with _follow(events, hear):
            done = server.runner.run(
                argv, env=environment(bundle, events), cwd=bundle, keep_open=keep_open)
    _refuse_failed_start(done, summary)
    return summary.report(time.monotonic() - started)


def _refuse_failed_start(done: Completed, summary: Summary) -> None:
    """Ansible that ended badly without a word about any host, or whose host play failed."""
    # 2 and 4: hosts failed or could not be reached. Anything else and Ansible itself broke.
    if done.code == 0 or (done.code in (2, 4, 6) and summary.failed_platforms):
        return
    message = summary.host_failure or (done.stderr.strip() or done.stdout.strip())[-1500:]
    raise NatmError(
        _("the server could not be made ready: {why}").format(why=message),
        code="apply.host-failed",
        hint=_("mend that and run the command again; it goes on from here"))


@contextmanager
def _password_file(password: Secret | None, folder: Path) -> Iterator[Path | None]:
    """A pipe with a name, so that the sudo password never lies on a disk."""
    if password is None:
        yield None
        return
    pipe = folder / "sudo"
    os.mkfifo(pipe, 0o600)
    text = password.reveal() + "\n"

    def write() -> None:
        # Ansible may end before it reads the password.
        with contextlib.suppress(BrokenPipeError), pipe.open("w", encoding="utf-8") as stream:
            stream.write(text)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        yield pipe
    finally:
        # Where nobody came to read, the writer still waits: read it away ourselves.
        os.close(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK))
        writer.join(timeout=2)


@contextmanager
def _follow(events: Path, handle: Callable[[Event], object]) -> Iterator[None]:
    """Read the events file while it grows, in a thread of its own."""
    over = threading.Event()

    def read() -> None:
        with events.open(encoding="utf-8") as stream:
            part = ""
            while True:
                last = over.is_set()
                part += stream.read()
                *lines, part = part.split("\n")
                for line in lines:
                    handle(Event.of(json.loads(line)))
                if last:
                    return
                over.wait(0.1)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield
    finally:
        over.set()
        reader.join(timeout=5)


