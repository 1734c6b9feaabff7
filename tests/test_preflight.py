# SPDX-License-Identifier: AGPL-3.0-or-later
"""What makes a deployment impossible is said before anything is changed."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from natm_stack.diff import Look, diff
from natm_stack.model.bundle import Bundle
from natm_stack.model.deployment import Deployment
from natm_stack.preflight import refuse
from natm_stack.render import render
from natm_stack.testing.fakes import (
    deployed_look,
    empty_look,
    sample_deployment,
    sample_secrets,
)


@cache
def sample() -> tuple[Deployment, Bundle]:
    """The sample stack and its bundle."""
    made = sample_deployment()
    return made, render(made, sample_secrets(made))


def check(look: Look) -> None:
    """Plan for this server, and refuse what cannot be."""
    refuse(sample()[0], diff(*sample(), look), look)


def test_a_roomy_server_is_fine() -> None:
    check(empty_look())


def engine(version: str | None, compose: str | None = "2.26.1") -> dict[str, Any]:
    """A server with these versions."""
    there = {"installed": version is not None, "version": version, "compose": compose}
    return {"engine": there}


@pytest.mark.parametrize(("changes", "code"), [
    (engine("19.03.15"), "server.engine-too-old"),
    (engine("20.10.24+dfsg1"), None),
    (engine("27.3.1-rc.1"), None),
    (engine("27.3.1", "2.19.1"), "server.compose-too-old"),
    (engine("27.3.1", "1.29.2"), "server.compose-too-old"),
    (engine("27.3.1", "2.26.1-4+b1"), None),
    (engine("27.3.1", None), None),
    (engine(None, None), None),
    ({"networks": {"bridge": ["172.17.0.0/16", "fd00::/64"], "host": []}}, None),
    ({"networks": {"other-portal-front": ["172.28.0.64/28"]}}, "server.range-taken"),
    ({"networks": {"vpn": ["172.16.0.0/12"]}}, "server.range-taken"),
    ({"taken": [["udp", 443]]}, "server.port-taken"),
    ({"memory": {"total": 2000, "available": 200}}, "server.too-little-memory"),
    ({"disk": 100}, "server.too-little-disk"),
    ({"taken": [["tcp", 443]]}, "server.port-taken"),
    ({"taken": [["tcp", 80]]}, "server.port-taken"),
    ({"taken": [["tcp", 5222]]}, "server.port-taken"),
])
def test_what_stands_in_the_way_is_named(
    refused: Any, changes: dict[str, Any], code: str | None
) -> None:
    if code is None:
        check(empty_look(**changes))
    else:
        refused(code, check, empty_look(**changes))


@pytest.mark.parametrize(("system", "code"), [
    ({"id": "debian", "version": "12"}, None), ({"id": "debian", "version": "13"}, None),
    ({"id": "debian", "version": "11"}, "server.system"),
    ({"id": "ubuntu", "version": "24.04"}, "server.system"),
    ({"id": "fedora", "version": "13"}, "server.system"),
])
def test_natm_installs_an_engine_only_where_it_knows_how(
    refused: Any, system: dict[str, str], code: str | None
) -> None:
    look = empty_look(system={"name": "x", **system}, **engine(None, None))
    if code:
        refused(code, check, look)
        check({**look, **engine("24.0.7")})
    else:
        check(look)


@pytest.mark.parametrize("port", [80, 443, 5222])
def test_a_port_that_this_stack_has_itself_is_not_taken(port: int) -> None:
    look = deployed_look(*sample(), taken=[["tcp", port]])
    look["receipts"]["portal"]["fingerprint"] = "old"
    check(look)


def test_a_port_of_a_stopped_container_is_taken_by_somebody_else(refused: Any) -> None:
    look = deployed_look(*sample(), taken=[["tcp", 5222]])
    for container in look["containers"]:
        if container["project"] == "natm-prosody":
            container["state"] = "exited"
    refused("server.port-taken", check, look)


def test_where_nothing_changes_nothing_stands_in_the_way() -> None:
    full = {"memory": {"total": 1, "available": 1}, "disk": 1, "taken": [["tcp", 443]]}
    check(deployed_look(*sample(), **full))


def test_what_runs_already_has_its_memory() -> None:
    look = deployed_look(*sample(), memory={"total": 1, "available": 1})
    look["receipts"]["portal"]["fingerprint"] = "old"
    check(look)


def test_an_engine_that_is_too_old_is_named_even_if_nothing_changes(refused: Any) -> None:
    refused("server.engine-too-old", check, deployed_look(*sample(), **engine("19.03.1")))
