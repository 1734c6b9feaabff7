# SPDX-License-Identifier: AGPL-3.0-or-later
"""Quick looks at a running stack, side by side: containers, routes with TLS, room."""

import datetime
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor


def _(text, **values):
    """Words for people, put into their language where they are read."""
    return {"text": text, "values": values}


def timed(probe, *arguments):
    started = time.monotonic()
    try:
        state, says = probe(*arguments)
    except Exception as error:
        state, says = "failed", _(
            "{kind}: {why}", kind=type(error).__name__, why=str(error))
    return {"state": state, "says": says, "seconds": time.monotonic() - started}


def inspect(projects):
    names = subprocess.run(
        ["docker", "ps", "--all", "--no-trunc", "--filter", "label=com.docker.compose.project",
         "--format", "{{.ID}}"], capture_output=True, text=True, timeout=30, check=True)
    ids = names.stdout.split()
    if not ids:
        return {}
    # Not checked: one may vanish meanwhile, and all the others are told all the same.
    done = subprocess.run(["docker", "inspect", *ids], capture_output=True, text=True,
                          timeout=30, check=False)
    found = {}
    for one in json.loads(done.stdout):
        labels = one["Config"]["Labels"]
        if labels.get("com.docker.compose.oneoff") == "True":
            continue
        if labels.get("com.docker.compose.project") in projects:
            key = labels["com.docker.compose.project"], labels["com.docker.compose.service"]
            found[key] = one
    return found


def deployed(root, platforms):
    """The images of each platform as it was brought up, by the names its platform.yml has."""
    found = {}
    for id_ in platforms:
        try:
            with open(os.path.join(root, "receipts", f"{id_}.json"), encoding="utf-8") as stream:
                found[id_] = json.load(stream).get("images", {})
        except (OSError, ValueError):
            found[id_] = {}
    return found


def container(there, asked, image_ids):
    one = there.get((asked["project"], asked["service"]))
    if one is None:
        return "failed", _("is not there")
    state = one["State"]
    if asked["one_shot"] and state["Status"] == "exited" and state.get("ExitCode") == 0:
        return "ok", _("did its work")
    if state["Status"] != "running":
        return "failed", _(
            "is {state}, exit code {code}", state=state["Status"], code=state.get("ExitCode"))
    health = (state.get("Health") or {}).get("Status", "running")
    if health == "unhealthy":
        return "failed", _("runs, but is unwell")
    if one["Config"]["Image"] != asked["image"]:
        return "failed", _("runs {image}, not the intended {intended}",
                           image=one["Config"]["Image"], intended=asked["image"])
    intended = image_ids.get(asked["image"])
    if intended is None:
        return "warning", _(
            "its image is gone from the engine, so it could not be compared")
    if one["Image"] != intended:
        return "failed", _("runs another build of its image than the one installed")
    if health == "starting":
        return "warning", _("is starting")
    if one.get("RestartCount", 0) > 3:
        return "warning", _("was restarted {n} times", n=one["RestartCount"])
    return "ok", _("is healthy") if health == "healthy" else _("is running")


def route(asked, address, port, context):
    suffix = "" if port == 443 else f":{port}"
    with (
        socket.create_connection((address, port), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname=asked["host"]) as tls,
    ):
        lifetime = leaf_lifetime(tls.getpeercert())
        connection = http.client.HTTPConnection(asked["host"], timeout=10)
        connection.sock = tls
        connection.request("GET", asked["path"], headers={"Host": asked["host"] + suffix})
        answer = connection.getresponse()
        body = answer.read(512 * 1024).decode("utf-8", "replace")
    if answer.status != asked["status"]:
        return "failed", _("answers {status}, not {wanted}",
                           status=answer.status, wanted=asked["status"])
    if asked["contains"] and asked["contains"] not in body:
        return "failed", _("answers, but not with what it should say")
    if lifetime < 0.1:
        return "warning", _("its certificate ends soon and was not renewed")
    return "ok", _("answers {status}", status=answer.status)


