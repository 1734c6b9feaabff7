# SPDX-License-Identifier: AGPL-3.0-or-later
"""The README of an ejected stack: how it goes on by hand, and what is lost. It holds no secret."""

from __future__ import annotations

from pathlib import Path

from ..ejecting import place, running
from ..i18n import _
from ..model.deployment import Deployment
from ..paths import package_folder

EXAMPLE = '{"name": "ada", "password": "...", "display_name": "Ada", "steward": false}'


def readme(deployment: Deployment, certificate: str) -> str:
    """The page. Pure. `certificate` says where the certificate to trust is."""
    text = (package_folder("ejected") / "README.md").read_text(encoding="utf-8")
    # A page, like those in docs/: whoever translates it puts another file beside it.
    return text.format(
        title=deployment.title, domain=deployment.domain, where=place(deployment),
        host=deployment.server.host, root=deployment.root, prefix=deployment.prefix,
        some=running(deployment)[0].id, hooks=_hooks(deployment), members=_members(deployment),
        certificate=certificate)


def _hooks(deployment: Deployment) -> str:
    """What natm did besides, before a platform's start: in Ansible's words, to be done by hand."""
    having = [i.id for i in running(deployment) if (Path(i.folder) / "hooks").is_dir()]
    if not having:
        return ""
    return _("What natm did before the start of {ids} stands in their `hooks/`; on a new server,\n"
             "or when its address changes, do that by hand.\n").format(ids=", ".join(having))


def _members(deployment: Deployment) -> str:
    """How an account is made, with each program that makes one."""
    having = [i for i in running(deployment) if i.platform.members and (
        i.method == "native" or i.id == deployment.accounts)]
    if not having:
        return _("No platform here has accounts.\n")
    lines = [_(
        "Each of these programs reads one line of JSON, and writes one. Start it, paste the line,\n"
        "end with Ctrl-D; so no password stands in a command. Last word: `create`, `reset`,\n"
        "`remove`, `list` (with an empty object).\n"), f"        {EXAMPLE}", ""]
    for one in having:
        spec = one.platform.members
        words = " ".join(spec.command)
        lines.append(f"        docker exec -i {one.service(spec.service).container} {words} create")
    return "\n".join(lines) + "\n"
