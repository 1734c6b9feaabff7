# SPDX-License-Identifier: AGPL-3.0-or-later
"""Video rooms beside Debian's packaged demo page, on one server, with the same version of Janus.

Real browsers stand outside the server; what Janus takes is read from the server's kernel.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from natm_stack.testing.docker_cli import docker
from natm_stack.testing.outside import Outside, browsers_outside
from natm_stack.testing.volunteer import Volunteer

from .measure import Ratio
from .suite import deployed, done

PROGRAMS = Path(__file__).with_name("programs")
CONTAINERS = {"ours": "natm-janus-janus-1", "demo": "bench-demo"}
DEMO_IMAGE = "natm/bench-janus-demo"
SETTLE_SECONDS, LOOK_SECONDS, MOST_SECONDS = 8, 15, 1500
CLICKS, TRIES = 5, 4
ROOMS = ((1, 0), (1, 3), (2, 0), (4, 0))
"""Senders and listeners, measured on both sides turn about."""
# CPU seconds of Janus since its start, and its memory, as the kernel counts them.
TAKEN = """
import json, os, subprocess, sys
top = subprocess.run(["docker", "top", sys.argv[1], "-eo", "pid,comm"], capture_output=True,
                     text=True, check=True).stdout.split("\\n")[1:]
pid = next(line.split()[0] for line in top if line.split()[1:] == ["janus"])
stat = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
pss = open(f"/proc/{pid}/smaps_rollup").read().split("Pss:")[1].split()[0]
print(json.dumps({"cpu": (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK"),
                  "mib": int(pss) / 1024}))
"""


@dataclass(frozen=True)
class Cost:
    """What Janus took with so many people: share of a core, memory, and what it passed on."""

    cpu: float
    mib: float
    kbit: float


@contextmanager
def house(home: Path) -> Iterator[Volunteer]:
    """A stack with video, and the demo beside it, on a server of its own."""
    with deployed(home, "bench", "--platform", "portal", "--platform", "janus") as volunteer:
        base = next(one.tag for one in volunteer.workspace.deployment.bases
                    if one.suite == "bookworm")
        docker("build", "--build-arg", f"BASE={base}", "--tag", DEMO_IMAGE,
               str(PROGRAMS / "demo"), timeout=1200)
        volunteer.server.load_images([DEMO_IMAGE])
        volunteer.on_server("docker", "run", "--detach", "--name", CONTAINERS["demo"],
                            "--network=host", DEMO_IMAGE)
        yield volunteer


@contextmanager
def browsers(volunteer: Volunteer, home: Path) -> Iterator[Outside]:
    """Browsers outside the server, who know where it is."""
    home.chmod(0o755)
    with browsers_outside(volunteer, PROGRAMS / "meetings.py", home / "outside",
                          seconds=MOST_SECONDS, memory="5g") as outside:
        outside.ask(_where(volunteer))
        yield outside


def _where(volunteer: Volunteer) -> dict[str, Any]:
    added = done(volunteer.natm("members", "add", "stella", "--steward", "--json"))
    return {"domain": "bench.test", "address": volunteer.server.host, "ca_file": "/natm/ca.crt",
            "name": "stella", "password": added.json["result"]["first_password"]}


def taken(volunteer: Volunteer, side: str) -> dict[str, float]:
    """CPU seconds and MiB of Janus until now."""
    told = volunteer.server.exec(["python3", "-", CONTAINERS[side]], data=TAKEN).stdout
    found: dict[str, float] = json.loads(told)
    return found


def cost(volunteer: Volunteer, people: Outside, side: str, room: tuple[int, int],
         mode: str = "full") -> Cost:
    """So many come in, the room is looked at for a while, and all leave. Where somebody saw
    nobody, as on a machine that has no time for its browsers, all of it is done again."""
    for _try in range(TRIES):
        people.ask({"do": "fill", "side": side, "senders": room[0], "listeners": room[1],
                    "mode": mode})
        time.sleep(SETTLE_SECONDS)
        before, sent = taken(volunteer, side), people.ask({"do": "bytes_"})
        time.sleep(LOOK_SECONDS)
        after, later = taken(volunteer, side), people.ask({"do": "bytes_"})
        people.ask({"do": "empty"})
        moving = sum(b > a for a, b in zip(sent["frames"], later["frames"], strict=True))
        # Whoever alone has a camera sees nobody.
        if moving >= sum(room) - (room[0] == 1):
            break
    else:
        raise RuntimeError(f"{side}, {room}: pictures stop; this machine has no time for them")
    seconds = later["at"] - sent["at"]
    kbit = sum(later[way] - sent[way] for way in ("sent", "received")) * 8 / 1000 / seconds
    return Cost((after["cpu"] - before["cpu"]) / seconds * 100, after["mib"], kbit)


def rooms(volunteer: Volunteer, people: Outside) -> Iterator[str]:
    """What Janus takes: rooms on both sides, turn about, then a large one of ours."""
    idle = {side: taken(volunteer, side)["mib"] for side in CONTAINERS}
    lines = ["| in the room | CPU, ours | demo | ratio | memory, ours | demo | passed on, ours | "
             "demo |", "|---|---|---|---|---|---|---|---|",
             f"| nobody | | | | {idle['ours']:.0f} MiB | {idle['demo']:.0f} MiB | | |"]
    found: dict[tuple[int, int], dict[str, Cost]] = {}
    for room in ROOMS:
        found[room] = {side: cost(volunteer, people, side, room) for side in CONTAINERS}
        lines.append(_line(room, found[room]["ours"], found[room]["demo"]))
    eight = cost(volunteer, people, "ours", (8, 0), "low")
    lines.append(f"| 8 with cameras, ours in *Weak* | {eight.cpu:.1f} % | | | {eight.mib:.0f} MiB "
                 f"| | {eight.kbit:.0f} kbit/s | |")
    yield "\n".join(lines)
    yield "\n".join(f"{side}: a sender takes {_each(found, side)[0]}, each who receives it "
                    f"{_each(found, side)[1]}." for side in CONTAINERS)


def _line(room: tuple[int, int], ours: Cost, demo: Cost) -> str:
    who = f"{room[0]} with cameras" + (f", {room[1]} to listen" if room[1] else "")
    return (f"| {who} | {ours.cpu:.1f} % | {demo.cpu:.1f} % | {ours.cpu / demo.cpu:.2f} | "
            f"{ours.mib:.0f} MiB | {demo.mib:.0f} MiB | {ours.kbit:.0f} kbit/s | "
            f"{demo.kbit:.0f} kbit/s |")


def _each(found: dict[tuple[int, int], dict[str, Cost]], side: str) -> tuple[str, str]:
    """Of the first two rooms: one sender alone, and what three listeners add."""
    alone, heard = found[ROOMS[0]][side], found[ROOMS[1]][side]
    more = ((heard.cpu - alone.cpu) / ROOMS[1][1], (heard.mib - alone.mib) / ROOMS[1][1])
    return f"{alone.cpu:.1f} % of a core", f"{more[0]:.1f} % and {more[1]:.1f} MiB"


def first_frame(people: Outside) -> Iterator[Ratio | str]:
    """From the click to the first picture of somebody who is inside, and what the page weighs."""
    took, weighs = {}, {}
    for side in CONTAINERS:
        people.ask({"do": "fill", "side": side, "senders": 1, "listeners": 0, "mode": "full"})
        took[side] = people.ask({"do": "click", "side": side, "times": CLICKS})["median_ms"] / 1000
        weighs[side] = people.ask({"do": "weight"})
        people.ask({"do": "empty"})
    yield Ratio(f"from the click to the first decoded frame, median of {CLICKS}, against the demo "
                "page, which asks for the camera only then", took["ours"], took["demo"], None)
    yield "\n".join(f"{side}: {one['files']} files, {one['kB']:.0f} kB, of which "
                    f"{one['sent_kB']:.0f} kB on the wire." for side, one in weighs.items())


def weak(people: Outside) -> str:
    """What one person in *Weak* sends, and gets from one other, in kbit/s."""
    people.ask({"do": "fill", "side": "ours", "senders": 2, "listeners": 0, "mode": "low"})
    time.sleep(SETTLE_SECONDS)
    before = people.ask({"do": "bytes_"})
    time.sleep(LOOK_SECONDS)
    after = people.ask({"do": "bytes_"})
    people.ask({"do": "empty"})
    each = [(after[way] - before[way]) * 8 / 1000 / (after["at"] - before["at"]) / 2
            for way in ("sent", "received")]
    return f"Weak: {each[0]:.0f} kbit/s from each, {each[1]:.0f} kbit/s to each of two."
