# SPDX-License-Identifier: AGPL-3.0-or-later
"""One account for all: who is asked, over which network, and what each is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from natm_stack.errors import NatmError
from natm_stack.flows.health import with_what_suffers
from natm_stack.flows.members import add, remove
from natm_stack.flows.verify import finish_clean_up
from natm_stack.flows.workspace import Workspace
from natm_stack.load import Catalog, load_catalog
from natm_stack.model.bundle import Bundle
from natm_stack.model.deployment import Deployment
from natm_stack.model.results import Probe
from natm_stack.paths import shipped
from natm_stack.render import render
from natm_stack.testing.fakes import (
    MemoryServer,
    deployed_look,
    sample_deployment,
    sample_platform,
    sample_secrets,
    sample_tools,
)

SHED: dict[str, Any] = {
    "routes": [{"name": "shed", "service": "web", "port": 8080,
                "gate": {"lets_in": "programs", "shows": "/me"}, "hidden_paths": ["/inner"]}],
    "members": {"service": "web", "command": ["members"]},
    "sign_in": [{"method": "header"}, {"method": "native"}],
}
ASKING: dict[str, Any] = {
    "secrets": {"word": {"purpose": "Asks who somebody is."}}, "uid": 58710,
    "members": {"service": "web", "command": ["members"]},
    "sign_in": [{"method": "ldap", "service": "web", "secret": "word"}, {"method": "native"}],
}
APP: dict[str, Any] = {
    "secrets": {"word": {"purpose": "Asks who somebody is."}}, "uid": 58720,
    "sign_in": [{"method": "oidc", "service": "web", "secret": "word", "route": "app",
                 "redirect_paths": ["/back"], "logout_paths": ["/out"]}],
}


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """Three platforms, one for each way to ask."""
    for id_, more in (("shed", SHED), ("asking", ASKING), ("app", APP)):
        sample_platform(tmp_path, id_, **more)
    return load_catalog(shipped("catalog"), [(tmp_path, True)])


def resolved(catalog: Catalog, *ids: str) -> Deployment:
    """A stack of these."""
    return sample_deployment(catalog, platforms=dict.fromkeys(ids))


def rendered(deployment: Deployment) -> Bundle:
    """Its bundle, with secrets that are easy to find."""
    return render(deployment, sample_secrets(deployment))


def compose(bundle: Bundle, id_: str) -> Any:
    """A platform's compose.yml, as Compose reads it."""
    return yaml.safe_load(bundle.files[f"platforms/{id_}/compose.yml"].data)


def text(bundle: Bundle, path: str) -> str:
    """One file of the bundle."""
    return bundle.files[f"platforms/{path}"].data.decode()


def test_the_first_way_that_is_provided_is_taken(catalog: Catalog) -> None:
    alone = resolved(catalog, "shed", "asking", "app")
    assert [alone.instance(i).method for i in ("shed", "asking", "app")] == [
        "native", "native", None]
    assert alone.accounts is None
    together = resolved(catalog, "shed", "asking", "app", "identity")
    assert [together.instance(i).method for i in ("shed", "asking", "app", "identity")] == [
        "header", "ldap", "oidc", "native"]
    assert together.accounts == "identity"


def test_only_one_platform_keeps_the_accounts(catalog: Catalog, tmp_path: Path) -> None:
    sample_platform(tmp_path / "more", "other", uid=58730, provides={
        "header": {"service": "web", "port": 80, "route": "other"}})
    both = load_catalog(shipped("catalog"), [(tmp_path / "more", True)])
    with pytest.raises(NatmError) as caught:
        sample_deployment(both, platforms={"identity": None, "other": None})
    assert caught.value.code == "stack.accounts-twice"
    assert caught.value.where


