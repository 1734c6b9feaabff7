# SPDX-License-Identifier: AGPL-3.0-or-later
"""stack.yml and platform.yml: what is wrong is said once, with code, line and what was meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from natm_stack.errors import Place
from natm_stack.load import load_catalog, load_platform, load_stack, stack_from, tree_digest
from natm_stack.model.base import check_domain
from natm_stack.paths import shipped

GOOD = """\
name: riverside
title: Riverside Commons
domain: commons.example.org
languages: [en, pt-BR]
server:
  host: server.example.org
  port: 22
tls:
  mode: acme
network_range: 172.28.0.0/16
package_epoch: 2026-01-31
platforms:
  portal:
  prosody:
    route: {chat: talk}
    settings:
      archive_days: 30
"""


def stack(text: str) -> Any:
    """The stack of this text."""
    return stack_from(text, Path("stack.yml"))


def test_a_good_stack_is_read(tmp_path: Path) -> None:
    (tmp_path / "stack.yml").write_text(GOOD, encoding="utf-8")
    loaded = load_stack(tmp_path / "stack.yml")
    assert loaded.folder == tmp_path
    assert loaded.stack.choice("prosody").settings == {"archive_days": 30}
    assert loaded.stack.choice("portal").settings == {}


@pytest.mark.parametrize(("old", "new", "line"), [
    pytest.param("name: riverside", "name: Riverside", 1, id="capital in the name"),
    pytest.param("name: riverside", "name: 12", 1, id="number as name"),
    pytest.param("Riverside Commons", '"a\\nb"', 2, id="line break in the title"),
    pytest.param("Riverside Commons", '"a\\u202eb"', 2, id="turned writing in the title"),
    pytest.param("Riverside Commons", "x" * 81, 2, id="title too long"),
    pytest.param("Riverside Commons", "[a, b]", 2, id="list as title"),
    pytest.param("commons.example.org", "commons", 3, id="domain of one word"),
    pytest.param("commons.example.org", '"commons.example.org\\n"', 3, id="line break in domain"),
    pytest.param("commons.example.org", "comm ons.example.org", 3, id="space in the domain"),
    pytest.param("commons.example.org", "10", 3, id="number as domain"),
    pytest.param("[en, pt-BR]", "[en, Portugues]", 4, id="language by name"),
    pytest.param("[en, pt-BR]", "en", 4, id="language without a list"),
    pytest.param("[en, pt-BR]", "[]", 4, id="no language"),
    pytest.param("host: server.example.org", "host: -oProxyCommand=x", 6, id="option as host"),
    pytest.param("port: 22", "port: ssh", 7, id="port by name"),
    pytest.param("port: 22", "port: 022", 7, id="octal port"),
    pytest.param("port: 22", "port: 2e1", 7, id="port as a power"),
    pytest.param("port: 22", "port: 70000", 7, id="port too high"),
    pytest.param("port: 22", "port: yes", 7, id="yes as port"),
    pytest.param("port: 22", "root: /srv/../etc", 7, id="root upwards"),
    pytest.param("port: 22", "root: /srv", 7, id="root not a folder of its own"),
    pytest.param("mode: acme", "mode: on", 9, id="on as mode"),
    pytest.param("mode: acme", "mode: files", 8, id="files without files"),
    pytest.param("172.28.0.0/16", "8.8.0.0/16", 10, id="public addresses"),
    pytest.param("172.28.0.0/16", "127.0.0.0/16", 10, id="loopback addresses"),
    pytest.param("172.28.0.0/16", "169.254.0.0/16", 10, id="link-local addresses"),
    pytest.param("172.28.0.0/16", "172.28.0.0/24", 10, id="too few addresses"),
    pytest.param("172.28.0.0/16", "172.28.0.1/16", 10, id="not a network"),
    pytest.param("2026-01-31", "2.10", 11, id="epoch as a number"),
    pytest.param("2026-01-31", "1", 11, id="epoch as a whole number"),
    pytest.param("  portal:\n", "  Portal:\n", 13, id="capital in a platform's id"),
    pytest.param("  portal:\n", "  portal: yes\n", 13, id="yes to a platform"),
    pytest.param("{chat: talk}", "{chat: Talk}", 15, id="capital in an address"),
    pytest.param("{chat: talk}", "{chat: a.b}", 15, id="dot in an address"),
    pytest.param("archive_days: 30", "archive_days: [30]", 17, id="list as setting"),
    pytest.param("archive_days: 30", "archive_days:", 17, id="empty setting"),
])
def test_a_wrong_value_is_refused_on_its_line(
    refused: Any, old: str, new: str, line: int
) -> None:
    assert old in GOOD
    error = refused("stack.invalid", stack, GOOD.replace(old, new))
    assert error.where == Place("stack.yml", line)
    assert "more thing" not in (error.hint or "")


@pytest.mark.parametrize("text", ["", "- portal\n", "word\n", "12\n"])
def test_a_file_without_keys_is_refused(refused: Any, text: str) -> None:
    refused("stack.invalid", stack, text)


@pytest.mark.parametrize("text", [
    GOOD.split("platforms:")[0] + "platforms: {}\n",
    GOOD.split("platforms:")[0] + "platforms: [portal, prosody]\n",
    GOOD.split("platforms:")[0] + "platforms:\n",
])
def test_platforms_must_be_named(refused: Any, text: str) -> None:
    assert refused("stack.invalid", stack, text).where.line == 12


@pytest.mark.parametrize(("old", "new", "line", "meant"), [
    ("title:", "titel:", 2, "title"),
    ("domain:", "domian:", 3, "domain"),
    ("  host:", "  hots:", 6, "host"),
    ("    settings:", "    setings:", 16, "settings"),
    ("platforms:", "platform:", 12, "platforms"),
])
def test_a_misspelt_key_is_named_with_the_one_that_was_meant(
    refused: Any, old: str, new: str, line: int, meant: str
) -> None:
    error = refused("stack.invalid", stack, GOOD.replace(old, new, 1))
    assert error.where == Place("stack.yml", line)
    assert f'"{meant}"' in (error.hint or "")


def test_of_several_problems_one_is_shown_and_the_others_are_counted(refused: Any) -> None:
    text = GOOD.replace("port: 22", "port: ssh").replace("mode: acme", "mode: none")
    assert "1 more" in (refused("stack.invalid", stack, text).hint or "")


def test_a_missing_key_is_named(refused: Any) -> None:
    error = refused("stack.invalid", stack, GOOD.replace("domain: commons.example.org\n", ""))
    assert error.message.startswith("domain:")


@pytest.mark.parametrize("domain", [
    "commons.example.org", "a.b", "xn--mnchen-3ya.example", "1.example", "commons.localhost",
])
def test_a_domain_in_its_ascii_form_is_taken(domain: str) -> None:
    assert check_domain(domain) == domain


@pytest.mark.parametrize("domain", [
    "commons", "Commons.example.org", "commons.example.org.", "-a.example", "a-.example",
    "a..example", "a_b.example", "a.example\n", "x" * 64 + ".example", "a." * 120 + "example", "",
])
def test_what_is_no_domain_is_refused(domain: str) -> None:
    with pytest.raises(ValueError, match="domain"):
        check_domain(domain)


def test_a_domain_in_another_script_is_refused_with_its_ascii_form() -> None:
    with pytest.raises(ValueError, match=r"xn--mnchen-3ya\.example"):
        check_domain("münchen.example")


# --- the catalog

PLATFORM = """\
id: timebank
name: Timebank
version: "1.0"
category: tool
title: {en: Time}
summary: {en: Hours for hours.}
licence: MIT
homepage: https://timebank.example
uid: 58700
needs: {memory_mb: 10, disk_mb: 10}
images:
  web: {build: image}
