# SPDX-License-Identifier: AGPL-3.0-or-later
"""The throwaway server: its words without an engine, and itself with one (marked e2e)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from natm_stack.errors import NatmError
from natm_stack.process import SubprocessRunner
from natm_stack.testing import server as module
from natm_stack.testing.server import (
    ALIAS,
    Jump,
    Running,
    ThrowawayServer,
    known_hosts,
    leftovers,
    run_words,
    ssh_config,
)
from natm_stack.testing.server_image import image_tag, server_image

RUNNING = Running(
    name="natm-throwaway-1", host="172.17.0.9", host_key="ssh-ed25519 AAAA", folder="/keys",
    sudo_password="not-shown",
)
BEHIND = Running(
    name="natm-throwaway-2", host="172.17.0.9", host_key="ssh-ed25519 AAAA", folder="/keys",
    sudo_password="not-shown", jump=Jump("natm-throwaway-2-jump", "172.17.0.8", "ssh-ed25519 BBBB"),
)


def test_the_server_may_do_all_but_harm_its_host() -> None:
    words = run_words("one", "image", systemd=True)
    assert "--privileged" not in words
    assert {"--cap-drop=SYS_RESOURCE", "--cap-drop=SYS_TIME"} <= set(words)
    assert words[-2:] == ["image", "/sbin/init"]


def test_a_server_without_systemd_runs_sshd_alone() -> None:
    assert run_words("one", "image", systemd=False)[-1] == "/usr/local/sbin/start-plain"


def test_every_server_bears_the_label_by_which_leftovers_are_found() -> None:
    words = run_words("one", "image", systemd=True)
    assert words[words.index("--label") + 1] == "natm.throwaway=1"


def test_host_keys_are_checked_in_tests_too() -> None:
    assert "StrictHostKeyChecking yes" in ssh_config(RUNNING)
    assert known_hosts(RUNNING) == "[172.17.0.9]:2222 ssh-ed25519 AAAA\n"


def test_a_server_behind_a_jump_host_is_reached_through_it() -> None:
    text = ssh_config(BEHIND)
    assert text.count("ProxyJump") == 1
    assert f"ProxyJump {ALIAS}-jump" in text
    assert "[172.17.0.8]:2222 ssh-ed25519 BBBB\n" in known_hosts(BEHIND)


def test_the_sudo_password_is_not_shown() -> None:
    assert "not-shown" not in repr(RUNNING)


def test_another_base_makes_another_image() -> None:
    tags = {image_tag("trixie", base, engine=engine) for base in "ab" for engine in (True, False)}
    assert len(tags) == 4


def test_an_engine_on_debian_12_is_left_to_the_role() -> None:
    with pytest.raises(NatmError) as refused:
        server_image("bookworm", engine=True)
    assert refused.value.code == "testing.server-engine"


def test_a_server_that_is_not_up_says_so() -> None:
    with pytest.raises(NatmError) as refused:
        print(ThrowawayServer().host)
    assert refused.value.code == "testing.server-down"


@pytest.mark.parametrize("running", [RUNNING, BEHIND])
def test_another_process_finds_the_server_by_its_file(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "inspect", lambda kind, name: {"Name": name})
    server = ThrowawayServer()
    server._running = running
    server.save(tmp_path / "state" / "server.json")
    found = ThrowawayServer.load(tmp_path / "state" / "server.json")
    assert found is not None
    assert found.running == running
    assert (tmp_path / "state" / "server.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.e2e
def test_a_server_comes_takes_images_and_goes() -> None:
    with ThrowawayServer(engine=True, jump=True) as server:
        name = server.running.name
        hello = SubprocessRunner().run(
            ("ssh", "-F", str(server.running.ssh_config_file), ALIAS, "sudo -S -p '' id -u"),
            stdin=server.sudo_password + "\n",
        )
        assert hello.stdout.strip() == "0"
        server.load_images(["natm/debian:13"])
        server.restart_engine()
        images = json.loads(server.exec(["docker", "image", "inspect", "natm/debian:13"]).stdout)
        assert len(images) == 1
    assert name not in leftovers()
    assert not server_folder(name).exists()


def server_folder(name: str) -> Path:
    """Where the key of a server lay."""
    return module._folder(name)