def test_the_directory_is_reached_by_who_asks_it_and_by_nobody_else(catalog: Catalog) -> None:
    bundle = rendered(resolved(catalog, "shed", "asking", "app", "identity"))
    identity = compose(bundle, "identity")["services"]
    assert set(identity["directory"]["networks"]) == {"inner", "asking-link"}
    assert identity["directory"]["networks"]["asking-link"]["aliases"] == ["identity-directory"]
    assert set(identity["canaille"]["networks"]) == {"inner", "identity-front", "app-link"}
    assert "asking-link" in compose(bundle, "asking")["services"]["web"]["networks"]
    assert not [n for n in compose(bundle, "shed")["networks"] if n.endswith("-link")]
    made = yaml.safe_load(bundle.files["group_vars/all.yml"].data.replace(b"!unsafe", b""))
    links = {n["name"]: n for n in made["networks_list"] if n["name"].endswith("-link")}
    assert set(links) == {"natm-asking-link", "natm-app-link"}
    assert all(link["internal"] for link in links.values())


def test_a_stack_without_accounts_for_all_has_no_link(catalog: Catalog) -> None:
    bundle = rendered(resolved(catalog, "asking"))
    assert not [n for n in compose(bundle, "asking")["networks"] if n.endswith("-link")]


def test_the_account_platform_is_told_who_asks_and_by_which_password(catalog: Catalog) -> None:
    bundle = rendered(resolved(catalog, "shed", "asking", "app", "identity"))
    services = json.loads(text(bundle, "identity/files/services.json"))
    assert services["asking"] == "secret.asking.word"
    assert {"app", "shed"}.isdisjoint(services)
    clients = {c["id"]: c for c in json.loads(text(bundle, "identity/files/clients.json"))}
    assert clients["app"]["secret"] == "secret.app.word"
    assert clients["app"]["redirect_uris"] == ["https://app.commons.example.org/back"]
    assert clients["app"]["post_logout_redirect_uris"] == ["https://app.commons.example.org/out"]
    assert set(clients) == {"app", "gate"}
    for name in ("services.json", "clients.json"):
        assert bundle.files[f"platforms/identity/files/{name}"].secret


def test_who_leaves_is_told_nothing_any_more(catalog: Catalog) -> None:
    bundle = rendered(resolved(catalog, "identity"))
    assert set(json.loads(text(bundle, "identity/files/services.json"))) == {"canaille", "gate"}


def test_other_platforms_are_told_no_password(catalog: Catalog, tmp_path: Path) -> None:
    folder = sample_platform(tmp_path / "bad", "bad", uid=58740)
    (folder / "files").mkdir()
    (folder / "files" / "x.j2").write_text("{{ clients() | json }}", encoding="utf-8")
    both = load_catalog(shipped("catalog"), [(folder.parents[1], True), (tmp_path, True)])
    with pytest.raises(NatmError):
        rendered(sample_deployment(both, platforms=dict.fromkeys(("bad", "asking", "identity"))))


def test_the_edge_asks_the_gate_before_it_lets_anybody_through(catalog: Catalog) -> None:
    caddy = text(rendered(resolved(catalog, "shed", "identity")), "edge/files/Caddyfile")
    site = caddy[caddy.index("https://shed."):].partition("\n}\n")[0]
    route = site[site.index("route {"):]
    order = [route.index(word) for word in (
        "import nobody", 'respond "/inner" 404', "forward_auth identity-gate:8080",
        'uri "/gate/programs"', "request_header -Authorization", "import keep",
        "import to shed-web:8080")]
    assert order == sorted(order)
    assert "@unasked" not in site
    own = caddy[caddy.index("https://gate."):].partition("\n}\n")[0]
    assert "import keep" not in own  # the gate itself needs its cookie
    without = text(rendered(resolved(catalog, "shed")), "edge/files/Caddyfile")
    assert "forward_auth" not in without


@pytest.mark.parametrize("way", [
    {"method": "ldap"}, {"method": "ldap", "service": "web", "secret": "none"},
    {"method": "ldap", "service": "none", "secret": "word"},
    {"method": "oidc", "service": "web", "secret": "word"},
    {"method": "oidc", "service": "web", "secret": "word", "route": "none",
     "redirect_paths": ["/x"]}])
