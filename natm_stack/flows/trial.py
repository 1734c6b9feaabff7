# SPDX-License-Identifier: AGPL-3.0-or-later
"""Before a real certificate issuer is asked: names, ports and a trial with its staging directory.

Issuers limit how often one may fail, so a wrong DNS record could lock a community out for a week.
"""

from __future__ import annotations

from ..acme import staging
from ..apply.run import apply
from ..diff import Look, names
from ..errors import NatmError
from ..i18n import _
from ..model.results import Plan
from ..server import Lock
from .workspace import Workspace

SECONDS = 90


def refuse_missing_names(workspace: Workspace, found: Look) -> None:
    """With ACME, every name must lead somewhere before anything is begun."""
    missing = [name for name, addresses in found["resolved"].items() if not addresses]
    if missing:
        raise NatmError(
            _("these names lead nowhere yet: {names}").format(names=", ".join(missing)),
            code="acme.name-missing", where=workspace.deployment.domain,
            hint=_("add a DNS record (type A, and AAAA for IPv6) with the server's address for "
                   "each, wait until it is known, and run this again"))


def try_issuer(workspace: Workspace, plan: Plan, found: Look, lock: Lock) -> str | None:
    """Get a trial certificate for every name that has none yet; a note says what was done."""
    deployment = workspace.deployment
    if deployment.tls.mode != "acme" or not set(names(deployment)) - set(found["certificates"]):
        return None
    refuse_missing_names(workspace, found)
    if any(c["project"] == deployment.instance("edge").project and c["state"] == "running"
           for c in found["containers"]):
        return _("the edge is running already, so no trial certificate was asked for")
    if staging(deployment.tls) is None:
        return _("stack.yml names an issuer without a staging directory: no trial was made")
    _build_edge(workspace, plan, lock)
    _run_trial(workspace)
    return _("the issuer's staging directory gave a trial certificate for every name")


def _build_edge(workspace: Workspace, plan: Plan, lock: Lock) -> None:
    hosts = [*(["server"] if plan.host.changes else []), "edge"]
    report = apply(
        workspace.bundle_folder, "site.yml", hosts=hosts, server=workspace.server,
        key_file=workspace.key_file, listen=workspace.tools.listen, keep_open=(lock.fileno,),
        # Without a start there is nothing to write a receipt about.
        variables={"platform_start": False, "platform_receipt": {}})
    if not report.ok:
        raise NatmError(report.platforms[0].message, code="acme.no-edge",
                        hint="\n".join(report.platforms[0].log[-5:]) or None)


def _run_trial(workspace: Workspace) -> None:
    deployment = workspace.deployment
    folder = f"{deployment.root}/bundle/platforms/edge"
    done = workspace.server.run(
        ("docker", "compose", "--ansi=never", "--project-name", deployment.instance("edge").project,
         "--project-directory", folder, "run", "--rm", "-T", "--service-ports", "trial",
         "natm-trial", str(SECONDS), *names(deployment)), timeout=SECONDS + 120)
    if done.code != 0:
        raise NatmError(
            _("the issuer gave no trial certificate: {why}").format(
                why=done.stderr.strip()[-600:]),
            code="acme.trial-failed", where=deployment.domain,
            hint=_("do all names lead to this server, and does it answer on port {port} from "
                   "outside?").format(port=deployment.http_port))
