# SPDX-License-Identifier: AGPL-3.0-or-later
"""Catalog and stack become a deployment in which nothing is left to decide, or an error."""

from __future__ import annotations

import ipaddress
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from natm_stack.load import Catalog, load_catalog
from natm_stack.model.deployment import Deployment
from natm_stack.paths import shipped
from natm_stack.testing.fakes import sample_catalog, sample_deployment, sample_platform

Layered = Callable[..., Catalog]


@pytest.fixture
def layered(tmp_path: Path) -> Layered:
    """The shipped catalog with small platforms on top, given as id and what is particular."""

    def build(trusted: bool = True, **platforms: dict[str, Any]) -> Catalog:
        for id_, changes in platforms.items():
            sample_platform(tmp_path, id_, **changes)
        return load_catalog(shipped("catalog"), [(tmp_path, trusted)])

    return build


def picked(**choices: Any) -> dict[str, Any]:
    """A change of the sample stack that picks these platforms alone."""
    return {"platforms": choices}


def test_everything_is_decided() -> None:
    made = sample_deployment()
    assert [i.id for i in made.instances] == [
        "portal", "prosody", "mediawiki", "copyparty", "edge", "verifier"]
    assert {r.host for r in made.routes} >= {"commons.example.org", "chat.commons.example.org"}
    assert made.instance("prosody").settings["archive_days"] == 365
    assert made.instance("prosody").project == "natm-prosody"
    assert not made.loopback_only


def test_resolving_twice_gives_the_same() -> None:
    assert sample_deployment() == sample_deployment()


@pytest.mark.parametrize(("platforms", "code", "meant"), [
    ({"mediawikki": None}, "stack.unknown-platform", "mediawiki"),
    ({"jabber": None}, "stack.unknown-platform", None),
    ({"prosody": {"settings": {"archive_day": 1}}}, "stack.unknown-setting", "archive_days"),
    ({"prosody": {"route": {"chatt": "x"}}}, "stack.unknown-route", "chat"),
    ({"verifier": {"route": {"chat": "x"}}}, "stack.unknown-route", None),
])
def test_an_unknown_word_is_refused_with_the_one_that_was_meant(
    refused: Any, platforms: dict[str, Any], code: str, meant: str | None
) -> None:
    error = refused(code, sample_deployment, **picked(**platforms))
    assert (f'"{meant}"' in error.hint) is (meant is not None)
    assert error.where.file == "stack.yml"
    assert error.where.line > 13


def test_a_kit_lists_only_platforms_that_are_there() -> None:
    catalog = sample_catalog()
    for kit in catalog.kits.values():
        sample_deployment(**picked(**dict.fromkeys(kit.platforms)))


@pytest.mark.parametrize("value", [-1, 36501, "30", 30.5, True])
def test_a_setting_out_of_range_or_kind_is_refused(refused: Any, value: Any) -> None:
    chosen = picked(prosody={"settings": {"archive_days": value}})
    refused("stack.bad-setting", sample_deployment, **chosen)


@pytest.mark.parametrize(("id_", "key", "value"), [
    ("mediawiki", "visibility", "secret"), ("copyparty", "thumbnails", "yes"),
    ("copyparty", "thumbnails", 1), ("prosody", "lobby_name", "x" * 61),
    ("prosody", "lobby_name", 1),
])
def test_a_setting_that_does_not_fit_is_refused(
    refused: Any, id_: str, key: str, value: Any
) -> None:
    refused("stack.bad-setting", sample_deployment, **picked(**{id_: {"settings": {key: value}}}))


def test_two_platforms_may_not_have_one_name(refused: Any) -> None:
    chosen = picked(prosody={"route": {"chat": "docs"}}, mediawiki=None)
    assert "route" in refused("stack.name-taken", sample_deployment, **chosen).hint


def test_two_routes_of_one_platform_may_not_have_one_name(refused: Any, layered: Layered) -> None:
    routes = [{"name": n, "service": "web", "port": 80} for n in ("one", "two")]
    catalog = layered(timebank={"routes": routes})
    chosen = picked(timebank={"route": {"one": "two"}})
    refused("stack.name-taken", sample_deployment, catalog, **chosen)


def test_an_address_can_be_renamed_and_moved_to_the_domain_itself() -> None:
    made = sample_deployment(**picked(prosody={"route": {"chat": "talk"}}, mediawiki={
        "route": {"docs": ""}}))
    assert [r.host for r in made.routes] == ["talk.commons.example.org", "commons.example.org"]


