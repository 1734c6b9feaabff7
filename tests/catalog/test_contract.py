# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every platform of a catalog keeps to, whoever wrote it."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from natm_stack.load import Catalog, CatalogEntry, load_catalog
from natm_stack.load_ladder import ladder_of, load_ladder
from natm_stack.load_vetting import load_criteria, load_dossier
from natm_stack.model.deployment import Deployment, Instance, Service
from natm_stack.paths import shipped
from natm_stack.render import render
from natm_stack.testing.fakes import sample_deployment, sample_secrets
from natm_stack.vet import drift

# Nothing in this list gives a container more than the house does.
HARMLESS = {
    "image", "build", "pull_policy", "profiles", "restart", "user", "cap_drop", "cap_add",
    "security_opt", "read_only", "tmpfs", "init", "mem_limit", "memswap_limit", "pids_limit",
    "shm_size", "logging", "labels", "networks", "network_mode", "ports", "volumes",
    "environment", "command", "entrypoint", "healthcheck", "depends_on", "stop_grace_period",
    "stop_signal", "group_add", "extra_hosts", "working_dir",
}
# Written so that this file itself names none of them.
MIRRORS = re.compile(r"deb[.]debian|(ftp|security|archive|snapshot)[.][a-z.]*debian|pypi[.]\w|"
                     r"pythonhoste[d]|registry[.]npm|npmjs[.]|registry[.]yarn|docker[.]io/", re.I)


@cache
def catalog(root: Path) -> Catalog:
    """The shipped catalog, with this one on top where it is another."""
    own = shipped("catalog")
    return load_catalog(own, [] if root == own else [(root, True)])


@pytest.fixture(scope="module")
def entry(folder: Path) -> CatalogEntry:
    """The platform, read."""
    return catalog(folder.parents[1]).entries[folder.name]


@cache
def deployment(folder: Path, domain: str = "commons.example.org", tls: str = "acme") -> Deployment:
    """A stack of this platform alone, and of what every stack has."""
    return sample_deployment(catalog(folder.parents[1]), platforms={folder.name: None},
                             domain=domain, tls={"mode": tls})


@cache
def compose(folder: Path, domain: str = "commons.example.org", tls: str = "acme") -> Any:
    """The platform's compose.yml, as Compose reads it."""
    made = deployment(folder, domain, tls)
    file = render(made, sample_secrets(made)).files[f"platforms/{folder.name}/compose.yml"]
    return yaml.safe_load(file.data.decode())


@pytest.fixture(scope="module")
def instance(folder: Path) -> Instance:
    """The platform, resolved."""
    return deployment(folder).instance(folder.name)


@pytest.fixture(scope="module")
def services(folder: Path, instance: Instance) -> list[tuple[Service, dict[str, Any]]]:
    """Each service as platform.yml has it, and as compose.yml has it."""
    written = compose(folder)["services"]
    return [(service, written[service.name]) for service in instance.services]


# --- the folder

@pytest.mark.parametrize("name", [
    "platform.yml", "compose.yml.j2", "README.md", "CHANGES.md", "dossier.yml"])
def test_the_folder_is_complete(folder: Path, name: str) -> None:
    assert (folder / name).read_text(encoding="utf-8").strip()


def test_all_but_what_carries_the_proofs_has_some_of_its_own(
    folder: Path, entry: CatalogEntry
) -> None:
    assert (folder / "proofs.py").is_file() != entry.platform.carries_proofs


def test_a_dossier_says_what_each_claim_stands_on_and_since_when(entry: CatalogEntry) -> None:
    loaded = load_dossier(entry, load_criteria(shipped("catalog") / "criteria.yml"))
    assert loaded is not None
    assert loaded.dossier.claims
    assert drift(loaded.dossier.version.assessed, entry.platform.version) == "none"


def texts_of(folder: Path) -> list[tuple[Path, str]]:
    """All text files of the folder."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            data = path.read_bytes()
            if b"\0" not in data:
                found.append((path, data.decode()))
    return found


def test_no_mirror_or_registry_is_named(folder: Path) -> None:
    for path, text in texts_of(folder):
        found = MIRRORS.search(text)
        assert found is None, f"{path}: {found}"


def test_code_says_its_licence(folder: Path) -> None:
    for path, text in texts_of(folder):
        if path.suffix in (".py", ".php", ".lua", ".sh", ".js") or path.name in (
                "platform.yml", "Dockerfile"):
            assert "SPDX-License-Identifier: " in text[:400], path


def test_summary_and_settings_are_for_people(entry: CatalogEntry) -> None:
    for text in entry.platform.summary.values():
        assert text.strip() == text
        assert len(text) > 10
    for key, spec in entry.platform.settings.items():
        assert spec.description.get("en"), key


def test_volumes_are_closed_to_others(entry: CatalogEntry) -> None:
    for name, volume in entry.platform.volumes.items():
        assert volume.mode.endswith("0"), name


# --- proofs

def proofs(folder: Path) -> ast.Module:
    """The platform's proofs, or nothing."""
    file = folder / "proofs.py"
    return ast.parse(file.read_text(encoding="utf-8") if file.exists() else "")


