# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is measured, and against which floor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from natm_stack.flows.health import asked
from natm_stack.flows.health import health as health_flow
from natm_stack.flows.tools import Tools
from natm_stack.flows.workspace import Workspace
from natm_stack.model.secret import Secret
from natm_stack.testing.images import ensure
from natm_stack.testing.server import ALIAS, ThrowawayServer
from natm_stack.testing.standin import make_catalog
from natm_stack.testing.volunteer import Said, Volunteer, new_volunteer

from .measure import Ratio, seconds, side_by_side

ROUNDS = 7


def start_up() -> Ratio:
    """natm --version against Python doing nothing."""
    natm = str(Path(sys.executable).with_name("natm"))
    return side_by_side(
        "`natm --version` against `python -c pass`", lambda: _run(natm, "--version"),
        lambda: _run(sys.executable, "-c", "pass"), rounds=15, aim=5)


@contextmanager
def deployed(home: Path, name: str, *words: str) -> Iterator[Volunteer]:
    """What these words of `natm init` choose, deployed on a server of its own."""
    with ThrowawayServer(engine=True) as server:
        volunteer = new_volunteer(server, home, "--name", name, "--domain", f"{name}.test", *words)
        instances = volunteer.workspace.deployment.instances
        ensure(volunteer.workspace, [one.id for one in instances])
        server.load_images(sorted({image.tag for one in instances
                                   for image in one.images if not image.on_demand}))
        done(volunteer.natm("deploy", "--yes", "--no-verify"))
        yield volunteer


@contextmanager
def commons(home: Path) -> Iterator[Volunteer]:
    """The kit commons, deployed on a server of its own."""
    with deployed(home, "bench", "--kit", "commons") as volunteer:
        yield volunteer


def unchanged_deploy(volunteer: Volunteer) -> Ratio:
    """A deploy with nothing to do against Compose alone looking at the same projects."""
    script = _compose_in_parallel(volunteer)
    words = ["ssh", "-F", volunteer.env["NATM_SSH_CONFIG"], "-o", "ControlMaster=auto",
             "-o", f"ControlPath={volunteer.env['XDG_RUNTIME_DIR']}/bench-%C",
             "-o", "ControlPersist=60", ALIAS, "sudo", "-S", "-p", "''", "sh", "-c", f"'{script}'"]
    password = volunteer.server.sudo_password + "\n"
    return side_by_side(
        "unchanged `deploy` over SSH, kit commons, against `docker compose up -d --wait` in "
        "parallel", lambda: done(volunteer.natm("deploy")),
        lambda: _run(*words, data=password), rounds=ROUNDS, aim=2.0)


def _compose_in_parallel(volunteer: Volunteer) -> str:
    root = "/srv/natm/bundle/platforms"
    ups = [f"(docker compose --project-directory {root}/{i.id} up -d --wait --no-build 2>&1) &"
           for i in volunteer.workspace.deployment.instances if i.running]
    return " ".join(ups) + " wait"


def health(volunteer: Volunteer) -> Ratio:
    """All probes against the slowest of them asked by itself, the same way, turn about."""
    os.environ |= volunteer.env
    password = Secret(volunteer.server.sudo_password)
    workspace = Workspace(volunteer.folder, Tools(lambda _host: password, lambda _event: None))
    questions = asked(workspace)
    alone = [{**questions, "containers": [], "routes": [], "ports": [], kind: [one]}
             for kind in ("containers", "routes", "ports") for one in questions[kind]]
    slowest = max(alone, key=lambda one: min(
        seconds(lambda: workspace.server.script("probe", one)) for _n in range(3)))
    return side_by_side(
        "`health` against its slowest probe alone", lambda: health_flow(workspace),
        lambda: workspace.server.script("probe", slowest), rounds=ROUNDS * 2, aim=1.5,
        note="both over one SSH connection, with sudo and Python's start")


def idle_memory(volunteer: Volunteer) -> str:
    """PSS of all processes of each platform, in MiB, some minutes after the start."""
    script = (
        "import glob,json,subprocess\n"
        "ids=subprocess.run(['docker','ps','-q'],capture_output=True,text=True).stdout.split()\n"
        "found={}\n"
        "for one in json.loads(subprocess.run(['docker','inspect',*ids],capture_output=True,"
        "text=True).stdout):\n"
        "  top=subprocess.run(['docker','top',one['Id'],'-eo','pid'],capture_output=True,"
        "text=True).stdout.split()[1:]\n"
        "  kb=0\n"
        "  for pid in top:\n"
        "    try: text=open(f'/proc/{pid}/smaps_rollup').read()\n"
        "    except OSError: continue\n"
        "    kb+=int(text.split('Pss:')[1].split()[0])\n"
        "  found[one['Name'].lstrip('/')]=kb/1024\n"
        "print(json.dumps(found))\n")
    told = volunteer.server.exec(["python3", "-"], data=script).stdout
    found: dict[str, float] = json.loads(told)
    lines = ["| container | idle memory (PSS) |", "|---|---|"]
    lines += [f"| {name} | {mb:.0f} MiB |" for name, mb in sorted(found.items())]
    return "\n".join([*lines, f"| **together** | **{sum(found.values()):.0f} MiB** |"])


