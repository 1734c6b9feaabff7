# SPDX-License-Identifier: AGPL-3.0-or-later
"""Front page and video: what they are told of the one account, and what they believe."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jinja2 import Environment

from natm_stack.model.bundle import Bundle
from natm_stack.model.deployment import Deployment
from natm_stack.paths import shipped
from natm_stack.render import render
from natm_stack.testing.fakes import sample_deployment, sample_secrets

LANGUAGES = ["en", "fr", "es", "de", "pt", "ar"]
TEXTS = shipped("catalog") / "platforms/portal/texts.j2"


def stack(*more: str) -> tuple[Deployment, Bundle]:
    """Front page and video, and what else there is."""
    deployment = sample_deployment(platforms=dict.fromkeys(("portal", "janus", *more)),
                                   languages=LANGUAGES)
    return deployment, render(deployment, sample_secrets(deployment))


def text(bundle: Bundle, path: str) -> str:
    """One file."""
    return bundle.files[f"platforms/{path}"].data.decode()


def test_without_an_account_platform_nobody_is_looked_for() -> None:
    deployment, bundle = stack()
    for file in ("index.html", "trust.html"):
        page = bundle.files.get(f"platforms/portal/files/site/{file}")
        assert page is not None
        assert b"Remote-" not in page.data
        assert b'class="who"' not in page.data
    assert 'Cache-Control "no-cache"' in text(bundle, "portal/files/Caddyfile")
    assert json.loads(text(bundle, "janus/files/rooms.json"))["account"] == {}
    assert deployment.instance("janus").method == "native"


def test_each_page_leads_to_the_sign_in_and_back_to_itself() -> None:
    _, bundle = stack("identity")
    index = text(bundle, "portal/files/site/index.html")
    domain = sample_deployment().domain
    for language in LANGUAGES[1:]:
        assert f'<% urlquery "https://{domain}/{language}/" %>' in index
    assert f'<% urlquery "https://{domain}/" %>' in index
    trust = text(bundle, "portal/files/site/trust.html")
    assert trust.count('class="who"') == index.count('class="who"') == len(LANGUAGES)


def test_the_edge_alone_is_believed() -> None:
    deployment, bundle = stack("identity")
    caddy = text(bundle, "portal/files/Caddyfile")
    edge = deployment.instance("portal").front.edge_address
    assert f'@others not remote_ip "{edge}"\n\trequest_header @others -Remote-*' in caddy
    assert 'Cache-Control "no-store"' in caddy
    told = json.loads(text(bundle, "janus/files/rooms.json"))
    assert told["edge_address"] == deployment.instance("janus").front.edge_address
    assert {"home", "sign_in", "sign_out"} <= set(told["account"])


def texts() -> dict[str, dict[str, Any]]:
    """All words of the front page, by language."""
    module = Environment(autoescape=True).from_string(TEXTS.read_text("utf-8")).module
    found: dict[str, dict[str, Any]] = vars(module)["TEXTS"]
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_word(language: str) -> None:
    assert set(texts()[language]) == set(texts()["en"])
