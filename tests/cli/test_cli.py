# SPDX-License-Identifier: AGPL-3.0-or-later
"""The command line as people and scripts meet it: help, exit codes, words and JSON."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from natm_stack.cli.main import COMMANDS, LazyGroup, cli
from natm_stack.testing.fakes import MemoryServer, deployed_server, sample_workspace

SECRET = "hunter2-in-a-value"
Natm = Callable[..., Any]


def leaves(command: click.Command, name: str = "natm") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its whole name."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for word in command.list_commands(context):
        one = command.get_command(context, word)
        assert one is not None, word
        yield from leaves(one, f"{name} {word}")


EVERY = dict(leaves(cli))


# --- help

@pytest.mark.parametrize("name", EVERY)
def test_every_command_helps_with_an_example(natm: Natm, name: str) -> None:
    said = natm(*name.split()[1:], "--help")
    assert (said.code, said.err) == (0, "")
    assert f"Example: {name}" in " ".join(said.out.split())


@pytest.mark.parametrize("name", EVERY)
def test_every_option_says_what_it_does(name: str) -> None:
    for parameter in EVERY[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.name}"
            assert parameter.help.endswith("."), f"{name} {parameter.name}"


def test_natm_by_itself_shows_every_command(natm: Natm) -> None:
    said = natm("--help")
    assert said.code == 0
    assert all(f"\n  {name}" in said.out for name in COMMANDS)
    assert natm().code == 2


def test_the_version_is_told_at_once() -> None:
    """Nothing heavy is loaded before it is needed."""
    code = ("import sys\nfrom natm_stack.cli.main import main\nsys.argv = ['natm', '--version']\n"
            "try:\n  main()\nexcept SystemExit as end:\n  assert end.code == 0\n"
            "print([m for m in ('pydantic', 'ansible', 'rich', 'yaml', 'jinja2', 'ruamel')"
            " if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          timeout=30)
    assert done.stdout.splitlines()[-1] == "[]"


# --- exit codes

@pytest.mark.parametrize("words", [
    ["nonsense"], ["plan", "--nonsense"], ["logs"], ["logs", "portal", "--lines", "many"],
    ["pick"], ["catalog", "show"], ["--nonsense"], ["catalog", "nonsense"],
    ["init", "--tls", "none"], ["init", "--port", "x"],
])
def test_a_command_given_wrongly_is_2(natm: Natm, words: list[str]) -> None:
    said = natm(*words)
    assert (said.code, said.out) == (2, "")
    assert said.err
    said = natm("--json", *words)
    assert (said.code, said.json["ok"], said.json["error"]["code"]) == (2, False, "usage")


@pytest.mark.parametrize(("word", "meant"), [("verfy", "verify"), ("plna", "plan")])
def test_a_misspelt_command_is_named_with_the_one_that_was_meant(
    natm: Natm, word: str, meant: str
) -> None:
    assert f"Did you mean {meant}?" in natm(word).err


@pytest.mark.parametrize("command", [
    ["plan"], ["health"], ["deploy", "--yes"], ["verify"], ["render"], ["pick", "portal"],
    ["drop", "portal"], ["logs", "portal"], ["remove", "--yes"], ["members", "list"], ["doctor"]])
def test_without_a_workspace_nothing_is_done(
    natm: Natm, tmp_path: Path, command: list[str]
) -> None:
    said = natm("-C", str(tmp_path), "--json", *command)
    assert (said.code, said.json["error"]["code"]) == (1, "workspace.none")


def test_an_error_in_words_has_its_place_and_a_hint(natm: Natm, folder: Path) -> None:
    file = folder / "stack.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("prosody", "prosodi"),
                    encoding="utf-8")
    said = natm("-C", str(folder), "plan")
    lines = said.err.splitlines()
    assert (said.code, said.out) == (1, "")
    assert lines[0].startswith("Error: ")
    assert lines[1].startswith(f"at:   {file}:")
    assert '"prosody"' in lines[2]


@pytest.mark.parametrize("at", [0, 1, 2])
def test_json_may_stand_anywhere_on_the_line(natm: Natm, tmp_path: Path, at: int) -> None:
    words = ["-C", str(tmp_path), "plan"]
    words.insert({0: 0, 1: 2, 2: 3}[at], "--json")
    error = natm(*words).json["error"]
    assert set(error) == {"code", "message", "hint", "where"}


def test_a_plan_with_changes_is_5_and_without_is_0(natm: Natm, folder: Path) -> None:
    before = natm("-C", str(folder), "plan", "--json", server=MemoryServer())
    there = deployed_server(sample_workspace(folder))
    after = natm("-C", str(folder), "plan", "--json", server=there)
    assert (before.code, before.json["ok"], before.json["kind"]) == (5, True, "plan/1")
    assert {p["action"] for p in before.json["result"]["platforms"]} == {"create"}
    assert (after.code, {p["action"] for p in after.json["result"]["platforms"]}) == (0, {"none"})


def test_a_plan_in_words_goes_to_standard_output_once(natm: Natm, folder: Path) -> None:
    said = natm("-C", str(folder), "plan", server=MemoryServer())
    assert said.out.count("Plan for riverside") == 1
    assert "+ prosody" in said.out
    assert "{" not in said.out


def test_a_deploy_where_nothing_changes_touches_nothing(natm: Natm, folder: Path) -> None:
    server = deployed_server(sample_workspace(folder))
    said = natm("-C", str(folder), "deploy", "--json", server=server)
    assert said.code == 0
    assert [name for name, _asked in server.asked] == ["look"]


@pytest.mark.parametrize("words", [
    ["deploy"], ["remove"], ["drop", "portal", "--purge"], ["members", "remove", "amina"]])
def test_a_question_without_a_terminal_is_a_usage_error(
    natm: Natm, folder: Path, words: list[str]
) -> None:
    server = MemoryServer()
    said = natm("-C", str(folder), "--json", *words, server=server)
    assert (said.code, said.json["error"]["code"]) == (2, "usage.no-terminal")
    assert "--yes" in said.json["error"]["hint"]
    assert {name for name, _asked in server.asked} <= {"look"}


def test_the_wizard_without_a_terminal_is_a_usage_error(natm: Natm, tmp_path: Path) -> None:
    said = natm("--json", "init", str(tmp_path / "new"))
    assert (said.code, said.json["error"]["code"]) == (2, "usage.missing")
    assert not (tmp_path / "new").exists()


def test_a_no_changes_nothing_and_is_1(natm: Natm, folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr(click, "confirm", lambda *_a, **_k: False)
    said = natm("-C", str(folder), "--json", "remove")
    assert (said.code, said.json["error"]["code"]) == (1, "declined")


@pytest.mark.parametrize("kind", [KeyboardInterrupt, click.Abort])
def test_a_person_who_stops_it_gets_130(
    natm: Natm, folder: Path, kind: type[BaseException]
) -> None:
    said = natm("-C", str(folder), "--json", "health", server=MemoryServer(probe=raising(kind())))
    assert (said.code, said.json["error"]["code"]) == (130, "interrupted")


def raising(error: BaseException) -> Callable[[Any], Any]:
    """A server that brings natm to a stop in this way."""

    def answer(_asked: Any) -> Any:
        raise error

    return answer


# --- bugs

def broken(asked: Any) -> Any:
    """A bug with a secret in its hands."""
    password = f"{SECRET}{asked is None}"
    raise RuntimeError(f"no idea what to do with {password[:0]}this")


def test_a_bug_is_3_with_a_report_that_holds_no_values(natm: Natm, folder: Path) -> None:
    said = natm("-C", str(folder), "--json", "health", server=MemoryServer(probe=broken))
    error = said.json["error"]
    report = Path(error["where"])
    text = report.read_text(encoding="utf-8")
    assert (said.code, error["code"]) == (3, "bug")
    assert "RuntimeError" in text
    assert "in broken" in text
    assert SECRET not in text + said.out + said.err
    assert report.stat().st_mode & 0o077 == 0 or report.parent.stat().st_mode & 0o077 == 0
    assert "Traceback" not in said.err


def test_a_report_does_not_repeat_what_the_error_says(natm: Natm, folder: Path) -> None:
    """An exception's own words may quote a value."""
    bad = MemoryServer(probe=raising(ValueError(f"cannot parse {SECRET}")))
    said = natm("-C", str(folder), "--json", "health", server=bad)
    assert said.code == 3
    assert SECRET not in Path(said.json["error"]["where"]).read_text(encoding="utf-8")


def test_a_command_whose_reader_left_ends_quietly(natm: Natm, folder: Path) -> None:
    said = natm("-C", str(folder), "health", server=MemoryServer(probe=raising(BrokenPipeError())))
    assert (said.code, said.out, said.err) == (1, "", "")


def test_natm_runs_as_a_module_too(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "natm_stack", "-C", str(tmp_path), "plan"],
                          capture_output=True, text=True, check=False, timeout=30,
                          env={**os.environ, "LC_ALL": "C"})
    assert (done.returncode, done.stdout) == (1, "")
    assert "natm init" in done.stderr


def test_commands_are_loaded_only_when_they_are_used() -> None:
    assert isinstance(cli, LazyGroup)
    groups = ("catalog", "members", "secrets")
    assert set(EVERY) >= {f"natm {name}" for name in COMMANDS if name not in groups}