def many_platforms(home: Path) -> Iterator[Ratio | str]:
    """An unchanged deploy of 20 platforms against one of 5, on two servers side by side."""
    catalog = home / "catalog"
    ids = make_catalog(catalog, 20)
    with ThrowawayServer(engine=True) as one, ThrowawayServer(engine=True) as other:
        few = _standins(one, home / "few", catalog, ids[:5])
        many = _standins(other, home / "many", catalog, ids)
        tasks = [_tasks(few), _tasks(many)]
        yield side_by_side(
            "unchanged `deploy`, 20 platforms against 5",
            lambda: done(many.natm("--catalog", str(catalog), "deploy")),
            lambda: done(few.natm("--catalog", str(catalog), "deploy")), rounds=ROUNDS, aim=1.2)
    yield f"Ansible tasks of an unchanged deploy: {tasks[0]} with 5, {tasks[1]} with 20."


def _standins(
    server: ThrowawayServer, home: Path, catalog: Path, ids: list[str]
) -> Volunteer:
    home.mkdir()
    volunteer = new_volunteer(server, home, "--name", "bench", "--domain", "bench.test",
                              "--platform", "portal")
    stack = volunteer.folder / "stack.yml"
    stack.write_text(stack.read_text().replace(
        "  portal:\n", "".join(f"  {id_}:\n" for id_ in ids)))
    done(volunteer.natm("--catalog", str(catalog), "deploy", "--yes", "--no-verify"))
    return volunteer


def _tasks(volunteer: Volunteer) -> int:
    catalog = str(volunteer.folder.parent.parent / "catalog")
    applied = done(volunteer.natm("--catalog", catalog, "deploy", "--json")).json["result"]
    return 0 if applied["applied"] is None else int(applied["applied"]["tasks"])


def first_deploy(home: Path) -> Ratio:
    """A cold first deploy against Compose alone building and starting the same files."""
    ours, floor = _cold(home / "ours", by_hand=False), _cold(home / "floor", by_hand=True)
    return Ratio("first `deploy`, cold, against `docker compose build && up` of the same files",
                 ours, floor, 1.15, "base image included on both sides; one run each")


def _cold(home: Path, *, by_hand: bool) -> float:
    home.mkdir()
    with ThrowawayServer(engine=True) as server:
        volunteer = new_volunteer(server, home, "--name", "bench", "--domain", "bench.test",
                                  "--kit", "commons")
        if not by_hand:
            return seconds(lambda: done(volunteer.natm("deploy", "--yes", "--no-verify")))
        return _by_hand(volunteer)


def _by_hand(volunteer: Volunteer) -> float:
    """The same files put there beforehand; then base, build and up, and nothing of natm's."""
    from natm_stack.model.secret import Secrets

    workspace = volunteer.workspace
    secrets: Secrets = workspace.secrets
    assert secrets.vault_key
    for path, file in workspace.bundle.files.items():
        target = f"/srv/natm/bundle/{path}"
        volunteer.server.exec(["sh", "-c", f"mkdir -p $(dirname {target}) && cat > {target} && "
                               f"chmod {file.mode:o} {target}"], data=file.data.decode())
    prepare, up = [], []
    for instance in workspace.deployment.instances:
        folder = f"/srv/natm/bundle/platforms/{instance.id}"
        prepare += [f"chgrp -R {instance.uid} {folder}/files {folder}/secrets 2>/dev/null || true"]
        prepare += [f"install -d -o {v.uid} -g {v.gid} -m {v.mode} {v.path}"
                    for v in instance.volumes]
        net = instance.front
        if "front" in instance.networks_used:
            prepare.append(f"docker network create --internal --subnet {net.subnet} --gateway "
                           f"{net.gateway} --ip-range {net.ip_range} {net.name}")
        then = f" && docker compose --project-directory {folder} up -d --wait" if (
            instance.running) else ""
        profile = " --profile verify" if instance.id == "verifier" else ""
        services = "verifier" if instance.id == "verifier" else ""
        compose = f"docker compose --project-directory {folder}{profile}"
        up.append(f"({compose} build {services}{then}) &")
    edge = workspace.deployment.instance("edge").uid
    prepare.append(f"install -d -o {edge} -m 755 /srv/natm/public")
    volunteer.server.exec(["sh", "-c", "\n".join(prepare)])
    base = "\n".join(f"TMPDIR=/var/tmp /srv/natm/bundle/images/base/build.sh {b.suite} {b.tag}"
                     for b in workspace.deployment.bases)
    script = f"set -e\n{base}\nset +e\n" + "\n".join(up) + "\nwait\n"
    volunteer.server.exec(["sh", "-c", "apt-get update -q && apt-get install -y -q mmdebstrap"])
    return seconds(lambda: volunteer.server.exec(["sh", "-c", script], timeout=3600))


def done(said: Said) -> Said:
    """What a command said, if it went well."""
    if said.code != 0:
        raise RuntimeError(f"natm ended with {said.code}: {said.out[-2000:]}{said.err[-2000:]}")
    return said


def _run(*words: str, data: str = "") -> None:
    subprocess.run(words, input=data, text=True, capture_output=True, check=True, timeout=600)
