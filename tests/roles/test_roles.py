# SPDX-License-Identifier: AGPL-3.0-or-later
"""The roles: quick looks that need no engine, then each on a real server (marked e2e)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ROLES = ROOT / "roles"
# In the order in which a new server gets them.
NAMES = ["base", "docker", "image_base", "networks", "backup", "platform"]
PLAYBOOKS = ROOT / "natm_stack" / "apply" / "playbooks"
TOOLS = Path(sys.executable).parent


def run(*words: str, cwd: Path = ROOT, **more: str) -> None:
    """Run a tool of our own environment; show all it said if it fails."""
    path = f"{TOOLS}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        words, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        stdin=subprocess.DEVNULL, env={**os.environ, "PATH": path, "NO_COLOR": "1", **more},
    )
    assert done.returncode == 0, done.stdout


def arguments(role: str) -> dict[str, dict[str, object]]:
    """The entry points of a role and their options, as its argument_specs.yml has them."""
    text = (ROLES / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    specs: dict[str, dict[str, object]] = yaml.safe_load(text)["argument_specs"]
    return specs


def test_every_role_is_listed_here() -> None:
    assert sorted(NAMES) == sorted(path.name for path in ROLES.iterdir() if path.is_dir())


@pytest.mark.parametrize("role", NAMES)
def test_a_role_describes_every_variable_it_has_a_default_for(role: str) -> None:
    text = (ROLES / role / "defaults" / "main.yml").read_text(encoding="utf-8")
    described = {name for entry in arguments(role).values() for name in entry["options"]}  # type: ignore[attr-defined]
    assert set(yaml.safe_load(text)) <= described
    assert all(name.startswith(f"{role}_") for name in described)


@pytest.mark.parametrize("role", NAMES)
def test_a_role_has_entry_points_for_its_task_files(role: str) -> None:
    assert "main" in arguments(role)
    assert ("remove" in arguments(role)) == (ROLES / role / "tasks" / "remove.yml").exists()


@pytest.mark.parametrize("role", NAMES)
def test_a_role_has_its_papers(role: str) -> None:
    for name in ["README.md", "meta/main.yml", "molecule/default/verify.yml"]:
        assert (ROLES / role / name).exists(), name


@pytest.mark.slow
def test_the_linter_is_content(tmp_path: Path) -> None:
    # The caches of linter and Ansible go elsewhere: the checkout stays as it is.
    run("ansible-lint", "--offline", "--profile", "production", "--strict", "roles",
        str(PLAYBOOKS.relative_to(ROOT)), "tests/roles", ANSIBLE_HOME=str(tmp_path))


@pytest.mark.parametrize("playbook", ["site.yml", "stage.yml", "remove.yml"])
def test_a_playbook_is_well_formed(playbook: str) -> None:
    run("ansible-playbook", "--syntax-check", "--inventory", "server,", str(PLAYBOOKS / playbook),
        ANSIBLE_ROLES_PATH=str(ROLES))


@pytest.mark.e2e
@pytest.mark.parametrize("role", NAMES)
def test_a_role_does_its_work_on_a_server(role: str, shared_server: Path) -> None:
    run("molecule", "test", cwd=ROLES / role, NATM_ROLES_SERVER=str(shared_server))


@pytest.mark.e2e
@pytest.mark.parametrize("scenario", ["debian-12", "no-systemd"])
def test_an_engine_is_had_on_other_machines_too(scenario: str) -> None:
    run("molecule", "test", "--scenario-name", scenario, cwd=ROLES / "docker")
