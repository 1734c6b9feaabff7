# SPDX-License-Identifier: AGPL-3.0-or-later
"""No value, however hostile, changes the structure of a rendered file: it is refused or it is text.

Each file is rendered with a harmless value and with a hostile one, both are read as their own
language reads them, and must be the same but for that text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from hostile import texts
from hypothesis import assume, given, settings
from structures import language, leaves_like, structure

from natm_stack.errors import NatmError
from natm_stack.model.bundle import Bundle
from natm_stack.model.deployment import Deployment
from natm_stack.render import removal_inventory, render
from natm_stack.templating import json
from natm_stack.testing.fakes import sample_catalog, sample_deployment, sample_secrets

MARK = "harmless"
Change = Callable[[Deployment, str], Deployment]


def text_settings() -> Iterator[Any]:
    """Every setting of the catalog that takes any text."""
    for id_, entry in sorted(sample_catalog().entries.items()):
        for key, spec in entry.platform.settings.items():
            if spec.type == "text":
                yield pytest.param(id_, key, id=f"{id_}.{key}")


def with_title(made: Deployment, value: str) -> Deployment:
    """The deployment of a community that calls itself so. No validation stands in the way."""
    return replace(made, title=value)


def with_setting(id_: str, key: str) -> Change:
    """A change of one setting of one platform, past all validation."""

    def change(made: Deployment, value: str) -> Deployment:
        instances = tuple(
            replace(i, settings={**i.settings, key: value}) if i.id == id_ else i
            for i in made.instances)
        return replace(made, instances=instances)

    return change


def rendered(made: Deployment) -> Bundle:
    """The bundle."""
    return render(made, sample_secrets(made))


def hold_against(made: Deployment, change: Change, examples: int) -> None:
    """Render with many hostile values, each compared with the same harmless one."""
    harmless = rendered(change(made, MARK))
    assert any(MARK.encode() in file.data for file in harmless.files.values())

    @settings(max_examples=examples)
    @given(texts)
    def compare(value: str) -> None:
        assume(value)  # An empty setting may well mean something else than a text.
        try:
            bundle = rendered(change(made, value))
        except NatmError as error:
            assert error.code == "render.refused"  # noqa: PT017  # either answer is right
        else:
            compare_bundles(harmless, bundle, value)

    compare()


def compare_bundles(harmless: Bundle, bundle: Bundle, value: str) -> None:
    """File by file: the same structure, and this value where the harmless one was."""
    assert list(bundle.files) == list(harmless.files)
    for path, file in bundle.files.items():
        before = harmless.files[path]
        assert (file.mode, file.secret) == (before.mode, before.secret), path
        if before.data != file.data:
            one, other = (structure(path, f.data.decode()) for f in (before, file))
            leaves_like(one, other, partial(fits, path, value), path)


def fits(path: str, value: str, leaf: str, other: str) -> bool:
    """Whether a piece of text is the harmless one with this value in the mark's place."""
    forms = [value.replace("$", "$$") if path.endswith("/compose.yml") else value]
    if not language(path):
        # Where only lines are known, the value may stand as it is or as JSON.
        forms = [value.strip(), json(value)[1:-1]]
    return other in [leaf.replace(MARK, form) for form in forms]


def test_the_title_of_a_community_is_only_ever_text() -> None:
    hold_against(sample_deployment(), with_title, 30)


@pytest.mark.parametrize(("id_", "key"), list(text_settings()))
def test_a_setting_is_only_ever_text(id_: str, key: str) -> None:
    hold_against(sample_deployment(platforms={id_: None}), with_setting(id_, key), 20)


@pytest.mark.parametrize("value", [
    "O'Brien & Söhne", 'The "Commons"', "$5 each", "#1", "{{ 7*7 }}", "नमस्ते", "שלום", "a: b", "no",
])
def test_an_odd_title_is_written_and_not_refused(value: str) -> None:
    made = sample_deployment()
    compare_bundles(rendered(with_title(made, MARK)), rendered(with_title(made, value)), value)


def test_a_title_does_not_pass_for_an_option_of_a_program() -> None:
    """Compose's `command` is a list of words, and one of them may be the community's."""
    made = with_title(sample_deployment(), "--all")
    for path, file in rendered(made).files.items():
        if path.endswith("/compose.yml"):
            for service in structure(path, file.data.decode())["services"].values():
                assert "--all" not in service.get("command", []), path


# --- what Ansible reads

def read_by_ansible(folder: Path, data: bytes) -> Any:
    """A file of variables, by Ansible's own loader and templating."""
    file = folder / "vars.yml"
    file.write_bytes(data)
    loader = DataLoader()
    loaded = loader.load_from_file(str(file), cache="none", trusted_as_template=True)
    return Templar(loader=loader, variables={}).template(loaded)


def test_ansible_takes_every_variable_literally(tmp_path: Path) -> None:
    made = sample_deployment()
    for path, file in rendered(made).files.items():
        if path.startswith(("host_vars/", "group_vars/")) or path == "inventory.yml":
            text = file.data.decode()
            assert read_by_ansible(tmp_path, file.data) == structure(path, text), path


@settings(max_examples=60)
@given(texts)
def test_ansible_takes_a_servers_receipt_literally(tmp_path_factory: Any, value: str) -> None:
    assume("\ud800" not in value)
    receipt = {"project": value or "x", "images": {"web": value},
               "networks": [{"name": value, "subnet": value}]}
    inventory = removal_inventory(
        sample_deployment(), {"timebank": receipt}, purge=False, images=True)
    read = read_by_ansible(tmp_path_factory.getbasetemp(), inventory.data)
    variables = read["all"]["children"]["platforms"]["hosts"]["timebank"]
    assert variables["platform_project"] == receipt["project"]
    assert variables["platform_images"] == [value]
    assert variables["platform_networks"] == receipt["networks"]


def test_the_check_on_ansible_would_see_a_template(tmp_path: Path) -> None:
    assert read_by_ansible(tmp_path, b"a: '{{ 7 * 7 }}'\nb: !unsafe '{{ 7 * 7 }}'\n") == {
        "a": 49, "b": "{{ 7 * 7 }}"}