def port(publish: str, protocol: str = "tcp") -> dict[str, Any]:
    """A published port of a sample platform."""
    return {"ports": [{"service": "web", "container": publish, "publish": publish,
                       "protocol": protocol, "purpose": "x"}]}


@pytest.mark.parametrize(("one", "two", "taken"), [
    (port("5222"), None, True),
    (port("443"), None, True),
    (port("443", "udp"), None, False),
    (port("5222", "udp"), None, False),
    (port("20000-20040", "udp"), port("20040", "udp"), True),
    (port("20000-20040", "udp"), port("20041", "udp"), False),
    (port("20000-20040", "udp"), port("20010", "tcp"), False),
])
def test_a_port_belongs_to_one_platform(
    refused: Any, layered: Layered, one: dict[str, Any], two: dict[str, Any] | None, taken: bool
) -> None:
    given = {"timebank": one, **({"radio": {**two, "uid": 58710}} if two else {})}
    chosen = picked(prosody=None, **dict.fromkeys(given))
    catalog = layered(**given)
    if taken:
        refused("stack.port-taken", sample_deployment, catalog, **chosen)
    else:
        sample_deployment(catalog, **chosen)


@pytest.mark.parametrize("settings", [{"http_port": 5222}, {"http_port": 443}])
def test_the_edge_shares_its_ports_with_nobody(refused: Any, settings: dict[str, int]) -> None:
    refused("stack.port-taken", sample_deployment,
            **picked(prosody=None, edge={"settings": settings}))


def test_a_range_of_udp_ports_is_carried_through(layered: Layered) -> None:
    made = sample_deployment(layered(timebank=port("20000-20040", "udp")), **picked(timebank=None))
    (spec,) = made.instance("timebank").service("web").ports
    assert (spec.protocol, spec.container, len(spec.published())) == ("udp", "20000-20040", 41)


def test_another_port_than_443_shows_in_every_address() -> None:
    made = sample_deployment(**picked(portal=None, edge={"settings": {"https_port": 8443}}))
    assert (made.https_port, made.routes[0].url) == (8443, "https://commons.example.org:8443")


def test_a_platform_outside_of_the_network_range_is_refused(
    refused: Any, layered: Layered
) -> None:
    catalog = layered(timebank={"uid": 58640})
    error = refused("stack.range-too-small", sample_deployment, catalog,
                    **picked(timebank=None), network_range="10.1.0.0/20")
    assert error.where.line > 1
    sample_deployment(catalog, **picked(timebank=None), network_range="10.1.0.0/19")


def test_the_last_platform_there_can_be_fits_in_the_usual_range(layered: Layered) -> None:
    made = sample_deployment(layered(timebank={"uid": 59990}), **picked(timebank=None))
    assert made.instance("timebank").open.subnet == "172.28.49.224/28"


def test_an_untrusted_platform_is_refused(refused: Any, layered: Layered) -> None:
    catalog = layered(trusted=False, timebank={})
    refused("catalog.untrusted", sample_deployment, catalog, **picked(timebank=None))


def test_an_untrusted_platform_that_another_needs_is_refused(
    refused: Any, layered: Layered, tmp_path: Path
) -> None:
    catalog = layered(timebank={})
    needs = {"memory_mb": 1, "disk_mb": 1, "platforms": ["timebank"]}
    own = tmp_path / "other"
    sample_platform(own, "radio", uid=58710, needs=needs)
    both = load_catalog(shipped("catalog"), [(tmp_path, False), (own, True)])
    assert catalog.entries["timebank"].trusted
    refused("catalog.untrusted", sample_deployment, both, **picked(radio=None))


def test_an_untrusted_platform_that_nobody_picked_stands_in_nobodys_way(layered: Layered) -> None:
    sample_deployment(layered(trusted=False, timebank={}), **picked(portal=None))


def needing(*others: str) -> dict[str, Any]:
    """A platform that needs others."""
    return {"needs": {"memory_mb": 1, "disk_mb": 1, "platforms": list(others)}}


def test_what_a_platform_needs_comes_with_it_and_before_it(layered: Layered) -> None:
    catalog = layered(alpha={**needing("beta"), "uid": 58700},
                      beta={**needing("gamma"), "uid": 58710}, gamma={"uid": 58720})
    made = sample_deployment(catalog, **picked(alpha=None))
    assert [i.id for i in made.instances][:3] == ["gamma", "beta", "alpha"]
    assert "alpha" in made.instance("beta").reason


