# SPDX-License-Identifier: AGPL-3.0-or-later
"""A copy for a drill: reached by nobody, reaching nobody, and in nobody's way."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

import pytest
import yaml

from natm_stack.backupfile import backup_files
from natm_stack.errors import NatmError
from natm_stack.isolation import isolated
from natm_stack.model.bundle import Bundle
from natm_stack.model.deployment import Deployment
from natm_stack.render import render
from natm_stack.testing.fakes import (
    sample_catalog,
    sample_deployment,
    sample_secrets,
    sample_stack,
)

ALL = {id_: None for id_ in sample_catalog().entries}  # noqa: C420


@pytest.fixture(scope="module")
def copy() -> Deployment:
    """The copy of a stack with every platform there is."""
    return isolated(sample_catalog(), sample_stack(platforms=ALL))


@pytest.fixture(scope="module")
def bundle(copy: Deployment) -> Bundle:
    """The same, rendered."""
    return render(copy, sample_secrets(copy))


def composed(bundle: Bundle, id_: str) -> dict[str, Any]:
    """A platform's compose.yml in the copy."""
    value: dict[str, Any] = yaml.safe_load(bundle.files[f"platforms/{id_}/compose.yml"].data)
    return value


@pytest.mark.parametrize("id_", ALL)
def test_nothing_is_published_and_no_network_leads_out(
    bundle: Bundle, copy: Deployment, id_: str
) -> None:
    internal = {net["name"] for net in yaml.safe_load(
        bundle.files["group_vars/all.yml"].data.replace(b"!unsafe ", b""))["networks_list"]
        if net["internal"]}
    value = composed(bundle, id_)
    assert not [s for s in value["services"].values() if "ports" in s]
    for network in value.get("networks", {}).values():
        assert network.get("internal") or network["name"] in internal
        assert network["name"].startswith(f"{copy.prefix}-")


def test_nothing_of_it_is_the_stacks_own(bundle: Bundle, copy: Deployment) -> None:
    own = sample_deployment(platforms=ALL)
    ours = {net.subnet for i in own.instances for net in (i.front, i.inner, i.open)}
    for instance in copy.instances:
        for net in (instance.front, instance.inner, instance.open):
            one = ipaddress.ip_network(net.subnet)
            assert not any(one.overlaps(ipaddress.ip_network(other)) for other in ours)
    assert {i.project for i in copy.instances}.isdisjoint({i.project for i in own.instances})
    mounts = [m["source"] for id_ in ALL for s in composed(bundle, id_)["services"].values()
              for m in s.get("volumes", []) if m["source"].startswith("/")]
    assert mounts
    assert all(m.startswith("/srv/natm/drill/") for m in mounts)


def test_it_reads_the_stacks_repository_and_has_no_timer(copy: Deployment) -> None:
    files = backup_files(copy, sample_secrets(copy))
    targets = json.loads(files["backup/targets.json"].data)
    assert targets["here"]["url"] == "/srv/natm/backup/repository"
    assert json.loads(files["backup/plan.json"].data)["root"] == "/srv/natm/drill"
    assert copy.backup.daily == "off"


def test_where_there_are_no_addresses_for_it_that_is_said() -> None:
    with pytest.raises(NatmError) as caught:
        isolated(sample_catalog(), sample_stack(
            network_range="172.28.0.0/20", platforms={"portal": None}))
    assert caught.value.code == "drill.no-range"


@pytest.mark.parametrize(("letters", "fits"), [(25, True), (26, False), (31, False)])
def test_a_copy_never_takes_the_names_of_the_stack_itself(letters: int, fits: bool) -> None:
    stack = sample_stack(prefix="n" * letters)
    if fits:
        assert isolated(sample_catalog(), stack).prefix == f"{'n' * letters}-drill"
        return
    with pytest.raises(NatmError) as refused:
        isolated(sample_catalog(), stack)
    assert refused.value.code == "drill.no-prefix"
