# SPDX-License-Identifier: AGPL-3.0-or-later
"""Talking with the server: the words of ssh and sudo, and what each way of failing is called."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from natm_stack.model.secret import Secret
from natm_stack.model.stack import ServerSpec
from natm_stack.server import Lock, Server, ssh_words
from natm_stack.testing.fakes import (
    PASSWORD,
    Answer,
    MemoryServer,
    RecordedHold,
    RecordingRunner,
)

SPEC = ServerSpec(host="server.example.org", user="volunteer", port=2222)
# sudo in English, and every program of ours started alike.
SUDO = ["env", "LC_ALL=C", "LANGUAGE=", "sudo"]
START = ["--", "sh", "-c", 'exec "$@"', "natm"]
QUIETLY, ASKED = [*SUDO, "-k", "-n", *START], [*SUDO, "-S", "-k", "-p", "", *START]
ASKS = Answer(1, stderr="sudo: a password is required\n")
pytestmark = pytest.mark.usefixtures("home")


def server(*answers: Answer, spec: ServerSpec = SPEC, **how: Any) -> Server:
    """A server that answers so."""
    return Server(spec, RecordingRunner(*answers, **how), lambda _host: Secret(PASSWORD))


def calls(of: Server) -> list[Any]:
    """What was run."""
    runner = of.runner
    assert isinstance(runner, RecordingRunner)
    return runner.calls


def remote(argv: tuple[str, ...]) -> list[str]:
    """The words that the server's shell is given."""
    return shlex.split(argv[-1])


# --- words

def test_the_words_of_ssh() -> None:
    words = ssh_words(SPEC)
    assert words[0] == "ssh"
    assert words[-6:] == ("-p", "2222", "-l", "volunteer", "--", "server.example.org")
    assert "ConnectTimeout=15" in words


def test_who_is_on_the_other_side_is_always_checked() -> None:
    assert not [w for w in ssh_words(SPEC) if "HostKey" in w or "KnownHosts" in w]


def test_without_a_terminal_ssh_asks_nothing() -> None:
    assert "BatchMode=yes" in ssh_words(SPEC)


def test_the_folder_of_the_shared_connection_is_closed_to_others(home: Any) -> None:
    ssh_words(SPEC)
    assert (home / ".cache" / "natm").stat().st_mode & 0o777 == 0o700


def test_ones_own_ssh_settings_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATM_SSH_CONFIG", "/some/config")
    assert ssh_words(SPEC)[1:3] == ("-F", "/some/config")


def test_words_arrive_as_they_were_given() -> None:
    one = server()
    words = ("docker", "exec", "a b", "$HOME", "'", '"', "é;rm -rf /", "")
    one.run(words)
    assert remote(calls(one)[0].argv) == [*QUIETLY, *words]


@pytest.mark.parametrize("uid", [0, 1000])
def test_this_machine_needs_no_ssh_and_root_no_sudo(
    monkeypatch: pytest.MonkeyPatch, uid: int
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: uid)
    one = server(spec=ServerSpec())
    one.run(("true",))
    assert calls(one)[0].argv == (("true",) if uid == 0 else (*QUIETLY, "true"))


# --- sudo

def test_sudo_is_tried_without_a_password_first() -> None:
    one = server()
    one.run(("true",), stdin="data")
    assert [remote(c.argv) for c in calls(one)] == [[*QUIETLY, "true"]]
    assert (calls(one)[0].stdin, one.sudo_asks) == ("data", False)


@pytest.mark.parametrize("said", [
    "sudo: a password is required", "sudo: a terminal is required to read the password",
    "sudo: no askpass program specified",
])
def test_a_password_goes_by_standard_input_alone(said: str) -> None:
    one = server(Answer(1, stderr=said), Answer(stdout="done"))
    assert one.run(("true",), stdin="data").stdout == "done"
    first, second = calls(one)
    assert remote(second.argv) == [*ASKED, "true"]
    assert (first.stdin, second.stdin) == ("data", f"{PASSWORD}\ndata")
    assert PASSWORD not in str(first.argv) + str(second.argv)
    assert PASSWORD not in repr(one)


def test_the_password_is_asked_for_once() -> None:
    asked: list[str] = []

    def ask(host: str) -> Secret:
        asked.append(host)
        return Secret(PASSWORD)

    one = Server(SPEC, RecordingRunner(ASKS), ask)
    for _again in range(3):
        one.run(("true",))
    assert asked == ["server.example.org"]
    assert len(calls(one)) == 4


def test_a_program_that_fails_is_no_question_about_a_password() -> None:
    one = server(Answer(1, stderr="no such container"))
    assert one.run(("docker", "stop", "x")).code == 1
    assert len(calls(one)) == 1


@pytest.mark.parametrize("said", [
    "Sorry, try again.", "sudo: no password was provided", "sudo: 1 incorrect password attempt",
])
def test_a_wrong_password_is_named(refused: Any, said: str) -> None:
    refused("server.wrong-password", server(ASKS, Answer(1, stderr=said)).run, ("true",))


@pytest.mark.parametrize("said", [
    "volunteer is not in the sudoers file.", "Sorry, user volunteer may not run sudo on server.",
    "bash: line 1: sudo: command not found", "sh: 1: sudo: not found",
])
def test_a_user_without_sudo_is_told_how_to_get_it(refused: Any, said: str) -> None:
    error = refused("server.no-sudo", server(Answer(127, stderr=said)).run, ("true",))
    assert "sudo" in error.hint


