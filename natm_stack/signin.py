# SPDX-License-Identifier: AGPL-3.0-or-later
"""What templates are told of signing in: by those who ask, and by the one who is asked. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .model.deployment import Deployment, Instance

Reveal = Callable[[str, str], str]
"""The secret of a platform, by its id and the secret's name."""


def sign_in_context(deployment: Deployment, instance: Instance) -> dict[str, Any]:
    """`sign_in`, the method or ""; `asked`, where to ask; `account`, addresses for people."""
    return {"sign_in": instance.method or "", "asked": instance.asked,
            "account": _addresses(deployment)}


def _addresses(deployment: Deployment) -> dict[str, str]:
    """Where members look after their account, sign in and sign out; empty without one."""
    if deployment.accounts is None:
        return {}
    provider = deployment.instance(deployment.accounts)
    urls = {route.key: route.url for route in provider.routes}
    provides = provider.platform.provides
    told = {"home": next(r.url for r in provider.routes if r.title)}
    if "header" in provides:
        gate = urls[provides["header"].route]
        told |= {"sign_in": f"{gate}/gate/login?rd=", "sign_out": f"{gate}/gate/logout",
                 "cookie": provides["header"].cookie or ""}
    if "oidc" in provides:
        told["issuer"] = urls[provides["oidc"].route]
    return told


def clients(deployment: Deployment, reveal: Reveal) -> list[dict[str, Any]]:
    """Every program that asks the account platform, with its password; for its own templates."""
    return [_client(instance, reveal) for instance in deployment.instances if instance.asked]


def _client(instance: Instance, reveal: Reveal) -> dict[str, Any]:
    way = instance.sign_in
    assert way is not None
    assert way.secret is not None
    urls = {route.key: route.url for route in instance.routes}
    base = urls.get(way.route or "", "")
    return {
        "id": instance.id, "name": instance.platform.name, "method": way.method, "uri": base,
        "secret": reveal(instance.id, way.secret),
        "redirect_uris": [base + path for path in way.redirect_paths],
        "post_logout_redirect_uris": [base + path for path in way.logout_paths],
    }