def published(asked, there):
    """A port past the edge: whether the server takes the call, and somebody is behind it."""
    socket.create_connection((asked["address"], asked["port"]), timeout=10).close()
    # Docker's own helper takes any call, so the container is asked as well.
    one = there.get((asked["project"], asked["service"])) or {"NetworkSettings": {"Networks": {}}}
    networks = one["NetworkSettings"]["Networks"].values()
    if any(answers(net["IPAddress"], asked["container"]) for net in networks if net["IPAddress"]):
        return "ok", _("takes calls")
    return "failed", _("takes calls, and nobody is behind")


def answers(address, port):
    try:
        socket.create_connection((address, port), timeout=5).close()
    except OSError:
        return False
    return True


def leaf_lifetime(certificate):
    """The share of a certificate's lifetime that is left."""
    start = ssl.cert_time_to_seconds(certificate["notBefore"])
    end = ssl.cert_time_to_seconds(certificate["notAfter"])
    return (end - time.time()) / (end - start)


def disk(path):
    usage = shutil.disk_usage(path)
    free_gb, share = usage.free / 1e9, usage.free / usage.total
    words = _("{n} GB free", n=f"{free_gb:.1f}")
    if free_gb < 1 or share < 0.02:
        return "failed", words
    return ("warning" if free_gb < 3 or share < 0.08 else "ok"), words


def memory():
    with open("/proc/meminfo", encoding="ascii") as stream:
        fields = {k: int(v.split()[0]) for k, v in (line.split(":") for line in stream)}
    free = fields["MemAvailable"] // 1024
    words = _("{n} MB free", n=free)
    return ("failed" if free < 64 else "warning" if free < 256 else "ok"), words


def leftovers(root):
    if os.path.exists(os.path.join(root, "records", "proof-members.json")):
        return "warning", _(
            "throwaway members of a proof are left; the next command removes them")
    return "ok", _("none")


def verified(root):
    try:
        path = os.path.join(root, "public", "verify.json")
        # The public folder belongs to a container's user: nothing it links to is followed,
        # and nothing that is no plain file is waited for.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        with os.fdopen(os.open(path, flags), encoding="utf-8") as stream:
            last = json.loads(stream.read(1 << 20))
        at = last["at"]
        broken = sorted(k for k, v in last["platforms"].items() if not v["ok"])
    except (OSError, ValueError, KeyError):
        return "warning", _("nothing was proven yet; run natm verify")
    then = datetime.datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ")
    if broken:
        return "warning", _("the last proofs did not all pass: {ids}", ids=", ".join(broken))
    days = (datetime.datetime.utcnow() - then).days
    return ("warning" if days > 31 else "ok"), _("last proofs {days} day(s) ago", days=days)


def hours_since(at):
    then = datetime.datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ")
    return (datetime.datetime.utcnow() - then).total_seconds() / 3600


def backup_state(root):
    """What the program for backups remembers; nothing where it never ran."""
    try:
        with open(os.path.join(root, "backup", "state.json"), encoding="utf-8") as stream:
            return json.load(stream)
    except FileNotFoundError:
        return {}


def backup_age(state, daily):
    """How old the last whole backup is. One that is late is seen within a day."""
    trouble = state.get("trouble")
    if trouble:
        return "failed", _("the last one did not go well, {at}: {why}", at=trouble["at"],
                           why=trouble["says"]["text"].format(**trouble["says"]["values"]))
    if not state.get("last"):
        return "warning", _("there is none yet; `natm backup` makes one")
    last, hours = state["last"], hours_since(state["last"]["at"])
    words = _("the last one {hours} hour(s) ago, {mb} MB", hours=int(hours),
              mb=last["bytes"] >> 20)
    if not daily:
        return ("warning" if hours > 24 * 7 else "ok"), words
    return ("failed" if hours > 48 else "warning" if hours > 27 else "ok"), words


def backup_target(one):
    """Whether a repository got the last snapshot."""
    if one.get("ok") is False:
        return "failed", _("got no copy: {why}", why=one["says"]["text"].format(
            **one["says"]["values"]))
    return "ok", _("{n} snapshot(s), {mb} MB", n=one.get("snapshots", 0), mb=one.get("mb", 0))


def backup_elsewhere(state):
    """Fire and thieves take the server and all that is on it."""
    away = sorted(name for name, one in state.get("targets", {}).items()
                  if one.get("away") and one.get("last_ok"))
    if away:
        return "ok", _("a copy is somewhere else: {names}", names=", ".join(away))
    return "warning", _("no copy is anywhere but on this server; name one in stack.yml")