def test_platforms_that_need_each_other_are_put_in_some_order(layered: Layered) -> None:
    catalog = layered(alpha=needing("beta"), beta={**needing("alpha"), "uid": 58710})
    made = sample_deployment(catalog, **picked(alpha=None))
    assert {i.id for i in made.instances} == {"alpha", "beta", "edge", "verifier"}


def test_a_need_that_no_catalog_has_is_refused(refused: Any, layered: Layered) -> None:
    catalog = layered(timebank=needing("nobody"))
    refused("stack.unknown-platform", sample_deployment, catalog, **picked(timebank=None))


def test_users_and_networks_are_everybodys_own() -> None:
    made = sample_deployment()
    blocks = [range(i.uid, i.uid + 10) for i in made.instances]
    assert all(not set(a) & set(b) for a, b in combinations(blocks, 2))
    for instance, block in zip(made.instances, blocks, strict=True):
        assert {s.uid for s in instance.services} | {v.uid for v in instance.volumes} <= set(block)
    subnets = [ipaddress.IPv4Network(net.subnet) for i in made.instances
               for net in (i.front, i.inner, i.open)]
    assert all(not a.overlaps(b) for a, b in combinations(subnets, 2))


def test_addresses_lie_in_their_networks_and_apart() -> None:
    for instance in sample_deployment().instances:
        net = ipaddress.IPv4Network(instance.front.subnet)
        given = ipaddress.IPv4Network(instance.front.ip_range)
        fixed = [ipaddress.IPv4Address(a)
                 for a in (instance.front.gateway, instance.front.edge_address)]
        assert given.subnet_of(net)
        assert all(a in net and a not in given for a in fixed)
        assert fixed[0] != fixed[1]


def test_only_the_open_network_has_a_way_out() -> None:
    for i in sample_deployment().instances:
        assert (i.front.internal, i.inner.internal, i.open.internal) == (True, True, False)


def test_a_second_copy_can_stand_beside_the_first() -> None:
    one, two = sample_deployment(), sample_deployment(
        prefix="drill", network_range="172.29.0.0/16",
        server={"host": "local", "root": "/srv/drill"})
    for first, second in zip(one.instances, two.instances, strict=True):
        assert first.project != second.project
        assert first.front.name != second.front.name
        assert {v.path for v in first.volumes}.isdisjoint(v.path for v in second.volumes)


def test_adding_a_platform_moves_no_other() -> None:
    few, many = sample_deployment(**picked(prosody=None)), sample_deployment()
    assert few.instance("prosody") == many.instance("prosody")


def test_a_stack_of_this_machine_alone_listens_on_loopback() -> None:
    assert sample_deployment(domain="commons.localhost").loopback_only


# --- image tags

def tags(deployment: Deployment) -> dict[str, str]:
    """The tag of every image."""
    return {f"{i.id}/{image.name}": image.tag for i in deployment.instances for image in i.images}


@pytest.fixture
def shipped_copy(tmp_path: Path) -> Path:
    """A copy of the shipped catalog that may be changed."""
    return Path(shutil.copytree(shipped("catalog"), tmp_path / "catalog"))


def changed_by(copy: Path, change: Callable[[Path], object]) -> set[str]:
    """The images whose tags are others after a change of the catalog."""
    before = tags(sample_deployment(load_catalog(copy)))
    change(copy)
    after = tags(sample_deployment(load_catalog(copy)))
    return {name for name in before if before[name] != after[name]}


def append(path: str) -> Callable[[Path], object]:
    """A change that adds a comment to one file."""

    def change(folder: Path) -> None:
        with (folder / path).open("a", encoding="utf-8") as stream:
            stream.write("\n# changed\n")

    return change


@pytest.mark.parametrize(("path", "images"), [
    ("platforms/prosody/images/server/Dockerfile", {"prosody/server"}),
    ("platforms/portal/image/Dockerfile", {"portal/web"}),
    ("platforms/prosody/compose.yml.j2", set()),
    ("platforms/prosody/files/prosody.cfg.lua.j2", set()),
    ("platforms/prosody/proofs.py", set()),
    ("platforms/prosody/README.md", set()),
])
def test_a_tag_changes_with_its_recipe_alone(
    shipped_copy: Path, path: str, images: set[str]
) -> None:
    assert changed_by(shipped_copy, append(path)) == images


