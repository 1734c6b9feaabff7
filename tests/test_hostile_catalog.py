# SPDX-License-Identifier: AGPL-3.0-or-later
"""A catalog made by somebody who means harm: refused by name, and nothing reaches a server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hostile import texts
from hypothesis import given

from natm_stack.load import load_catalog, load_platform
from natm_stack.paths import shipped
from natm_stack.plaintext import one_line, visible
from natm_stack.render import render
from natm_stack.testing.fakes import sample_deployment, sample_platform, sample_secrets
from natm_stack.yamlfile import MOST_BYTES, read


def rendered(root: Path, id_: str = "timebank") -> Any:
    """The bundle of a stack with a platform of this catalog."""
    catalog = load_catalog(shipped("catalog"), [(root, True)])
    made = sample_deployment(catalog, platforms={id_: None})
    return render(made, sample_secrets(made))


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    """A sound platform, to be spoilt."""
    return sample_platform(tmp_path, "timebank")


def test_a_sound_platform_is_rendered(platform: Path) -> None:
    assert "platforms/timebank/compose.yml" in rendered(platform.parents[1]).files


@pytest.mark.parametrize("template", [
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% for a in [1, 2] recursive %}{{ loop([1, 2]) }}{% endfor %}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% macro f(n) %}{% if n %}{% set x = f(n - 1) %}{% set y = f(n - 1) %}{% endif %}"
    "{% endmacro %}{% set z = f(60) %}",
    "{% include 'compose.yml.j2' %}",
    "{% extends 'compose.yml.j2' %}",
    "{% import 'compose.yml.j2' as me %}",
    "{% set a = 'x' * 10 ** 10 %}", "{% set a = 'x' * 10000000000 %}",
    "{% set a = [1] * 10000000000 %}", "{% set a = 9 ** 9 ** 9 %}",
    "{% set a = 'x'.ljust(10000000000) %}", "{% set a = '%10000000000s' % 'x' %}",
    "{% set a = '{:10000000000}'.format('x') %}",
    "{% set n = namespace(a='x' ~ 'y') %}{% for i in range(60) %}{% set n.a = n.a ~ n.a %}"
    "{% endfor %}",
    "{% set n = namespace(a='xy') %}{% for i in range(60) %}{% set n.a = n.a + n.a %}{% endfor %}",
    "{% include '../../../../etc/passwd' %}", "{% include '/etc/passwd' %}",
    "{{ ''.__class__.__mro__ }}", "{{ self.__init__.__globals__ }}",
])
def test_a_template_that_goes_on_for_ever_or_reaches_out_is_refused(
    refused: Any, platform: Path, template: str
) -> None:
    (platform / "compose.yml.j2").write_text(template, encoding="utf-8")
    error = refused("render.refused", rendered, platform.parents[1])
    assert "timebank" in str(error.where)


@pytest.mark.parametrize("name", [
    "compose.yml.j2", "files/settings.conf", "files/deep/settings.conf.j2", "hooks/before.yml"])
@pytest.mark.parametrize("target", ["/etc/hostname", "../../../outside", "platform.yml"])
def test_a_link_brings_nothing_of_this_computer_along(
    refused: Any, platform: Path, name: str, target: str
) -> None:
    path = platform / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)
    error = refused("catalog.symlink", rendered, platform.parents[1])
    assert str(error.where).endswith(name)


@pytest.mark.parametrize("name", ["platform.yml", "dossier.yml"])
def test_no_file_that_is_read_is_a_link(refused: Any, platform: Path, name: str) -> None:
    text = (platform / "platform.yml").read_text(encoding="utf-8")
    (platform.parents[1] / "outside.yml").write_text(text, encoding="utf-8")
    (platform / name).unlink(missing_ok=True)
    (platform / name).symlink_to(platform.parents[1] / "outside.yml")
    refused("catalog.symlink", load_platform, platform)


def test_no_folder_is_a_link(refused: Any, platform: Path) -> None:
    (platform.parent / "other").symlink_to(platform)
    refused("catalog.symlink", load_catalog, platform.parents[1])


@pytest.mark.parametrize("value", [
    "../../etc", "/etc", "image/../..", "image/./x", ".git"])
def test_a_recipe_stays_in_its_folder(refused: Any, tmp_path: Path, value: str) -> None:
    folder = sample_platform(tmp_path, "timebank", images={"web": {"build": value}})
    refused("catalog.invalid", load_platform, folder)


@pytest.mark.parametrize("id_", [
    "\u0440rosody", "prosody\u200b", "pro\u202esody", "\uff50rosody", "Prosody", "pro sody", "é"])
def test_an_id_of_another_script_is_refused_and_shown_plainly(
    refused: Any, tmp_path: Path, id_: str
) -> None:
    folder = sample_platform(tmp_path, id_)
    code = "catalog.invalid" if id_.isascii() else "catalog.lookalike"
    error = refused(code, load_platform, folder)
    assert error.message.isascii()


@pytest.mark.parametrize("id_", ["pros0dy", "pr-osody", "rnediawiki", "medlawiki"])
def test_an_id_that_looks_like_another_is_refused(refused: Any, tmp_path: Path, id_: str) -> None:
    sample_platform(tmp_path, id_)
    error = refused("catalog.lookalike", load_catalog, shipped("catalog"), [(tmp_path, False)])
    assert id_ in error.message


def test_an_id_that_is_taken_needs_trust_before_it_stands_over_ours(
    refused: Any, tmp_path: Path
) -> None:
    sample_platform(tmp_path, "prosody", uid=58020)
    catalog = load_catalog(shipped("catalog"), [(tmp_path, False)])
    refused("catalog.untrusted", sample_deployment, catalog, platforms={"prosody": None})


@pytest.mark.parametrize("name", ["platform.yml", "dossier.yml"])
def test_a_pipe_is_not_waited_for(refused: Any, platform: Path, name: str) -> None:
    (platform / name).unlink(missing_ok=True)
    os.mkfifo(platform / name)
    refused("yaml.invalid", read, platform / name)


def test_a_device_without_an_end_is_not_read() -> None:
    with pytest.raises(Exception, match="person wrote"):
        read(Path("/dev/zero"))


def test_a_huge_file_is_not_taken_into_memory(refused: Any, platform: Path) -> None:
    with (platform / "dossier.yml").open("wb") as stream:
        stream.truncate(50 * 2**30)
    refused("yaml.invalid", read, platform / "dossier.yml")
    with (platform / "image" / "blob").open("wb") as stream:
        stream.truncate(50 * 2**30)
    refused("catalog.bad-file", load_platform, platform)
    assert MOST_BYTES < 2**20


@pytest.mark.parametrize("data", [
    b"\xff\xfe\x00", "id: timebank".encode("utf-16"), b"id: \xc3\x28", b"id: \x00", b"\x7fELF",
    b"a: &a [*a]", b"a: &a [x,x]\nb: &b [*a,*a]\n" + b"".join(
        f"c{n}: &c{n} [{', '.join([f'*c{n - 1}' if n else '*b'] * 9)}]\n".encode()
        for n in range(9))])
def test_what_is_no_yaml_of_a_person_is_refused(refused: Any, platform: Path, data: bytes) -> None:
    (platform / "platform.yml").write_bytes(data)
    assert "timebank" in str(refused("yaml.invalid", load_platform, platform).where)


# --- shown

@given(texts)
def test_nothing_shown_does_anything_to_a_terminal(text: str) -> None:
    shown = one_line(text)
    assert shown.replace("\u200c", "").replace("\u200d", "").isprintable()
    assert "\x1b" not in visible(text)
    assert visible(text).count("\n") == text.count("\n")


@pytest.mark.parametrize("text", ["नमस्ते", "می\u200cخواهم", "שלום", "a-b_c 1", "日本"])
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert one_line(text) == visible(text) == text