def test_a_way_in_that_leads_nowhere_is_refused(tmp_path: Path, way: dict[str, Any]) -> None:
    sample_platform(tmp_path, "asking", **{**ASKING, "sign_in": [way]})
    with pytest.raises(NatmError) as caught:
        load_catalog(shipped("catalog"), [(tmp_path, True)])
    assert "platform.yml" in str(caught.value.where)


def test_health_says_who_suffers_when_nobody_can_sign_in(catalog: Catalog) -> None:
    stack = resolved(catalog, "shed", "asking", "identity")
    bad = Probe("identity", "container gate", "failed", "it is gone", 0.0)
    assert "shed, asking" in with_what_suffers(stack, bad).says
    for other in (replace(bad, platform="shed"), replace(bad, state="ok")):
        assert with_what_suffers(stack, other) == other
    alone = resolved(catalog, "identity")
    assert with_what_suffers(alone, bad) == bad


# --- people

class People:
    """Member programs that say yes, and remember what they were asked."""

    def __init__(self, *refusing: str) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.refusing = refusing

    def __call__(self, asked: dict[str, Any]) -> dict[str, Any]:
        answers = {}
        for id_, steps in asked["chains"].items():
            answers[id_] = [self._answer(step) for step in steps]
        return answers

    def _answer(self, step: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((step["container"], step["action"], step["data"].get("name", "")))
        refuses = any(word in step["container"] for word in self.refusing)
        return {"ok": False, "code": "unknown", "message": "no"} if refuses else {"ok": True}


def workspace(tmp_path: Path, people: People, record: Any = None) -> Workspace:
    """A stack with one account, whose member programs are these."""
    sample_platform(tmp_path / "own", "shed", **SHED)
    stack = {"name": "commons", "domain": "commons.example.org",
             "platforms": dict.fromkeys(("identity", "shed"))}
    folder = tmp_path / "ws"
    folder.mkdir()
    (folder / "stack.yml").write_text(json.dumps(stack), encoding="utf-8")
    server = MemoryServer(members=people, record={"value": record})
    made = Workspace(folder, replace(sample_tools(server), catalogs=(tmp_path / "own",)))
    server.scripts["look"] = deployed_look(made.deployment, made.bundle)
    return made


def test_an_account_is_made_once_for_all(tmp_path: Path) -> None:
    people = People()
    stack = workspace(tmp_path, people)
    assert add(stack, "ada", "Ada", False).ok
    # A name from earlier days, which a platform still knows, is given to nobody else.
    assert people.asked == [("natm-shed-web-1", "list", ""),
                            ("natm-identity-directory-1", "create", "ada")]


def test_who_is_removed_is_out_where_they_are_at_the_moment(tmp_path: Path) -> None:
    people = People()
    assert remove(workspace(tmp_path, people), "ada").ok
    assert people.asked == [("natm-identity-directory-1", "remove", "ada"),
                            ("natm-shed-web-1", "end", "ada")]


def test_what_a_proof_left_goes_from_the_platform_before_its_account(tmp_path: Path) -> None:
    people = People()
    stack = workspace(tmp_path, people, {"shed": ["natm-proof-a"], "gone": ["natm-proof-b"]})
    finish_clean_up(stack)
    shed = [one for one in people.asked if one[2] == "natm-proof-a"]
    assert shed == [("natm-shed-web-1", "purge", "natm-proof-a"),
                    ("natm-identity-directory-1", "purge", "natm-proof-a")]
    kept = [asked for name, asked in stack.tools.runner.asked  # type: ignore[attr-defined]
            if name == "record" and asked.get("action") == "write"]
    assert kept[-1]["value"] == {"gone": ["natm-proof-b"]}


def test_what_could_not_be_cleaned_up_is_kept_for_the_next_time(tmp_path: Path) -> None:
    stack = workspace(tmp_path, People("directory"), {"shed": ["natm-proof-a"]})
    finish_clean_up(stack)
    kept = [asked for name, asked in stack.tools.runner.asked  # type: ignore[attr-defined]
            if name == "record" and asked.get("action") == "write"]
    assert kept[-1]["value"] == {"shed": ["natm-proof-a"]}
