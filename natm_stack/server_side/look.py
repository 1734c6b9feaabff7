# SPDX-License-Identifier: AGPL-3.0-or-later
"""One look at the server: receipts, engine, containers, images, room, ports. Changes nothing."""

import json
import os
import shutil
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor


def run(*words, partly=False):
    """What a program printed, if all went well; `partly`: also if something was not found."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 or partly else None


def receipts(root):
    found: dict[str, object] = {}
    folder = os.path.join(root, "receipts")
    if not os.path.isdir(folder):
        return found
    for name in sorted(os.listdir(folder)):
        if name.endswith(".json"):
            try:
                with open(os.path.join(folder, name), encoding="utf-8") as stream:
                    found[name[:-5]] = json.load(stream)
            except (OSError, ValueError):
                found[name[:-5]] = {"unreadable": True}
    return found


def engine():
    text = run("docker", "version", "--format", "{{.Server.Version}}")
    if text is None:
        return {"installed": shutil.which("docker") is not None, "version": None, "compose": None}
    compose = run("docker", "compose", "version", "--short")
    return {"installed": True, "version": text.strip(),
            "compose": compose.strip().lstrip("v") if compose else None}


def containers(prefix):
    text = run("docker", "ps", "--all", "--no-trunc", "--filter",
               "label=com.docker.compose.project", "--format", "{{.ID}}")
    ids = text.split() if text else []
    # One may vanish meanwhile, and all the others are told all the same.
    listed = run("docker", "inspect", *ids, partly=True) if ids else None
    return [brief(one) for one in json.loads(listed or "[]")
            if one["Config"]["Labels"].get("com.docker.compose.project", "").startswith(prefix)]


def brief(one):
    labels, state = one["Config"]["Labels"], one["State"]
    return {
        "name": one["Name"].lstrip("/"), "project": labels["com.docker.compose.project"],
        "service": labels.get("com.docker.compose.service"), "image": one["Config"]["Image"],
        "image_id": one["Image"], "config": labels.get("org.natm.config"),
        "oneoff": labels.get("com.docker.compose.oneoff") == "True",
        "state": state["Status"], "health": (state.get("Health") or {}).get("Status"),
        "exit_code": state.get("ExitCode"), "restarts": one.get("RestartCount", 0),
    }


def images(wanted):
    text = run("docker", "image", "ls", "--no-trunc",
               "--format", "{{.Repository}}:{{.Tag}} {{.ID}}")
    lines = (text or "").splitlines()
    there = dict(line.split() for line in lines if " " in line)
    return {tag: there.get(tag) for tag in wanted}


def networks():
    """The engine's networks by name, each with its ranges of addresses."""
    ids = (run("docker", "network", "ls", "--quiet") or "").split()
    listed = run("docker", "network", "inspect", *ids, partly=True) if ids else None
    return {net["Name"]: [part["Subnet"] for part in net["IPAM"]["Config"] or []]
            for net in json.loads(listed or "[]")}


def memory():
    with open("/proc/meminfo", encoding="ascii") as stream:
        fields = dict(line.split(":") for line in stream)
    return {name: int(fields[key].split()[0]) // 1024
            for name, key in [("total", "MemTotal"), ("available", "MemAvailable")]}


def disk(root):
    while not os.path.isdir(root):
        root = os.path.dirname(root)
    where = "/var/lib/docker" if os.path.isdir("/var/lib/docker") else root
    return min(shutil.disk_usage(path).free for path in {root, where}) // (1024 * 1024)


def taken(ports):
    """Those of (protocol, address, port) that another program on this machine holds."""
    busy = []
    for protocol, address, number in ports:
        kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        with socket.socket(socket.AF_INET, kind) as one:
            if protocol == "tcp":  # With UDP it would share the port with whoever shares too.
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind((address, number))
            except OSError:
                busy.append([protocol, number])
    return busy


def unfinished(root):
    try:
        with open(os.path.join(root, "lock", "owner.json"), encoding="utf-8") as stream:
            return json.load(stream)
    except (OSError, ValueError):
        return None


def certificates(root):
    """Names for which the edge has a certificate of an issuer that is not its own authority."""
    folder, names = os.path.join(root, "data/edge/data/caddy/certificates"), set()
    for issuer in os.listdir(folder) if os.path.isdir(folder) else []:
        if issuer != "local" and os.path.isdir(os.path.join(folder, issuer)):
            names.update(os.listdir(os.path.join(folder, issuer)))
    return sorted(names)


def resolved(names):
    """Each name with the addresses it leads to, as seen from here."""
    found = {}
    for name in names:
        try:
            found[name] = sorted({one[4][0] for one in socket.getaddrinfo(name, 443)})
        except OSError:
            found[name] = []
    return found


def system():
    fields = {}
    with open("/etc/os-release", encoding="utf-8") as stream:
        for line in stream:
            key, _eq, value = line.strip().partition("=")
            fields[key] = value.strip('"')
    return {"name": fields.get("PRETTY_NAME", "?"), "id": fields.get("ID", "?"),
            "version": fields.get("VERSION_ID", "?"), "machine": os.uname().machine,
            "systemd": os.path.isdir("/run/systemd/system")}


def main():
    asked = json.loads(sys.stdin.readline())
    with ThreadPoolExecutor(8) as pool:
        parts = {
            "engine": pool.submit(engine), "containers": pool.submit(containers, asked["prefix"]),
            "images": pool.submit(images, asked["images"]), "networks": pool.submit(networks),
        }
        result = {name: part.result() for name, part in parts.items()}
    result.update(
        receipts=receipts(asked["root"]), memory=memory(), disk=disk(asked["root"]),
        taken=taken(asked["ports"]), resolved=resolved(asked["names"]),
        certificates=certificates(asked["root"]), unfinished=unfinished(asked["root"]),
        system=system(),
    )
    print(json.dumps(result))


main()
