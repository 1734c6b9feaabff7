# SPDX-License-Identifier: AGPL-3.0-or-later
"""install.sh: what it refuses, and how the demo comes and goes, with a stand-in for natm."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = ["install.sh", "test.sh", ".ci/run", "scripts/common.sh", "scripts/demo.sh"]
# Notes how it is called, and ends as the file named after its command says.
STAND_IN = """#!/bin/sh
shift 2
printf '%s\\n' "$*" >> "$CALLS"
echo "the word of $*"
exit "$(cat "$CALLS.$1$2" 2> /dev/null || echo 0)"
"""
# The demo's functions, with nothing installed and nobody asked for a password.
DRIVER = """set -eu
here=$1 natm=$2 yes=$4 keep=$5 home=/nowhere bin=/nowhere
. "$here/scripts/common.sh"
. "$here/scripts/demo.sh"
install_natm() { :; }
learn_sudo() { :; }
make_scratch
"$3"
"""
Demo = Callable[..., subprocess.CompletedProcess[str]]


def run(*words: object, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a script with nobody at the terminal."""
    return subprocess.run(
        list(map(str, words)), text=True, capture_output=True, stdin=subprocess.DEVNULL,
        check=False, env={**os.environ, **env})


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_is_content() -> None:
    done = run("shellcheck", "--external-sources", "--source-path", ROOT,
               *(ROOT / name for name in SCRIPTS))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("words", [["--nonsense"], ["--yes"], ["demo", "--keep-data"]])
def test_words_it_does_not_know_are_a_usage_error(words: list[str]) -> None:
    done = run(ROOT / "install.sh", *words)
    assert done.returncode == 2
    assert "Usage:" in done.stderr


def test_the_demo_never_lies_in_the_checkout() -> None:
    done = run(ROOT / "install.sh", "demo", NATM_DEMO_DIR=str(ROOT / "a-demo"))
    assert done.returncode == 1
    assert "may not lie in the checkout" in done.stderr
    assert not (ROOT / "a-demo").exists()


def test_the_demo_takes_no_folder_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("mine")
    for words in (["demo"], ["demo", "--remove", "--yes"]):
        done = run(ROOT / "install.sh", *words, NATM_DEMO_DIR=str(tmp_path))
        assert ("holds something else" in done.stderr) or ("nothing was removed" in done.stdout)
    assert [path.name for path in tmp_path.iterdir()] == ["letters"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the demo's workspace will be; a space in it on purpose."""
    return tmp_path / "the demo"


@pytest.fixture
def demo(tmp_path: Path, folder: Path) -> Demo:
    """`demo("demo_up")`: run one of the demo's functions in a made-up world."""
    natm = tmp_path / "natm"
    natm.write_text(STAND_IN)
    natm.chmod(0o755)
    (tmp_path / "server" / "public").mkdir(parents=True)
    (tmp_path / "server" / "public" / "ca.crt").write_text("a certificate")

    def call(what: str, yes: str = "", keep: str = "") -> subprocess.CompletedProcess[str]:
        return run("sh", "-c", DRIVER, "sh", ROOT, natm, what, yes, keep,
                   NATM_DEMO_DIR=str(folder), CALLS=str(tmp_path / "calls"),
                   NATM_VAULT_KEY_FILE=str(tmp_path / "key"))

    assert call("open_workspace").returncode == 0
    stack = (folder / "stack.yml").read_text()
    (folder / "stack.yml").write_text(
        stack.replace("host: local", f"host: local\n  root: {tmp_path}/server"))
    (tmp_path / "key").write_text("a key")
    return call


def calls(tmp_path: Path) -> list[str]:
    """How natm was called, in order."""
    file = tmp_path / "calls"
    return file.read_text().splitlines() if file.exists() else []


DEPLOY = "deploy --yes --browser"
ADD = "members add first-steward --display-name First steward --steward"


def test_the_first_run_brings_all_up_and_the_second_changes_nothing(
    demo: Demo, folder: Path, tmp_path: Path
) -> None:
    first = demo("demo_up")
    assert first.returncode == 0, first.stderr
    assert calls(tmp_path) == [DEPLOY, ADD]
    assert "https://commons.localhost" in first.stdout
    credentials = folder / "credentials.txt"
    assert "the word of members add" in credentials.read_text()
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    assert {"/credentials.txt", "/bundle/"} <= set((folder / ".gitignore").read_text().split())
    assert (folder / "ca.crt").read_text() == "a certificate"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert demo("demo_up").returncode == 0
    assert calls(tmp_path) == [DEPLOY, ADD, DEPLOY]
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_failed_proof_shows_the_demo_and_its_exit_code(demo: Demo, tmp_path: Path) -> None:
    (tmp_path / "calls.deploy--yes").write_text("4")
    done = demo("demo_up")
    assert done.returncode == 4
    assert "https://commons.localhost" in done.stdout


def test_a_failed_deploy_ends_it(demo: Demo, tmp_path: Path) -> None:
    (tmp_path / "calls.deploy--yes").write_text("1")
    done = demo("demo_up")
    assert done.returncode == 1
    assert calls(tmp_path) == [DEPLOY]
    assert "run ./install.sh demo again" in done.stderr


def test_a_steward_who_is_there_gets_a_new_password(
    demo: Demo, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "calls.membersadd").write_text("1")
    assert demo("demo_up").returncode == 0
    assert calls(tmp_path)[-1] == "members reset first-steward"
    assert "the word of members reset" in (folder / "credentials.txt").read_text()


def test_no_credentials_are_kept_that_do_not_hold_everywhere(
    demo: Demo, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "calls.membersadd").write_text("1")
    (tmp_path / "calls.membersreset").write_text("1")
    assert demo("demo_up").returncode == 1
    assert not (folder / "credentials.txt").exists()


def test_removing_asks_first(demo: Demo, folder: Path, tmp_path: Path) -> None:
    done = demo("demo_remove")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert calls(tmp_path) == []
    assert folder.exists()


def test_removing_with_yes_leaves_nothing(demo: Demo, folder: Path, tmp_path: Path) -> None:
    done = demo("demo_remove", yes="1")
    assert done.returncode == 0, done.stderr
    assert calls(tmp_path) == ["remove --purge --yes"]
    assert not folder.exists()
    assert not (tmp_path / "key").exists()
    assert "Docker" in done.stdout


def test_data_that_is_kept_keeps_its_secrets_too(demo: Demo, folder: Path, tmp_path: Path) -> None:
    assert demo("demo_remove", yes="1", keep="1").returncode == 0
    assert calls(tmp_path) == ["remove --yes"]
    assert (folder / "stack.yml").exists()
    assert (tmp_path / "key").exists()