# --- connections

@pytest.mark.parametrize(("said", "code"), [
    ("Host key verification failed.", "server.host-key"),
    ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
     "server.host-key"),
    ("volunteer@server: Permission denied (publickey).", "server.wrong-key"),
    ("ssh: Could not resolve hostname server: Name or service not known", "server.unknown-host"),
    ("ssh: connect to host server port 22: Connection refused", "server.unreachable"),
    ("ssh: connect to host server port 22: Connection timed out", "server.unreachable"),
    ("kex_exchange_identification: Connection closed by remote host", "server.unreachable"),
    ("", "server.unreachable"),
])
def test_each_way_of_not_arriving_has_its_name(refused: Any, said: str, code: str) -> None:
    error = refused(code, server(Answer(255, stderr=said)).run, ("true",))
    assert error.where == "server.example.org"
    assert error.hint


def test_a_program_here_may_end_with_255() -> None:
    assert server(Answer(255), spec=ServerSpec()).run(("x",)).code == 255


# --- natm's small programs

def test_a_small_program_is_sent_and_its_last_line_is_the_answer() -> None:
    memory = MemoryServer(record={"value": "é😀"})
    one = Server(SPEC, memory, lambda _host: Secret(PASSWORD))
    assert one.script("record", {"name": "é😀"}) == {"value": "é😀"}
    assert memory.asked == [("record", {"name": "é😀"})]
    length, _newline, rest = memory.calls[0].stdin.partition("\n")
    assert json.loads(rest[int(length):]) == {"name": "é😀"}
    assert memory.calls[0].stdin.isascii(), "a server in another locale reads other letters"


def test_what_a_servers_start_files_print_first_does_no_harm() -> None:
    one = server(Answer(stdout='Welcome to server!\n{"value": 1}\n'))
    assert one.script("record", {}) == {"value": 1}


@pytest.mark.parametrize("answer", [
    Answer(), Answer(stdout="hello\n"), Answer(127, stderr="python3: not found")])
def test_another_answer_is_an_error(refused: Any, answer: Answer) -> None:
    refused("server.no-answer", server(answer).script, "look", {})


def test_a_password_that_comes_back_is_not_repeated(refused: Any) -> None:
    one = server(ASKS, Answer(1, stderr=f"python3: no such file {PASSWORD}"))
    assert PASSWORD not in str(refused("server.no-answer", one.script, "look", {}))


# --- the lock

def lock(*lines: str, errors: str = "") -> tuple[Any, RecordedHold]:
    """Take a lock whose holder says these lines."""
    held = RecordedHold(lines, errors)
    return Lock(server(held=held), "/srv/natm", "deploy", waits=print), held


FREE = '{"held": true, "unfinished": null}'


def test_a_lock_that_was_free() -> None:
    taken, held = lock(FREE)
    assert taken.unfinished is None
    with taken:
        taken.result = "done"
    assert json.loads(held.last or "") == {"result": "done"}


@pytest.mark.parametrize(("kind", "result"), [
    (RuntimeError, "failed"), (KeyboardInterrupt, "interrupted")])
def test_a_lock_is_let_go_whatever_happens(kind: type[BaseException], result: str) -> None:
    taken, held = lock(FREE)
    with pytest.raises(kind), taken:
        raise kind
    assert json.loads(held.last or "") == {"result": result}


def test_a_lock_that_was_lost_on_the_way_is_told(refused: Any) -> None:
    taken, held = lock(FREE)

    def work() -> None:
        with taken:
            held.gone = True

    refused("server.lock-lost", work)


def test_what_is_still_going_on_is_waited_for(refused: Any) -> None:
    owner = {"by": "amina@laptop", "command": "deploy", "since": "2026-01-01T00:00:00Z"}
    said = json.dumps({"held": False, "owner": owner, "finishing": True})
    assert "amina@laptop" in refused("server.finishing", lock, said).message


def test_a_wait_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    lock('{"waiting": {"by": "amina@laptop", "command": "deploy"}}', FREE)
    assert "amina@laptop" in capsys.readouterr().out


def test_a_lock_tells_who_broke_off() -> None:
    taken, _held = lock('{"held": true, "unfinished": {"by": "amina@laptop"}}')
    assert taken.unfinished == {"by": "amina@laptop"}


def test_a_lock_that_someone_has_names_them(refused: Any) -> None:
    owner = {"by": "amina@laptop", "command": "deploy", "since": "2026-01-01T00:00:00Z"}
    error = refused("server.locked", lock, json.dumps({"held": False, "owner": owner}))
    assert "amina@laptop" in error.message


def test_a_lock_listens_past_what_start_files_print() -> None:
    taken, _held = lock("Welcome!", "12", '{"other": 1}', FREE)
    assert taken.unfinished is None


@pytest.mark.parametrize("lines", [(), ("Welcome!",)])
def test_a_lock_that_cannot_be_taken_says_why(refused: Any, lines: tuple[str, ...]) -> None:
    error = refused("server.no-lock", lock, *lines, errors="PermissionError: /srv")
    assert "PermissionError" in error.message
