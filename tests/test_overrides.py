# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a community changes in a platform's Compose file goes its way beside it, and says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from natm_stack.diff import diff
from natm_stack.load import load_stack
from natm_stack.model.deployment import Deployment
from natm_stack.render import render
from natm_stack.resolve import resolve
from natm_stack.stackfile import new_text
from natm_stack.testing.fakes import empty_look, sample_catalog, sample_secrets

OWN = "# Our old server is slow.\nservices: {web: {cpus: 0.5}}\n"


def workspace(folder: Path, **overrides: str) -> Path:
    """A workspace with a portal and these overrides."""
    (folder / "stack.yml").write_text(new_text({
        "name": "commons", "title": "", "domain": "commons.example.org", "languages": ["en"],
        "server": {"host": "local"}, "tls": {"mode": "own-ca"}, "package_epoch": "1",
        "platforms": ["portal"]}), encoding="utf-8")
    for id_, text in overrides.items():
        (folder / "overrides" / id_).mkdir(parents=True)
        (folder / "overrides" / id_ / "compose.yml").write_text(text, encoding="utf-8")
    return folder / "stack.yml"


def deployment(file: Path) -> Deployment:
    """The stack of this file, resolved."""
    return resolve(sample_catalog(), load_stack(file))


def test_an_override_lies_beside_the_compose_file_word_for_word(tmp_path: Path) -> None:
    made = deployment(workspace(tmp_path, portal=OWN))
    bundle = render(made, sample_secrets(made))
    assert bundle.files["platforms/portal/compose.override.yml"].data.decode() == OWN
    assert "platforms/edge/compose.override.yml" not in bundle.files
    notes = diff(made, bundle, empty_look()).notes
    assert [note for note in notes if note.endswith("overrides: portal")]


@pytest.mark.parametrize(("id_", "text", "code"), [
    ("portall", OWN, "overrides.idle"), ("prosody", OWN, "overrides.idle"),
    ("portal", "- a\n", "overrides.form"), ("portal", "", "overrides.form"),
    ("portal", "services:\n\tweb:\n", "yaml.invalid"),
])
def test_an_override_that_cannot_be_is_refused_with_its_place(
    tmp_path: Path, refused: Any, id_: str, text: str, code: str
) -> None:
    file = workspace(tmp_path, **{id_: text})
    assert f"overrides/{id_}/compose.yml" in str(refused(code, deployment, file).where)
