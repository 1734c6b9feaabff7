# SPDX-License-Identifier: AGPL-3.0-or-later
"""Taking platforms off the server by what their receipts say, whatever the stack says today."""

from __future__ import annotations

from typing import Any

from ..apply.run import apply
from ..files import write
from ..model.results import ApplyReport
from ..render import removal_inventory
from ..server import Lock
from .workspace import Workspace


def remove_platforms(
    workspace: Workspace, receipts: dict[str, Any], lock: Lock, *,
    purge: bool = False, server_too: bool = False,
) -> ApplyReport:
    """Run the removal playbook over some platforms, known by their receipts."""
    inventory = removal_inventory(
        workspace.deployment, receipts, purge=purge, images=purge and _alone(workspace))
    # In a folder of its own: beside the bundle's host_vars, those would hold, not these.
    folder = workspace.bundle_folder / "removal"
    write(folder / "inventory.yml", inventory.data)
    write(folder / "remove.yml", workspace.bundle.files["remove.yml"].data)
    hosts = [*receipts, *(["server"] if server_too else [])]
    return apply(
        workspace.bundle_folder, "removal/remove.yml", inventory="removal/inventory.yml",
        hosts=hosts,
        server=workspace.server, key_file=workspace.key_file,
        variables={"natm_remove_server": server_too, "base_purge": purge},
        listen=workspace.tools.listen, keep_open=(lock.fileno,))


def _alone(workspace: Workspace) -> bool:
    """Whether no other stack uses this engine: images are shared by their content."""
    done = workspace.server.run(
        ("docker", "ps", "--all", "--filter", "label=org.natm.config",
         "--format", '{{.Label "com.docker.compose.project"}}'))
    ours = f"{workspace.deployment.prefix}-"
    return done.code == 0 and all(project.startswith(ours) for project in done.stdout.split())
