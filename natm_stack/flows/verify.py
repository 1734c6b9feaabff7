# SPDX-License-Identifier: AGPL-3.0-or-later
"""verify: proofs as a member would make them, run on the server against what is really there."""

from __future__ import annotations

import json
import secrets as random_source
import time
from pathlib import Path
from typing import Any

from ..apply.run import apply
from ..errors import NatmError
from ..i18n import _
from ..model.deployment import Instance
from ..model.results import ProofResult, VerifyReport
from ..server import Lock, who_am_i
from .accounts import Answer, call, keeper, others, step, with_members
from .addresses import addresses
from .health import container_probes
from .records import record
from .tools import now
from .workspace import Workspace

PREFIX = "natm-proof-"
RECORD = "proof-members.json"
THROWAWAY = 2
"""Members a platform's proofs have to themselves, where it says nothing else."""


def verify(
    workspace: Workspace, *, only: tuple[str, ...] = (), browser: bool = False
) -> VerifyReport:
    """Run the proofs of some platforms, or of all; nobody else may change the server meanwhile."""
    with workspace.lock("verify") as lock:
        finish_clean_up(workspace)
        ids = only or tuple(i.id for i in workspace.deployment.instances)
        if browser:
            workspace.write_bundle()
            _build_browser(workspace, lock)
        report = verify_held(workspace, only=ids, browser=browser)
        lock.result = "done" if report.ok else "failed"
    return report


def verify_held(workspace: Workspace, *, only: tuple[str, ...], browser: bool) -> VerifyReport:
    """Run the proofs while the caller holds the server's lock."""
    started = time.monotonic()
    run = random_source.token_hex(3)
    instances = [i for i in workspace.deployment.instances if i.id in only]
    intended = _intended_images(workspace, instances)
    members = _make_members(workspace, [i for i in instances if i.method], run)
    try:
        answered = _run_verifier(workspace, _job(workspace, instances, members, run, browser),
                                 browser)
    finally:
        finish_clean_up(workspace)
    proofs = (*intended, *_failed_members(members), *_results(answered))
    report = VerifyReport(workspace.deployment.name, now(), proofs,
                          time.monotonic() - started, browser)
    _keep(workspace, report)
    return report


def _intended_images(workspace: Workspace, instances: list[Instance]) -> list[ProofResult]:
    """That what answers is the image the stack intends; without it, proofs prove nothing."""
    return [
        ProofResult(p.platform, f"image-{p.name}", _("The intended image is the one that runs"),
                    "failed" if p.state == "failed" else "passed", p.seconds,
                    _("{says}; `natm deploy` brings it in line").format(says=p.says)
                    if p.state == "failed" else "")
        for p in container_probes(workspace, instances)]


def throwaway(instance: Instance, run: str) -> list[dict[str, Any]]:
    """The members of one platform's proofs, to be made."""
    spec = instance.platform.members
    # The account platform has those of all platforms side by side.
    stem = f"{PREFIX}{instance.platform.slot}-"
    if not (spec and spec.standing):
        stem = f"{PREFIX}{run}-{instance.platform.slot}-"
    return [
        {"name": f"{stem}{n}", "password": random_source.token_urlsafe(24),
         "display_name": f"Proof {n}", "steward": n == 1 and bool(spec and spec.steward_proofs)}
        for n in range(1, (spec.proof_members if spec else THROWAWAY) + 1)]


def _make_members(
    workspace: Workspace, instances: list[Instance], run: str
) -> dict[str, list[dict[str, Any]]]:
    """Make throwaway members. What is to be cleaned up is written down before anything is made."""
    made = {instance.id: throwaway(instance, run) for instance in instances}
    if not made:
        return {}
    record(workspace.server, workspace.deployment.root, "write", RECORD,
           value={id_: [m["name"] for m in members] for id_, members in made.items()})
    chains = {i.id: [step(keeper(workspace, i), "create", m) for m in made[i.id]]
              for i in instances}
    for id_, answers in call(workspace, chains).items():
        for member, answer in zip(made[id_], answers, strict=True):
            member["answer"] = answer
    return made


def _failed_members(members: dict[str, list[dict[str, Any]]]) -> list[ProofResult]:
    return [
        ProofResult(id_, "members", _("A throwaway member gets an account"), "failed", 0.0,
                    str(member["answer"].get("message", member["answer"])))
        for id_, own in members.items() for member in own if not member["answer"].get("ok")]


def finish_clean_up(workspace: Workspace) -> None:
    """Remove throwaway members and all they made; also those an interrupted run left behind."""
    root = workspace.deployment.root
    left = record(workspace.server, root, "read", RECORD)
    if not left:
        return
    chains = {id_: [step(where, "purge", {"name": name}) for where in _where(workspace, id_)
                    for name in names] for id_, names in left.items()}
    answers = call(workspace, chains)
    still = {id_: _left(workspace, id_, names, answers[id_]) for id_, names in left.items()}
    still = {id_: names for id_, names in still.items() if names}
    if still:
        record(workspace.server, root, "write", RECORD, value=still)
    else:
        record(workspace.server, root, "drop", RECORD)