def backup_proof(state):
    """When a restore was last proven."""
    proof = state.get("proof")
    if not proof:
        return "warning", _("no restore was proven yet; `natm drill` tries one")
    days = int(hours_since(proof["at"]) / 24)
    return ("warning" if days > 92 else "ok"), _(
        "a restore was proven {days} day(s) ago, in {n} s", days=days, n=int(proof["seconds"]))


def backup_check(one):
    """The server's own look at what was saved; less than a proven restore."""
    days = int(hours_since(one["at"]) / 24)
    if one["state"] != "ok":
        return ("failed" if one["state"] == "failed" else "warning"), _(
            "looked through {days} day(s) ago: {why}" if one["state"] == "failed" else
            "could not be looked through {days} day(s) ago: {why}", days=days,
            why=one["says"]["text"].format(**one["says"]["values"]))
    return ("warning" if days > 45 else "ok"), _(
        "looked through {days} day(s) ago, {n} files as they were saved", days=days,
        n=one["files"])


def drill_copy():
    return "warning", _("one is running, or broke off; the next `natm drill` takes its copy away")


def backup_probes(asked):
    """The probes of a stack's backups."""
    state = backup_state(asked["root"])
    targets = {name: state.get("targets", {}).get(name) for name in asked["targets"]}
    return [("backup", timed(backup_age, state, asked["daily"])),
            *((f"backup at {name}", timed(backup_target, one))
              for name, one in targets.items() if one and "ok" in one),
            ("backup elsewhere", timed(backup_elsewhere, state)),
            *([("backup check", timed(backup_check, state["checked"]))]
              if state.get("checked") else []),
            ("backup proof", timed(backup_proof, state)),
            *([("drill", timed(drill_copy))] if os.path.isdir(
                os.path.join(asked["root"], "drill")) else [])]


def image_ids(tags):
    done = subprocess.run(["docker", "image", "ls", "--no-trunc", "--format",
                           "{{.Repository}}:{{.Tag}} {{.ID}}"],
                          capture_output=True, text=True, timeout=30, check=True)
    there = dict(line.split() for line in done.stdout.splitlines() if " " in line)
    return {tag: there[tag] for tag in tags if tag in there}


def trusted(ca_file):
    """TLS as members check it; where the file is no good, every route will say so."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError):
        return ssl.create_default_context()


def main():
    asked = json.loads(sys.stdin.readline())
    context = trusted(asked["ca_file"])
    waiting = []
    with ThreadPoolExecutor(24) as pool:
        there = pool.submit(
            inspect, {one["project"] for one in asked["containers"] + asked["ports"]})
        receipts = deployed(asked["root"], {c["platform"] for c in asked["containers"]})
        for one in asked["containers"]:
            # A newer one waits for its upgrade; until then, what was brought up is what is meant.
            if one["waits"]:
                one["image"] = receipts[one["platform"]].get(one["of"], one["image"])
        ids = pool.submit(image_ids, sorted({c["image"] for c in asked["containers"]}))
        waiting += [(r["platform"], "route " + r["host"],
                     pool.submit(timed, route, r, asked["address"], asked["port"], context))
                    for r in asked["routes"]]
        waiting += [(p["platform"], f"port {p['port']}/tcp",
                     pool.submit(timed, lambda p=p: published(p, there.result())))
                    for p in asked["ports"]]
        waiting += [("server", "disk", pool.submit(timed, disk, asked["root"])),
                    ("server", "memory", pool.submit(timed, memory)),
                    ("server", "proofs", pool.submit(timed, verified, asked["root"])),
                    ("server", "throwaway members", pool.submit(timed, leftovers, asked["root"]))]
        waiting += [(c["platform"], "container " + c["service"],
                     pool.submit(timed, lambda c=c: container(there.result(), c, ids.result())))
                    for c in asked["containers"]]
        backups = pool.submit(backup_probes, asked["backup"]) if asked.get("backup") else None
        results = [{"platform": p, "name": n, **w.result()} for p, n, w in waiting]
        results += [{"platform": "server", "name": n, **result}
                    for n, result in (backups.result() if backups else [])]
    print(json.dumps({"probes": results}))


main()
