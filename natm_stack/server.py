# SPDX-License-Identifier: AGPL-3.0-or-later
"""The community's server, this machine or one over SSH: run things there, look, lock."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import shlex
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import NatmError
from .i18n import _
from .model.secret import Secret
from .model.stack import ServerSpec
from .paths import package_folder
from .process import Completed, Held, Runner

AskPassword = Callable[[str], Secret]
# Reads a program's length and text from standard input; what follows is the program's own input.
_BOOT = "import sys;n=int(sys.stdin.readline());exec(compile(sys.stdin.read(n),'natm','exec'))"
_NO_PASSWORD = ("a password is required", "a terminal is required", "no askpass")


@dataclass
class Server:
    """A connection to the server, opened when first needed."""

    spec: ServerSpec
    runner: Runner
    ask_password: AskPassword
    password: Secret | None = field(default=None, repr=False)
    sudo_asks: bool | None = None

    def run(self, argv: Sequence[str], *, stdin: str = "", timeout: float = 900) -> Completed:
        """Run a program there as root; the result says how it ended."""
        words, given = self._words(argv, stdin)
        done = self.runner.run(words, stdin=given, timeout=timeout)
        if self._wants_password(done):
            words, given = self._words(argv, stdin)
            done = self.runner.run(words, stdin=given, timeout=timeout)
        self._refuse_failed_connection(done)
        return done

    def script(self, name: str, asked: dict[str, Any], *, timeout: float = 120) -> Any:
        """Run one of natm's small programs there and return the JSON it prints."""
        done = self.run(("python3", "-c", _BOOT), stdin=_program(name, asked), timeout=timeout)
        try:
            return json.loads(done.stdout.strip().splitlines()[-1])
        except (ValueError, IndexError) as error:
            raise NatmError(
                _("the server did not answer as expected: {said}").format(
                    said=self._hidden(_last_words(done)) or _("nothing was said")),
                code="server.no-answer", where=self.spec.host,
                hint=_("it needs python3 and a user who may use sudo; `natm doctor` looks closer"),
            ) from error

    def _hidden(self, words: str) -> str:
        """Words of the server's, without the password should it have come back in them."""
        return words.replace(self.password.reveal(), "***") if self.password else words

    def hold(self, name: str, asked: dict[str, Any]) -> Held:
        """Start one of natm's small programs there and keep it until it is closed."""
        self.learn_sudo()
        words, given = self._words(("python3", "-c", _BOOT), _program(name, asked))
        return self.runner.hold(words, stdin=given)

    def learn_sudo(self) -> None:
        """Find out, once, whether sudo asks for a password there, and ask for it."""
        if self.sudo_asks is None:
            self.run(("true",))

    def _words(self, argv: Sequence[str], stdin: str) -> tuple[tuple[str, ...], str]:
        become: tuple[str, ...] = ()
        if not (self.spec.local and os.geteuid() == 0):
            asks = ("-S", "-k", "-p", "") if self.sudo_asks else ("-k", "-n")
            # -k: what sudo remembers of this terminal holds for one command and not the next.
            # sudo speaks English here, whatever the steward's language: its words are read below.
            # Rules may spare some programs the password; so that all of ours are treated alike,
            # the first one and every other is started by the same shell.
            become = ("env", "LC_ALL=C", "LANGUAGE=", "sudo", *asks, "--", "sh", "-c",
                      'exec "$@"', "natm")
        given = stdin
        if become and self.sudo_asks and self.password:
            given = self.password.reveal() + "\n" + stdin
        whole = (*become, *argv)
        if self.spec.local:
            return whole, given
        return (*ssh_words(self.spec), shlex.join(whole)), given

    def _wants_password(self, done: Completed) -> bool:
        """Whether sudo asked for a password; then it is asked for, and the program runs again."""
        if self.sudo_asks is not None or done.code == 255:
            return False
        self.sudo_asks = done.code == 1 and any(w in done.stderr for w in _NO_PASSWORD)
        if self.sudo_asks:
            self.password = self.ask_password(self.spec.host)
        return self.sudo_asks

    def _refuse_failed_connection(self, done: Completed) -> None:
        said = done.stderr
        if not self.spec.local and done.code == 255:
            raise _connection_error(self.spec, said)
        if self.sudo_asks and ("incorrect password" in said or "Sorry, try again" in said
                               or "no password was provided" in said):
            raise NatmError(_("sudo on the server refused this password"),
                            code="server.wrong-password", where=self.spec.host)
        if "is not in the sudoers file" in said or "may not run sudo" in said or (
                "sudo: command not found" in said or "sudo: not found" in said):
            raise NatmError(
                _("this user may not use sudo on the server"), code="server.no-sudo",
                where=self.spec.host,
                hint=_("as root there: apt-get install sudo && adduser NAME sudo"))


def ssh_words(spec: ServerSpec) -> tuple[str, ...]:
    """The ssh command up to the remote words; one connection is kept and shared for a minute."""
    words: list[str] = ["ssh", *ssh_options()]
    if spec.port:
        words += ["-p", str(spec.port)]
    if spec.user:
        words += ["-l", spec.user]
    return (*words, "--", spec.host)