services:
  web:
    image: web
    memory_mb: 64
volumes:
  data: {holds: Everything.}
settings:
  days: {type: integer, default: 3, minimum: 1, description: {en: How long.}}
routes:
  - {name: time, service: web, port: 8080}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A catalog of one platform."""
    platform = tmp_path / "catalog" / "platforms" / "timebank"
    (platform / "image").mkdir(parents=True)
    (platform / "image" / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\n", encoding="utf-8")
    (platform / "platform.yml").write_text(PLATFORM, encoding="utf-8")
    return platform


def test_a_platform_is_read(folder: Path) -> None:
    entry = load_platform(folder)
    assert (entry.platform.id, entry.trusted, list(entry.recipes)) == ("timebank", True, ["web"])


@pytest.mark.parametrize(("old", "new", "code", "line"), [
    ("id: timebank", "id: timebankk", "catalog.wrong-folder", 1),
    ('version: "1.0"', "version: 1.0", "catalog.invalid", 3),
    ("title: {en: Time}", "title: {fr: Temps}", "catalog.invalid", 5),
    ("uid: 58700", "uid: 1000", "catalog.invalid", 9),
    ("{build: image}", "{build: ../image}", "catalog.invalid", 12),
    ("{build: image}", "{build: missing}", "catalog.no-recipe", 12),
    ("{build: image}", "{build: image, reference: x}", "catalog.invalid", 12),
    ("memory_mb: 64", "memory: 64", "catalog.invalid", 16),
    ("default: 3", "default: 0", "catalog.invalid", 20),
    ("default: 3", "default: three", "catalog.invalid", 20),
    ("port: 8080", "port: http", "catalog.invalid", 22),
])
def test_a_wrong_platform_is_refused_on_its_line(
    refused: Any, folder: Path, old: str, new: str, code: str, line: int
) -> None:
    assert old in PLATFORM
    (folder / "platform.yml").write_text(PLATFORM.replace(old, new), encoding="utf-8")
    assert refused(code, load_platform, folder).where == Place(str(folder / "platform.yml"), line)


@pytest.mark.parametrize(("old", "new"), [
    ("image: web", "image: wep"),
    ("service: web", "service: wep"),
    ("uid: 58700", "uid: 58705"),
    ("volumes:\n", "certificates: [{name: '', volume: certs}]\nvolumes:\n"),
    ("volumes:\n", "members: {service: wep, command: [x]}\nvolumes:\n"),
    ("{holds: Everything.}", "{holds: Everything., uid: 58711}"),
    ("volumes:\n", "ports: [{service: wep, container: '1', publish: '1', purpose: x}]\nvolumes:\n"),
])
def test_names_that_do_not_meet_are_refused(
    refused: Any, folder: Path, old: str, new: str
) -> None:
    (folder / "platform.yml").write_text(PLATFORM.replace(old, new, 1), encoding="utf-8")
    refused("catalog.invalid", load_platform, folder)


@pytest.mark.parametrize("ports", [
    "container: '0', publish: '0'", "container: '1', publish: '70000'",
    "container: '20-10', publish: '20-10'", "container: '10-20', publish: '10-21'",
    "container: 80, publish: 80",
])
def test_an_impossible_port_is_refused(refused: Any, folder: Path, ports: str) -> None:
    text = PLATFORM + f"ports: [{{service: web, purpose: x, {ports}}}]\n"
    (folder / "platform.yml").write_text(text, encoding="utf-8")
    refused("catalog.invalid", load_platform, folder)


def test_two_platforms_may_not_share_user_ids(refused: Any, folder: Path) -> None:
    text = PLATFORM.replace("58700", "58020")
    (folder / "platform.yml").write_text(text, encoding="utf-8")
    error = refused("catalog.uid-taken", load_catalog, shipped("catalog"),
                    [(folder.parents[1], True)])
    assert error.where.line == 9


def test_a_layer_stands_over_the_catalog_below(folder: Path) -> None:
    own = folder.with_name("portal")
    folder.rename(own)
    text = PLATFORM.replace("id: timebank", "id: portal").replace("58700", "58010")
    (own / "platform.yml").write_text(text, encoding="utf-8")
    catalog = load_catalog(shipped("catalog"), [(own.parents[1], False)])
    assert catalog.entries["portal"].platform.name == "Timebank"
    assert not catalog.entries["portal"].trusted
    assert catalog.entries["prosody"].trusted


def test_a_folder_with_an_underscore_is_not_a_platform(folder: Path) -> None:
    folder.rename(folder.with_name("_timebank"))
    catalog = load_catalog(shipped("catalog"), [(folder.parents[1], True)])
    assert "timebank" not in catalog.entries


def test_a_missing_catalog_is_named(refused: Any, tmp_path: Path) -> None:
    refused("catalog.missing", load_catalog, tmp_path / "nowhere")


def test_a_wrong_kit_is_refused(refused: Any, folder: Path) -> None:
    kits = folder.parents[1] / "kits"
    kits.mkdir()
    (kits / "x.yml").write_text("name: x\nplatforms: []\n", encoding="utf-8")
    refused("catalog.invalid", load_catalog, folder.parents[1])


@pytest.mark.parametrize("change", [
    lambda f: (f / "new").write_text("", encoding="utf-8"),
    lambda f: (f / "image" / "Dockerfile").write_text("ARG BASE\n", encoding="utf-8"),
    lambda f: (f / "image" / "Dockerfile").chmod(0o755),
    lambda f: (f / "image" / "Dockerfile").rename(f / "image" / "Containerfile"),
])
def test_any_change_of_a_folder_changes_its_digest(folder: Path, change: Any) -> None:
    before = tree_digest(folder)
    change(folder)
    assert tree_digest(folder) != before


@pytest.mark.parametrize("target", ["platform.yml", "/etc/passwd", "image", "nowhere"])
def test_a_link_in_a_catalog_is_refused(refused: Any, folder: Path, target: str) -> None:
    (folder / "link").symlink_to(target)
    refused("catalog.symlink", tree_digest, folder)


def test_what_python_leaves_behind_does_not_change_a_digest(folder: Path) -> None:
    before = tree_digest(folder)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "proofs.pyc").write_bytes(b"x")
    assert tree_digest(folder) == before