def test_every_tag_changes_with_the_base(shipped_copy: Path) -> None:
    everything = set(tags(sample_deployment()))
    assert changed_by(shipped_copy, append("images/base/build.sh")) == everything


def test_every_tag_changes_with_the_package_epoch() -> None:
    one, two = tags(sample_deployment()), tags(sample_deployment(package_epoch="2026-02-01"))
    assert all(one[name] != two[name] for name in one)


@pytest.mark.parametrize("change", [
    {"title": "Other"}, {"domain": "other.example.org"}, {"languages": ["de"]},
    {"prefix": "other"}, {"network_range": "10.0.0.0/16"}, {"server": {"host": "local"}},
    picked(portal=None, prosody={"settings": {"archive_days": 1}}, mediawiki=None, copyparty=None),
])
def test_nothing_else_changes_a_tag(change: dict[str, Any]) -> None:
    assert tags(sample_deployment(**change)) == tags(sample_deployment())


def test_an_upstream_image_is_named_with_its_digest(layered: Layered) -> None:
    digest = "sha256:" + "a" * 64
    images = {"web": {"reference": "registry.example/web:1", "digest": digest}}
    made = sample_deployment(layered(timebank={"images": images}), **picked(timebank=None))
    (image,) = made.instance("timebank").images
    assert (image.tag, image.recipe) == (f"registry.example/web:1@{digest}", None)


def test_an_image_is_built_on_demand_where_its_platform_says_so(layered: Layered) -> None:
    images = {"web": {"build": "image", "on_demand": True}}
    made = sample_deployment(layered(timebank={"images": images}), **picked(timebank=None))
    assert [i.on_demand for i in made.instance("timebank").images] == [True]


def test_without_a_title_the_domain_is_the_title() -> None:
    assert sample_deployment(title="").title == "commons.example.org"


def test_a_catalog_without_an_edge_is_resolved_all_the_same() -> None:
    catalog = sample_catalog()
    bare = replace(catalog, entries={"portal": catalog.entries["portal"]})
    assert [i.id for i in sample_deployment(bare, **picked(portal=None)).instances] == ["portal"]


def gated(**gate: Any) -> dict[str, Any]:
    """A platform with a gate, and a setting that opens it to strangers."""
    setting = {"type": "choice", "choices": ["closed", "open"], "default": "closed",
               "opens": ["open"], "description": {"en": "Who reads."}}
    return {"settings": {"doors": setting}, "sign_in": [{"method": "header"}, {"method": "native"}],
            "routes": [{"name": "timebank", "service": "web", "port": 80,
                        "gate": {"shows": "/me", **gate}}]}


@pytest.mark.parametrize(("given", "lets_in"), [
    ({}, "members"), ({"doors": "closed"}, "members"), ({"doors": "open"}, "everyone"),
])
def test_a_gate_follows_the_setting_that_opens_it(
    layered: Layered, given: dict[str, str], lets_in: str
) -> None:
    made = sample_deployment(layered(timebank=gated(opened_by="doors")), **picked(
        identity=None, timebank={"settings": given}))
    gate = made.instance("timebank").routes[0].gate
    assert gate is not None
    assert (gate.lets_in, gate.path) == (lets_in, f"/gate/{lets_in}")


def test_a_gate_that_no_setting_opens_stays_as_it_is(layered: Layered) -> None:
    made = sample_deployment(layered(timebank=gated()), **picked(
        identity=None, timebank={"settings": {"doors": "open"}}))
    gate = made.instance("timebank").routes[0].gate
    assert gate is not None
    assert gate.lets_in == "members"


@pytest.mark.parametrize("gate", [
    {"opened_by": "windows"}, {"opened_by": "doors", "lets_in": "programs"},
    {"opened_by": "doors", "lets_in": "everyone"},
])
def test_a_gate_that_nothing_could_open_is_refused(
    refused: Any, layered: Layered, gate: dict[str, str]
) -> None:
    refused("catalog.invalid", layered, timebank=gated(**gate))


def test_a_setting_that_opens_nothing_opens_no_gate(refused: Any, layered: Layered) -> None:
    changes = gated(opened_by="doors")
    changes["settings"]["doors"]["opens"] = []
    refused("catalog.invalid", layered, timebank=changes)
