# SPDX-License-Identifier: AGPL-3.0-or-later
"""The plan says exactly what a deploy would do, and nothing where nothing is to be done."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from natm_stack.diff import Look, diff, names, questions
from natm_stack.model.bundle import Bundle
from natm_stack.model.deployment import Deployment
from natm_stack.model.results import Plan
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


def plan(look: Look, **how: Any) -> Plan:
    """The plan of the sample stack for a server that looks so."""
    return diff(*sample(), look, **how)


def deployed(**changes: Any) -> Look:
    """A server that has the sample stack, with these differences."""
    return deployed_look(*sample(), **changes)


def actions(made: Plan) -> dict[str, str]:
    """What is done to each platform that something is done to."""
    return {p.id: p.action for p in made.platforms if p.action != "none"}


def test_on_a_new_server_everything_is_created() -> None:
    made = plan(empty_look())
    assert set(actions(made).values()) == {"create"}
    assert made.to_apply == tuple(i.id for i in sample()[0].instances)
    assert made.host.changes


def test_where_everything_is_there_nothing_is_done() -> None:
    made = plan(deployed())
    assert not made.changes
    assert (made.host.changes, made.to_apply, made.to_remove) == ((), (), ())


def test_full_looks_at_everything_all_the_same() -> None:
    made = plan(deployed(), full=True)
    assert set(actions(made).values()) == {"repair"}
    assert made.host.changes


def test_a_platform_that_left_the_stack_is_removed_after_the_others() -> None:
    look = deployed()
    look["receipts"]["timebank"] = {"fingerprint": "x"}
    made = plan(look)
    assert made.to_remove == ("timebank",)
    assert made.platforms[-1].id == "timebank"


def test_only_narrows_the_plan() -> None:
    made = plan(empty_look(), only=("prosody",))
    # The edge must lead to it, and the verifier must have its proofs.
    assert actions(made) == {"edge": "create", "verifier": "create", "prosody": "create"}


def with_receipt(id_: str, **changes: Any) -> Look:
    """A server whose receipt of one platform says something else."""
    look = deployed()
    look["receipts"][id_] = {**look["receipts"][id_], **changes}
    return look


def test_a_changed_file_is_named_and_so_is_one_that_goes() -> None:
    look = with_receipt("prosody", fingerprint="old")
    files = look["receipts"]["prosody"]["files"]
    files["files/prosody.cfg.lua"] = "old"
    files["files/gone.cfg"] = "old"
    (made,) = [p for p in plan(look).platforms if p.id == "prosody"]
    assert (made.action, made.files, made.stale) == (
        "change", ("files/prosody.cfg.lua",), ("files/gone.cfg",))
    assert made.restarts == ("prosody", "web")


@pytest.mark.parametrize("receipt", [
    {"fingerprint": "old", "version": "0.1"}, {"fingerprint": "old", "images": {}},
    {"fingerprint": "old"}, {"fingerprint": None},
])
def test_a_change_has_a_reason(receipt: dict[str, Any]) -> None:
    (made,) = [p for p in plan(with_receipt("portal", **receipt)).platforms if p.id == "portal"]
    assert made.action == "change"
    assert made.reasons


@pytest.mark.parametrize("receipt", [{"unreadable": True}, {}, {"files": {"a": "b"}}])
def test_a_receipt_of_a_run_that_broke_off_is_made_good(receipt: dict[str, Any]) -> None:
    look = deployed()
    look["receipts"]["portal"] = receipt
    assert actions(plan(look)) == {"portal": "repair"}


def test_a_server_cannot_make_us_remove_what_is_not_ours() -> None:
    look = with_receipt("portal", fingerprint="old")
    files = look["receipts"]["portal"]["files"]
    files.update(dict.fromkeys(["files/gone", "../../etc/passwd", "/etc/passwd", "a/../../b",
                                "{{ 7 * 7 }}", "-rf"], "x"))
    look["receipts"].update({"../up": {"fingerprint": "x"}, "a,b": {}, "all:!x": {}})
    made = plan(look)
    (portal,) = [p for p in made.platforms if p.id == "portal"]
    assert set(portal.stale) <= {"files/gone", "-rf"}
    assert made.to_remove == ()


def first_of(id_: str) -> Callable[..., Look]:
    """A server on which the first container of a platform is otherwise than it should be."""

    def change(**values: Any) -> Look:
        look = deployed()
        container = next(c for c in look["containers"] if c["project"] == f"natm-{id_}")
        container.update(values)
        return look

    return change


@pytest.mark.parametrize("values", [
    {"state": "exited"}, {"state": "restarting"}, {"health": "unhealthy"},
    {"image": "natm/portal-web:other"}, {"project": "elsewhere"}, {"oneoff": True},
])
def test_what_drifted_is_put_right(values: dict[str, Any]) -> None:
    made = plan(first_of("portal")(**values))
    assert actions(made) == {"portal": "repair"}


@pytest.mark.parametrize("values", [{"health": None}, {"health": "starting"}, {"restarts": 9}])
def test_what_is_only_starting_is_left_alone(values: dict[str, Any]) -> None:
    assert not plan(first_of("portal")(**values)).changes


def test_a_missing_image_is_built_again_and_said() -> None:
    look = deployed()
    (tag,) = [i.tag for i in sample()[0].instance("portal").images]
    look["images"][tag] = None
    (made,) = [p for p in plan(look).platforms if p.action != "none"]
    asked = plan(deployed(), full=True).platforms[0].reasons
    assert (made.id, made.action, made.build) == ("portal", "repair", (tag,))
    assert made.reasons
    assert made.reasons != asked


def test_an_image_built_on_demand_is_not_missed() -> None:
    look = deployed()
    on_demand = [i.tag for inst in sample()[0].instances for i in inst.images if i.on_demand]
    assert on_demand
    look["images"].update(dict.fromkeys(on_demand))
    assert not plan(look).changes


@pytest.mark.parametrize("changes", [
    {"engine": {"installed": False, "version": None, "compose": None}},
    {"engine": {"installed": True, "version": "27.0", "compose": None}},
    {"networks": {}},
])
def test_what_the_server_itself_lacks_is_planned(changes: dict[str, Any]) -> None:
    assert plan(deployed(**changes)).host.changes


def test_the_plan_shows_what_is_open_and_every_exception() -> None:
    made = plan(empty_look())
    assert any("edge/caddy" in note and "prosody/prosody" in note for note in made.notes)
    assert "5222/tcp on 0.0.0.0" in made.host.ports


def test_a_range_of_ports_is_one_line() -> None:
    made = sample_deployment(platforms={"janus": None})
    told = diff(made, render(made, sample_secrets(made)), empty_look()).host.ports
    assert "20000-20047/udp on 0.0.0.0" in told
    assert len(questions(made)["ports"]) == 2 + 48 + 3


def test_a_stack_of_this_machine_alone_asks_for_loopback_ports() -> None:
    asked = questions(sample_deployment(domain="commons.localhost"))
    assert {address for _protocol, address, _port in asked["ports"]} == {"127.0.0.1"}


def test_names_are_looked_up_where_an_issuer_will() -> None:
    own, public = sample_deployment(), sample_deployment(tls={"mode": "acme"})
    assert questions(own)["names"] == []
    assert questions(public)["names"] == names(public)
    assert "chat.commons.example.org" in names(public)