def _where(workspace: Workspace, id_: str) -> list[Instance]:
    """Where a throwaway member of this platform may have left something, the account last."""
    accounts = workspace.deployment.accounts
    # Those of the account platform itself have been everywhere.
    ids = [i.id for i in others(workspace)] if id_ == accounts else [id_]
    there = {i.id: i for i in with_members(workspace)}
    return [there[i] for i in dict.fromkeys((*ids, accounts)) if i in there]


def _left(workspace: Workspace, id_: str, names: list[str], answers: list[Answer]) -> list[str]:
    """Those names that are not gone from everywhere."""
    if id_ not in {i.id for i in workspace.deployment.instances}:
        return names  # Kept for the day the platform comes back to the stack.
    return [name for n, name in enumerate(names)
            if not all(answer.get("ok") for answer in answers[n::len(names)])]


def _job(
    workspace: Workspace, instances: list[Instance], members: dict[str, list[dict[str, Any]]],
    run: str, browser: bool,
) -> dict[str, Any]:
    deployment = workspace.deployment
    verifier = deployment.instance("verifier")
    return {
        "run": run, "domain": deployment.domain, "ca_file": "/public/ca.crt",
        "edge": {"address": verifier.front.edge_address, "https_port": deployment.https_port},
        "browser": browser, "only_browser": False,
        # A platform of the house itself, like the verifier, may have nothing that members do.
        "platforms": {i.id: {
            **addresses(deployment, i), "settings": i.settings, "ports": _ports(i),
            "members": [{"name": m["name"], "password": m["password"]}
                        for m in members.get(i.id, []) if m["answer"].get("ok")],
        } for i in instances if (Path(i.folder) / "proofs.py").is_file()},
    }


def _ports(instance: Instance) -> dict[str, Any]:
    """How proofs reach what is published past the edge: by the front network's alias."""
    return {
        f"{port.publish}/{port.protocol}": {
            "host": f"{instance.id}-{service.name}",
            "port": int(port.container.partition("-")[0])}
        for service in instance.services for port in service.ports}


def _run_verifier(workspace: Workspace, job: dict[str, Any], browser: bool) -> dict[str, Any]:
    deployment = workspace.deployment
    project = deployment.instance("verifier").project
    folder = f"{deployment.root}/bundle/platforms/verifier"
    done = workspace.server.run(
        ("docker", "compose", "--ansi=never", "--project-name", project,
         "--project-directory", folder, "run", "--rm", "-T",
         "browser" if browser else "verifier"),
        stdin=json.dumps(job) + "\n", timeout=1500)
    try:
        answered: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise NatmError(
            _("the verifier could not do its work: {why}").format(
                why=(done.stderr.strip() or done.stdout.strip())[-600:]),
            code="verify.no-answer",
            hint=_("`natm health` tells whether the stack is up; `natm deploy --full` repairs it"),
        ) from error
    return answered


def _results(answered: dict[str, Any]) -> list[ProofResult]:
    return [
        ProofResult(id_, p["proof"], p["says"], p["outcome"], p["seconds"], p.get("detail", ""))
        for id_, proofs in answered["platforms"].items() for p in proofs]


def _build_browser(workspace: Workspace, lock: Lock) -> None:
    """The image with a browser is large, so it is built when it is first asked for."""
    verifier = workspace.deployment.instance("verifier")
    tag = verifier.service("browser").image.tag
    if workspace.server.run(("docker", "image", "inspect", tag)).code == 0:
        return
    report = apply(
        workspace.bundle_folder, "site.yml", hosts=["verifier"], server=workspace.server,
        key_file=workspace.key_file, listen=workspace.tools.listen, keep_open=(lock.fileno,),
        variables={"platform_images": [tag], "platform_build_services": ["browser"],
                   "natm_run": {"at": now(), "by": who_am_i()}})
    if not report.ok:
        raise NatmError(
            _("the verifier's browser could not be built: {why}").format(
                why=report.platforms[0].message),
            code="verify.no-browser", hint="\n".join(report.platforms[0].log[-5:]) or None)


def _keep(workspace: Workspace, report: VerifyReport) -> None:
    """Write down what was proven, in short: the portal shows it to members."""
    platforms: dict[str, dict[str, Any]] = {}
    for proof in report.proofs:
        counts = platforms.setdefault(
            proof.platform, {"ok": False, "passed": 0, "failed": 0, "not_run": 0, "at": report.at})
        # That the intended image runs is needed, and proves nothing by itself.
        if proof.counts or proof.outcome == "failed":
            counts[proof.outcome.replace("-", "_")] += 1
        counts["ok"] = counts["failed"] == 0 and counts["passed"] > 0
    before = record(workspace.server, workspace.deployment.root, "read", "verify.json",
                    folder="public") or {}
    merged = {**before.get("platforms", {}), **platforms}
    known = {i.id for i in workspace.deployment.instances}
    proven = {proof.platform for proof in report.proofs if proof.counts}
    # What has no proofs of its own has no state to show.
    shown = {k: v for k, v in merged.items() if k in known and (k in proven or k not in platforms)}
    if not shown:
        return
    record(workspace.server, workspace.deployment.root, "write", "verify.json", folder="public",
           value={"kind": "verify/1", "at": min(v.get("at", report.at) for v in shown.values()),
                  "platforms": shown})
