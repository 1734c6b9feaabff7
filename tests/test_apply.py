# SPDX-License-Identifier: AGPL-3.0-or-later
"""Running ansible-playbook: its words, what it says on the way, and what comes of it."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from structures import of_yaml

from natm_stack.apply.events import Event, Summary
from natm_stack.apply.run import apply, environment, playbook_argv
from natm_stack.model.results import ApplyReport
from natm_stack.model.secret import Secret
from natm_stack.model.stack import ServerSpec
from natm_stack.server import Server
from natm_stack.testing.fakes import PASSWORD, Answer, Call, RecordingRunner

Said = tuple[str, str, str]
VARIABLES = {"natm_stale": {"portal": ["files/{{ 7 * 7 }}"]}, "flag": True}
pytestmark = pytest.mark.usefixtures("home")


def test_the_words_of_a_playbook() -> None:
    argv = playbook_argv("site.yml", limit=["server", "edge"], key_file=Path("/k"),
                         variables_file=Path("/v"), password_file=Path("/p"))
    assert argv[:4] == (sys.executable, "-m", "ansible", "playbook")
    assert argv[argv.index("--limit") + 1] == "server,edge"
    assert argv[argv.index("--vault-password-file") + 1] == "/k"
    assert argv[argv.index("--become-password-file") + 1] == "/p"
    assert argv[argv.index("--extra-vars") + 1] == "@/v"


def test_without_a_sudo_password_none_is_spoken_of() -> None:
    argv = playbook_argv("site.yml", limit=[], key_file=Path("/k"), variables_file=Path("/v"),
                         password_file=None)
    assert "--become-password-file" not in argv


def test_the_bundles_own_settings_hold() -> None:
    env = environment(Path("/b"), Path("/e"))
    assert (env["ANSIBLE_CONFIG"], env["NATM_EVENTS"]) == ("/b/ansible.cfg", "/e")
    assert "StrictHostKeyChecking" not in env["ANSIBLE_SSH_ARGS"]


# --- what events amount to

def event(kind: str, host: str, task: str = "t", at: float = 1.0, **more: Any) -> Event:
    """Something Ansible said."""
    return Event.of({"event": kind, "host": host, "task": task, "at": at, **more})


def summed(platforms: tuple[str, ...], *events: Event) -> Summary:
    """All that was said, added up."""
    summary = Summary(platforms)
    for one in events:
        summary.add(one)
    return summary


def test_a_platform_that_got_through_is_done() -> None:
    report = summed(("portal",), event("start", "portal", at=2.0),
                    event("ok", "portal", at=3.5, changed=True)).report(9.0)
    (one,) = report.platforms
    assert (one.state, one.seconds, one.changed, report.tasks) == ("done", 1.5, True, 1)
    assert report.ok


def test_a_platform_nobody_spoke_of_was_not_reached() -> None:
    report = summed(("portal", "edge"), event("ok", "edge")).report(1.0)
    assert [p.state for p in report.platforms] == ["unreached", "done"]
    assert not report.ok


def test_the_step_is_where_it_failed_first_and_the_words_are_the_last_ones() -> None:
    report = summed(
        ("portal",), event("failed", "portal", "Start the containers", message="exit 1"),
        event("failed", "portal", "Tell what happened", message="web is unwell\nline 1\nline 2"),
    ).report(1.0)
    (one,) = report.platforms
    assert (one.state, one.step, one.message) == ("failed", "Start the containers", "web is unwell")
    assert one.log == ("line 1", "line 2")


@pytest.mark.parametrize(("kind", "state"), [("failed", "failed"), ("unreachable", "unreached")])
def test_a_failure_without_words_is_a_failure(kind: str, state: str) -> None:
    (one,) = summed(("portal",), event(kind, "portal", message="")).report(1.0).platforms
    assert (one.state, one.message) == (state, "")


def test_what_failed_on_the_server_itself_is_kept_apart() -> None:
    summary = summed(("portal",), event("failed", "server", message="no room"))
    assert (summary.host_failure, summary.failed_platforms) == ("no room", ())


# --- a run

@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[ApplyReport, list[Event], RecordingRunner]]:
    """Apply with an Ansible that says these things and ends so."""

    def start(
        said: list[Said], answer: Answer | None = None, *, password: bool = False,
        act: Callable[[Call], None] = lambda _call: None,
    ) -> tuple[ApplyReport, list[Event], RecordingRunner]:
        def ansible(call: Call) -> Answer:
            act(call)
            lines = [json.dumps({"event": k, "host": h, "task": "t", "at": 1.0, "message": m})
                     for k, h, m in said]
            text = "".join(f"{line}\n" for line in lines)
            with Path(call.env["NATM_EVENTS"]).open("a", encoding="utf-8") as stream:
                stream.write(text)
            return answer or Answer()

        runner, heard = RecordingRunner(reply=ansible), list[Event]()
        server = Server(ServerSpec(), runner, lambda _host: Secret(PASSWORD),
                        password=Secret(PASSWORD) if password else None)
        report = apply(tmp_path, "site.yml", hosts=["server", "portal"], server=server,
                       key_file=tmp_path / "key", variables=VARIABLES, listen=heard.append,
                       keep_open=(7,))
        return report, heard, runner

    return start


def test_every_event_is_heard_and_counted(run: Any) -> None:
    report, heard, runner = run([("start", "portal", ""), ("ok", "portal", "")])
    assert [e.kind for e in heard] == ["start", "ok"]
    assert [p.state for p in report.platforms] == ["done"]
    assert (runner.calls[0].keep_open, runner.calls[0].cwd.is_dir()) == ((7,), True)


def test_a_platform_that_fails_is_a_report_and_no_error(run: Any) -> None:
    report, _heard, _runner = run([("failed", "portal", "no")], Answer(code=2))
    assert [p.message for p in report.platforms] == ["no"]


@pytest.mark.parametrize("code", [1, 3, 250, -9])
def test_an_ansible_that_broke_is_an_error_even_if_a_platform_failed(
    refused: Any, run: Any, code: int
) -> None:
    refused("apply.host-failed", run, [("failed", "portal", "no")], Answer(code, stderr="broke"))


def test_variables_go_by_a_closed_file_as_plain_text(run: Any) -> None:
    seen: list[Any] = []

    def look(call: Call) -> None:
        file = Path(call.argv[call.argv.index("--extra-vars") + 1].removeprefix("@"))
        assert file.stat().st_mode & 0o077 == 0
        text = file.read_text(encoding="utf-8")
        assert '!unsafe "files/{{ 7 * 7 }}"' in text
        seen.append(of_yaml(text))

    run([("ok", "portal", "")], act=look)
    assert seen == [VARIABLES]


@pytest.mark.parametrize(("said", "answer", "words"), [
    ([("failed", "server", "apt has no room")], Answer(2), "apt has no room"),
    ([], Answer(1, stderr="ERROR! no such playbook"), "no such playbook"),
    ([], Answer(4, stdout="something on stdout"), "something on stdout"),
])
def test_a_server_that_cannot_be_made_ready_is_an_error(
    refused: Any, run: Any, said: list[Said], answer: Answer, words: str
) -> None:
    assert words in refused("apply.host-failed", run, said, answer).message


def test_the_sudo_password_goes_through_a_pipe_alone(run: Any) -> None:
    read: list[str] = []

    def look(call: Call) -> None:
        assert PASSWORD not in str(call)
        file = Path(call.argv[call.argv.index("--become-password-file") + 1])
        assert file.is_fifo()
        assert file.stat().st_mode & 0o077 == 0
        read.append(file.read_text(encoding="utf-8"))

    run([("ok", "portal", "")], password=True, act=look)
    assert read == [f"{PASSWORD}\n"]


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_ansible_that_never_asks_for_the_password_leaves_nothing_behind(run: Any) -> None:
    before = threading.active_count()
    for _again in range(5):
        run([("ok", "portal", "")], password=True)
    assert threading.active_count() == before
