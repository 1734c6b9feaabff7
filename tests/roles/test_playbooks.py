# SPDX-License-Identifier: AGPL-3.0-or-later
"""The playbooks on a bundle made by hand, as a community would run them: two platforms side by
side, one of which cannot start."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from natm_stack.paths import package_folder, shipped
from natm_stack.testing.server import ThrowawayServer

HERE = Path(__file__).parent

pytestmark = pytest.mark.e2e


@pytest.fixture
def server(shared_server: Path) -> ThrowawayServer:
    """The server that the roles were tried on."""
    found = ThrowawayServer.load(shared_server)
    assert found is not None
    return found


@pytest.fixture
def bundle(tmp_path: Path, server: ThrowawayServer) -> Path:
    """All that the playbooks need, in one folder."""
    shutil.copytree(shipped("roles"), tmp_path / "roles")
    shutil.copytree(shipped("catalog") / "images", tmp_path / "images")
    for path in package_folder("apply").joinpath("playbooks").iterdir():
        shutil.copy(path, tmp_path)
    for id_ in ["standin", "broken"]:
        platform = tmp_path / "platforms" / id_
        shutil.copytree(HERE / "standin", platform)
        compose = platform / "compose.yml"
        text = compose.read_text(encoding="utf-8")
        text = text.replace("standin/data", f"{id_}/data")
        text = text.replace("name: role-test-standin\n", f"name: role-test-{id_}\n", 1)
        text = text.replace("role-test-standin:1", f"role-test-{id_}:1")
        if id_ == "broken":
            text = text.replace("test, -s", "test, -d").replace("retries: 10", "retries: 1")
        compose.write_text(text, encoding="utf-8")
    (tmp_path / "become").write_text(server.sudo_password)
    (tmp_path / "inventory.yml").write_text(json.dumps(inventory(server)))
    return tmp_path


def inventory(server: ThrowawayServer) -> dict[str, Any]:
    """A host for the server, and one for each platform."""
    return {"all": {
        "vars": {
            "ansible_host": server.host, "ansible_port": server.port, "ansible_user": server.user,
            "ansible_ssh_private_key_file": str(server.key),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={server.running.known_hosts}",
            "platform_networks": [
                {"name": "role-test-standin-front", "subnet": "10.87.9.0/28", "internal": True}],
        },
        "hosts": {"server": {
            "image_base_list": [{"tag": "natm/debian:13-role-test", "suite": "trixie"}],
            "networks_list": [
                {"name": "role-test-standin-front", "subnet": "10.87.9.0/28", "internal": True}],
            "natm_host_receipt": {"stack": "role-test"},
        }},
        "children": {"platforms": {"hosts": {id_: platform(id_) for id_ in ("standin", "broken")}}},
    }}


def platform(id_: str) -> dict[str, Any]:
    """The variables of one platform."""
    data = {"path": f"/srv/natm/data/{id_}/data", "owner": "58990", "group": "58990"}
    return {
        "platform_id": id_, "platform_project": f"role-test-{id_}",
        "platform_directories": [data], "platform_receipt": {"version": "1"},
        "platform_files": [
            {"path": "compose.yml"}, {"path": "image/Dockerfile"},
            {"path": "secrets/word", "group": "58990", "mode": "0440"}],
        "platform_images": [f"natm/role-test-{id_}:1"], "platform_build": True,
        "platform_build_services": ["app"], "platform_wait_seconds": 60,
    }


def play(bundle: Path, playbook: str, **variables: object) -> subprocess.CompletedProcess[str]:
    """Run a playbook of the bundle by hand."""
    return subprocess.run(
        (sys.executable, "-m", "ansible", "playbook", "--become-password-file", "become",
         "--vault-password-file", str(HERE / "standin.key"),
         "--extra-vars", json.dumps(variables), playbook),
        cwd=bundle, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, "ANSIBLE_CONFIG": str(bundle / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
    )


def test_a_platform_that_fails_stops_no_other(bundle: Path, server: ThrowawayServer) -> None:
    try:
        first = play(bundle, "site.yml")
        assert first.returncode == 2, first.stdout + first.stderr
        why = "broken is not up: container role-test-broken-app-1 is unhealthy"
        assert why in first.stdout, first.stdout
        # A receipt that is only begun names no images: what it speaks of is not whole.
        whole = server.exec(["sh", "-c", "cd /srv/natm/receipts && grep -l image_ids *"]).stdout
        assert whole.split() == ["standin.json"]

        again = play(bundle, "site.yml")
        recap = {line.split()[0]: line for line in again.stdout.splitlines() if "ok=" in line}
        assert "changed=0" in recap["server"]
        assert "changed=0" in recap["standin"]
        assert "failed=1" in recap["broken"]
    finally:
        gone = play(bundle, "remove.yml", natm_remove_server=True, base_purge=True,
                    platform_purge=True, platform_remove_images=True)
    assert gone.returncode == 0, gone.stdout + gone.stderr
    left = server.exec(["sh", "-c", "ls -d /srv/natm; docker ps -aq; docker image ls -q; "
                        "docker network ls -q --filter label=natm"], check=False)
    assert left.stdout == ""