def test_proofs_import_the_checks_and_nothing_else_of_ours(folder: Path) -> None:
    for node in ast.walk(proofs(folder)):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else (
            [alias.name for alias in node.names] if isinstance(node, ast.Import) else [])
        for name in names:
            if name.split(".")[0] == "natm_stack":
                assert name.split(".")[1:2] == ["checks"], name
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0


def test_each_proof_says_what_it_shows_in_a_sentence(folder: Path, entry: CatalogEntry) -> None:
    tests = [node for node in proofs(folder).body if isinstance(node, ast.FunctionDef)
             and node.name.startswith("test_")]
    assert tests or entry.platform.carries_proofs
    for test in tests:
        first = (ast.get_docstring(test) or "").splitlines()[:1]
        assert first, f"{test.name} has no docstring"
        assert re.match(r"[A-Z].{10,}", first[0]), f"{test.name}: {first[0]}"


# --- build recipes

def recipes(entry: CatalogEntry) -> list[tuple[str, list[str]]]:
    """Each Dockerfile's instructions: comments left out, continued lines joined."""
    found = []
    for image in entry.platform.images.values():
        if image.build:
            text = (entry.folder / image.build / "Dockerfile").read_text(encoding="utf-8")
            lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
            joined = re.sub(r"\\\n", " ", "\n".join(lines))
            assert not text.startswith("# syntax")
            assert "# syntax" not in text
            found.append((image.build, [line for line in joined.splitlines() if line.strip()]))
    return found


def last_stage(lines: list[str]) -> int:
    """Where the stage begins that becomes the image."""
    return max(n for n, line in enumerate(lines) if line.startswith("FROM"))


def test_recipes_start_from_the_base_they_are_given(entry: CatalogEntry) -> None:
    for name, lines in recipes(entry):
        assert lines[0] == "ARG BASE", name
        assert lines[1].split(" AS ")[0] == "FROM ${BASE}", name
        stages = {line.split(" AS ")[1] for line in lines if " AS " in line}
        for line in lines:
            if line.startswith("FROM"):
                assert line.split()[1] in {"${BASE}", *stages}, line


def test_recipes_keep_to_what_an_older_engine_knows(entry: CatalogEntry) -> None:
    for _name, lines in recipes(entry):
        for line in lines:
            assert not re.search(r"^(RUN|COPY|ADD) --(mount|network|security|link|chmod)", line)
            assert not re.search(r"<<-?['\"]?\w+", line.partition(" ")[0])
            assert not line.startswith("ADD "), line


def test_recipes_leave_no_mirror_in_an_images_history(entry: CatalogEntry) -> None:
    for name, lines in recipes(entry):
        for line in lines[last_stage(lines):]:
            assert not re.match(r"(ARG|ENV) .*(PIP_|NPM_|npm_|PROXY|proxy)", line), name
        for line in lines:
            assert not re.match(r"ENV .*(PIP_INDEX|NPM_CONFIG_REGISTRY)", line), name


def test_recipes_clean_up_in_the_layer_that_made_the_mess(entry: CatalogEntry) -> None:
    for name, lines in recipes(entry):
        for line in lines[last_stage(lines):]:
            if "apt-get install" in line:
                assert "--no-install-recommends" in line, name
                assert "rm -rf /var/lib/apt/lists/*" in line, name


