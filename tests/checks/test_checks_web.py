# SPDX-License-Identifier: AGPL-3.0-or-later
"""The HTTP client of proofs, without a network."""

from __future__ import annotations

import ssl

import pytest

from natm_stack.checks.job import Member, Stack

httpx = pytest.importorskip("httpx")


@pytest.fixture
def sent(monkeypatch):
    """What would have gone out."""
    requests = []

    def answer(self, request):
        requests.append(request)
        headers = {"set-cookie": "a=b", "location": "/elsewhere"}
        return httpx.Response(302, headers=headers, request=request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", answer)
    return requests


@pytest.fixture
def client(monkeypatch, sent):
    from natm_stack.checks import web

    monkeypatch.setattr(Stack, "tls", lambda self: ssl.create_default_context())
    urls = {"docs": "https://docs.commons.localhost:8443"}
    stack = Stack("commons.localhost", "", ("172.28.0.66", 443), {}, urls, {}, {})
    return lambda member=None: web.client(stack, member)


def test_connects_to_the_edge_under_the_right_name(client, sent):
    with client() as web:
        answer = web.get("https://docs.commons.localhost:8443/page?x=1")
        web.get("https://docs.commons.localhost:8443/")
    assert str(sent[0].url) == "https://172.28.0.66/page?x=1"
    assert sent[0].headers["host"] == "docs.commons.localhost:8443"
    assert sent[0].extensions["sni_hostname"] == "docs.commons.localhost"
    assert answer.status_code == 302
    assert str(answer.url).startswith("https://docs.commons")
    assert sent[1].headers["cookie"] == "a=b"


def test_other_addresses_stay_as_they_are(client, sent):
    with client() as web:
        web.get("https://docs.commons.localhost/")
    assert str(sent[0].url) == "https://docs.commons.localhost/"


def test_a_member_signs_in_with_basic(client, sent):
    with client(Member("natm-proof-1", "secret")) as web:
        web.get("https://docs.commons.localhost:8443/")
    assert sent[0].headers["authorization"].startswith("Basic ")
    assert "secret" not in repr(Member("natm-proof-1", "secret"))
