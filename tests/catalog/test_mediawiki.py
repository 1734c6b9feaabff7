# SPDX-License-Identifier: AGPL-3.0-or-later
"""Docs: who the wiki believes, with the one account and without."""

from __future__ import annotations

import re
from typing import Any

import pytest

from natm_stack.model.bundle import Bundle
from natm_stack.model.deployment import Deployment
from natm_stack.render import render
from natm_stack.testing.fakes import sample_deployment, sample_secrets


def resolved(*ids: str, **settings: Any) -> Deployment:
    """A stack with the wiki and these."""
    return sample_deployment(platforms={
        "mediawiki": {"settings": settings}, **dict.fromkeys(ids)})


def text(deployment: Deployment, name: str) -> str:
    """One of the wiki's files."""
    bundle: Bundle = render(deployment, sample_secrets(deployment))
    return bundle.files[f"platforms/mediawiki/files/{name}"].data.decode()


def test_with_the_one_account_no_password_is_taken() -> None:
    settings = text(resolved("identity"), "LocalSettings.php")
    assert "EdgeSessionProvider::class" in settings
    assert "'primaryauth' => []" in settings
    assert "$wgEnableBotPasswords = false" in settings
    for module in ("login", "clientlogin", "createaccount", "changeauthenticationdata"):
        assert re.search(rf"'{module}'", settings), module
    for address in ("https://gate.commons.example.org/gate/login?rd=",
                    "https://gate.commons.example.org/gate/logout"):
        assert address in settings


def test_without_it_the_wiki_keeps_accounts_and_believes_no_header() -> None:
    alone = resolved()
    assert "EdgeSessionProvider" not in text(alone, "LocalSettings.php")
    assert "wgAuthManagerConfig" not in text(alone, "LocalSettings.php")
    assert "NATM_FROM_EDGE" not in text(alone, "apache2.conf")


def test_whoever_is_believed_is_the_edge_by_its_own_address() -> None:
    made = resolved("identity")
    edge = made.instance("mediawiki").front.edge_address
    lines = [line for line in text(made, "apache2.conf").splitlines() if "NATM_FROM_EDGE" in line]
    assert lines == [f'SetEnvIfExpr "%{{CONN_REMOTE_ADDR}} == \'{edge}\'" NATM_FROM_EDGE=1']


@pytest.mark.parametrize(("visibility", "lets_in"), [
    ("private", "members"), ("public-read", "everyone"),
])
def test_strangers_get_to_a_wiki_that_is_open_to_them_and_to_no_other(
    visibility: str, lets_in: str
) -> None:
    (route,) = resolved("identity", visibility=visibility).instance("mediawiki").routes
    assert route.gate is not None
    assert route.gate.lets_in == lets_in