def ssh_options() -> list[str]:
    """Options natm adds to ssh; who is on the other side is always checked."""
    # A socket's path must be short, so it lies in the runtime folder where there is one.
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or Path.home() / ".cache") / "natm"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = ["-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=15",
               "-o", "ServerAliveCountMax=4"]
    # A slash, %C's 40 bytes, the 17 ssh adds while it connects and the end mark must fit into the
    # 108 of a socket's path. Where the folder is too deep, each command connects anew: slower, and
    # it works.
    if len(bytes(folder)) + 59 <= 108:
        options += ["-o", "ControlMaster=auto", "-o", "ControlPersist=60",
                    "-o", f"ControlPath={folder}/%C"]
    if not sys.stdin.isatty():
        options += ["-o", "BatchMode=yes"]
    config = os.environ.get("NATM_SSH_CONFIG")
    return ["-F", config, *options] if config else options


def _program(name: str, asked: dict[str, Any]) -> str:
    text = (package_folder("server_side") / f"{name}.py").read_text(encoding="utf-8")
    return f"{len(text)}\n{text}{json.dumps(asked)}\n"


def _last_words(done: Completed) -> str:
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return " / ".join(lines[-3:])[:400]


def _connection_error(spec: ServerSpec, said: str) -> NatmError:
    lower = said.lower()
    cases = [
        ("host key verification failed", "server.host-key",
         _("the server's identity is not known here, or it has changed"),
         _("connect once with `ssh {host}`, compare the fingerprint with the server's owner")),
        ("permission denied", "server.wrong-key", _("the server does not accept your SSH key"),
         _("put your public key there with `ssh-copy-id {host}`, or name the right user")),
        ("could not resolve", "server.unknown-host", _("there is no machine of this name"),
         _("look at server.host in stack.yml, or at ~/.ssh/config")),
    ]
    for sign, code, message, hint in cases:
        if sign in lower:
            return NatmError(message, code=code, where=spec.host, hint=hint.format(host=spec.host))
    last = said.strip().splitlines()[-1] if said.strip() else _("no answer")
    return NatmError(
        _("the server cannot be reached: {why}").format(why=last), code="server.unreachable",
        where=spec.host, hint=_("is it on, and do host and port in stack.yml fit?"))


def who_am_i() -> str:
    """The person at this computer, for the lock and the audit log."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


class Lock:
    """The server's lock, held while this object is open; see server_side/lock.py."""

    def __init__(
        self, server: Server, root: str, command: str, *, waits: Callable[[str], None]
    ) -> None:
        self.held = server.hold("lock", {"root": root, "by": who_am_i(), "command": command})
        self.waits = waits
        self.result = "failed"
        answer = self._answer()
        self.unfinished: dict[str, str] | None = answer.get("unfinished")
        self.ended: dict[str, Any] | None = answer.get("ended")
        self._over = threading.Event()
        self._signs = threading.Thread(target=self._give_signs_of_life, daemon=True)
        self._signs.start()

    def _give_signs_of_life(self) -> None:
        """The server waits two minutes for one: a laptop may be closed at any moment."""
        while not self._over.wait(20) and self.held.tell("\n"):
            pass

    def _answer(self) -> dict[str, Any]:
        answer = self._first_answer()
        if not answer["held"]:
            owner = answer["owner"]
            if answer.get("finishing"):
                raise NatmError(
                    _("what an earlier command began is still being finished on this server: "
                      "{command} by {who}, since {since}").format(
                        who=owner.get("by", "?"), command=owner.get("command", "?"),
                        since=owner.get("since", "?")),
                    code="server.finishing", hint=_("wait a few minutes, then try again"))
            raise NatmError(
                _("{who} is at work on this server: {command}, since {since}").format(
                    who=owner.get("by", "?"), command=owner.get("command", "?"),
                    since=owner.get("since", "?")),
                code="server.locked", hint=_("wait until it is done, then try again"))
        return answer

    def _first_answer(self) -> dict[str, Any]:
        """Past what a server's own start-up files may print first."""
        while line := self.held.read_line():
            with contextlib.suppress(ValueError):
                answer = json.loads(line)
                if isinstance(answer, dict) and "held" in answer:
                    return answer
                if isinstance(answer, dict) and "ending" in answer:
                    self.waits(_("ends what an earlier command left half done"))
                if isinstance(answer, dict) and "waiting" in answer:
                    self.waits(_("waits for the end of what {command} by {who} began").format(
                        command=answer["waiting"].get("command", "?"),
                        who=answer["waiting"].get("by", "?")))
        raise NatmError(
            _("the server's lock could not be taken: {why}").format(
                why=self.held.errors().strip()[-300:]), code="server.no-lock")

    @property
    def alive(self) -> bool:
        """Whether the server can still be told something, so that nobody else is at work there."""
        return self.held.tell("")

    @property
    def fileno(self) -> int:
        """Handed to programs that act on the server: the lock lasts until they are done too."""
        return self.held.fileno

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        result = self.result if kind is None else (
            "interrupted" if issubclass(kind, KeyboardInterrupt) else "failed")
        self._over.set()
        self._signs.join(timeout=5)
        lost = not self.held.tell("")
        self.held.close(json.dumps({"result": result}) + "\n")
        if lost and kind is None:
            raise NatmError(
                _("the connection that kept others away from the server was lost on the way"),
                code="server.lock-lost",
                hint=_("somebody else may have been at work there since: look at `natm plan`"))