def test_python_packages_are_locked_by_hash(folder: Path) -> None:
    for path in folder.rglob("requirements*.txt"):
        text = re.sub(r"\\\n", " ", path.read_text(encoding="utf-8"))
        for line in text.splitlines():
            if line.strip() and not line.startswith("#"):
                assert re.match(r"[\w.\[\]-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line


# --- images from elsewhere

def test_an_image_from_elsewhere_is_fixed_by_version_and_digest(
    folder: Path, entry: CatalogEntry
) -> None:
    said = (folder / "README.md").read_text(encoding="utf-8")
    for name, image in entry.platform.images.items():
        if image.reference:
            tag = image.reference.rpartition("/")[2].partition(":")[2]
            assert re.search(r"[0-9]", tag), f"{name} has no version"
            pinned = image.digest or (entry.platform.only_rendered and "not pinned yet" in said)
            assert pinned, f"{name} has no digest, and nothing says so"


def test_what_nobody_ran_says_so_to_readers(folder: Path, entry: CatalogEntry) -> None:
    said = (folder / "README.md").read_text(encoding="utf-8")
    assert ("Only rendered, never run" in said) is entry.platform.only_rendered


def test_it_stands_somewhere_on_every_rung(entry: CatalogEntry) -> None:
    assert ladder_of(entry, load_ladder(shipped("catalog") / "ladder.yml"))


# --- what Compose is given

def test_compose_has_the_services_of_platform_yml(folder: Path, instance: Instance) -> None:
    written = compose(folder)
    assert set(written) <= {"name", "services", "networks"}
    assert set(written["services"]) == {service.name for service in instance.services}
    assert written["name"] == instance.project


def test_no_service_asks_for_more_than_the_house_gives(services: Any) -> None:
    for service, written in services:
        assert set(written) <= HARMLESS, service.name
        assert "docker.sock" not in str(written)
        assert written.get("network_mode", "none") == "none"


def test_every_service_is_hardened_or_says_why_not(services: Any) -> None:
    for service, written in services:
        assert written["cap_drop"] == ["ALL"], service.name
        assert written.get("cap_add", []) == list(service.capabilities), service.name
        assert all(e.reason for e in service.exceptions)
        if not service.excepted("new_privileges"):
            assert written["security_opt"] == ["no-new-privileges:true"], service.name
        if not service.excepted("writable_root"):
            assert written["read_only"] is True, service.name
        if not service.excepted("root_user"):
            uid, gid = map(int, written["user"].split(":"))
            assert uid >= 58000, service.name
            assert gid >= 58000, service.name


def test_every_service_has_limits(services: Any) -> None:
    for service, written in services:
        assert int(written["mem_limit"].removesuffix("m")) == service.memory_mb
        assert written["memswap_limit"] == written["mem_limit"]
        assert 1 < written["pids_limit"] <= 2000
        assert {"max-size", "max-file"} <= set(written["logging"]["options"])
        for mount in written["tmpfs"]:
            assert re.search(r":size=\d+m,.*noexec,nosuid,nodev", mount), mount


def test_a_service_that_stays_up_says_whether_it_is_well(services: Any) -> None:
    for service, written in services:
        passing = service.one_shot or service.profile
        assert written["restart"] == ("no" if passing else "unless-stopped")
        if not passing:
            assert written.get("healthcheck", {}).get("test"), service.name
            assert "start_interval" not in written["healthcheck"]


def test_only_what_is_the_platforms_own_is_mounted(
    folder: Path, instance: Instance, services: Any
) -> None:
    root = deployment(folder).root
    own = {volume.path for volume in instance.volumes}
    leaves = {f"{root}/data/{c.platform_id}/{c.volume}" for c in deployment(folder).certificates}
    for service, written in services:
        for mount in written.get("volumes", []):
            assert (mount["type"], mount["bind"]) == ("bind", {"create_host_path": False})
            source = mount["source"]
            if source.startswith("./"):
                assert mount["read_only"] is True
                assert re.match(r"\./(files|secrets)(/|$)", source), source
            else:
                edge = {*leaves, f"{root}/closed"} if folder.name == "edge" else set()
                allowed = own | {f"{root}/public"} | edge
                assert source in allowed, f"{service.name}: {source}"


def test_no_secret_is_written_in_compose(folder: Path) -> None:
    made = deployment(folder)
    for value in sample_secrets(made).of(folder.name).values():
        assert value.reveal() not in str(compose(folder))


def published(folder: Path, domain: str) -> list[str]:
    """All published ports, as they are written."""
    return [port for written in compose(folder, domain)["services"].values()
            for port in written.get("ports", [])]


def test_a_stack_of_this_machine_alone_is_reached_from_this_machine_alone(folder: Path) -> None:
    assert all(p.startswith("127.0.0.1:") for p in published(folder, "commons.localhost"))
    assert not [p for p in published(folder, "commons.example.org") if p.startswith("127.")]


def test_what_is_published_is_announced(folder: Path, entry: CatalogEntry, services: Any) -> None:
    announced = {f"{p.publish}:{p.container}/{p.protocol}" for p in entry.platform.ports}
    if folder.name == "edge":
        announced |= {"80:80/tcp", "443:443/tcp"}
    assert set(published(folder, "commons.example.org")) == announced
    for service, written in services:
        if written.get("ports"):
            assert {"open", "fronts"} & set(service.networks), service.name


def test_only_the_open_network_has_a_way_out(folder: Path) -> None:
    for name, network in compose(folder).get("networks", {}).items():
        assert network.get("external") or network["internal"] is (name != "open"), name


def test_a_way_out_is_announced_with_a_reason(entry: CatalogEntry, services: Any) -> None:
    platform = entry.platform
    for service, _written in services:
        if "open" in service.networks:
            assert platform.egress or any(p.service == service.name for p in platform.ports)


def test_routes_lead_to_services_that_the_edge_can_reach(instance: Instance) -> None:
    for route in instance.routes:
        assert "front" in instance.service(route.service).networks, route.key


@pytest.mark.parametrize("tls", ["own-ca", "acme"])
def test_it_renders_whatever_the_certificates_are(folder: Path, tls: str) -> None:
    assert compose(folder, tls=tls)["services"]


def test_what_a_member_needs_to_sign_in_is_there(entry: CatalogEntry) -> None:
    platform = entry.platform
    if any(way.method == "native" for way in platform.sign_in):
        assert platform.members is not None
        assert platform.audience == "members"


# --- the catalog as a whole

def test_no_two_platforms_share_user_ids(folders: list[Path]) -> None:
    taken: dict[int, str] = {}
    for folder in folders:
        platform = catalog(folder.parents[1]).entries[folder.name].platform
        other = taken.setdefault(platform.uid, platform.id)
        assert other == platform.id, f"{other} and {platform.id} both have {platform.uid}"
