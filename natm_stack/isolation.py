# SPDX-License-Identifier: AGPL-3.0-or-later
"""A second copy of a stack for a drill: beside the first, and reached by nobody. Pure."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from .errors import NatmError
from .i18n import _
from .load import Catalog, LoadedStack
from .model.deployment import Deployment, Instance
from .resolve import resolve

FOLDER = "drill"
"""Below the stack's own folder on the server."""
LONGEST_PREFIX = 31


def isolated(catalog: Catalog, loaded: LoadedStack) -> Deployment:
    """The stack under another prefix, in another folder, without ports and without a way out."""
    stack = loaded.stack
    prefix = f"{stack.prefix}-{FOLDER}"
    if len(prefix) > LONGEST_PREFIX:
        # Cut short, it could be the stack's own, or another's.
        raise NatmError(
            _("the prefix {prefix} has no room for that of a second copy").format(
                prefix=stack.prefix),
            code="drill.no-prefix", where=loaded.document.place("prefix"),
            hint=_("drills need one of at most {n} letters").format(
                n=LONGEST_PREFIX - len(FOLDER) - 1))
    copy = stack.model_copy(update={
        "prefix": prefix,
        "server": stack.server.model_copy(update={"root": f"{stack.server.root}/{FOLDER}"}),
        "network_range": _other_half(loaded),
        "backup": stack.backup.model_copy(update={"daily": "off", "check": "off"}), "mail": None,
    })
    # What a community changes by hand may open ports or networks, so it stays out.
    made = resolve(catalog, replace(loaded, stack=copy, overrides={}))
    return replace(
        made, instances=tuple(_closed(one) for one in made.instances), isolated=True,
        repository=f"{stack.server.root}/backup/repository")


def _other_half(loaded: LoadedStack) -> str:
    """Addresses that the stack itself seldom gets to; preflight refuses what overlaps."""
    whole = ipaddress.IPv4Network(loaded.stack.network_range)
    if whole.prefixlen > 19:
        raise NatmError(
            _("network_range {range} has no room for a second copy beside the first").format(
                range=whole),
            code="drill.no-range", where=loaded.document.place("network_range"),
            hint=_("drills need one of /16 to /19"))
    return str(list(whole.subnets(prefixlen_diff=1))[1])


def _closed(instance: Instance) -> Instance:
    """Without a way out. That nothing is published either, `render` sees to."""
    return replace(instance, open=replace(instance.open, internal=True))
