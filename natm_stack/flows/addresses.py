# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the proofs of a platform are told of addresses, and of who lets members in."""

from __future__ import annotations

from typing import Any

from ..model.deployment import Deployment, Instance, Route, alias


def addresses(deployment: Deployment, instance: Instance) -> dict[str, Any]:
    """Of its own routes; of the account platform's, where members come in by that."""
    routes = list(instance.routes)
    if deployment.accounts and instance.method not in (None, "native"):
        routes += deployment.instance(deployment.accounts).routes
    return {
        "hosts": {r.key: r.host for r in routes}, "urls": {r.key: r.url for r in routes},
        "sign_in": instance.method,
        # The account platform's proofs try the doors of all it opens.
        "gated": [_gated(route) for route in deployment.routes if route.gate]
        if instance.id == deployment.accounts else [],
    }


def _gated(route: Route) -> dict[str, Any]:
    assert route.gate is not None
    return {"platform": route.platform_id, "host": route.host, "url": route.url,
            "lets_in": route.gate.lets_in, "shows": route.gate.shows,
            "direct": {"host": alias(route.platform_id, route.service), "port": route.port}}
