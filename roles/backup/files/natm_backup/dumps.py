# SPDX-License-Identifier: AGPL-3.0-or-later
"""Databases that save themselves: their own program writes a dump, and reads it back."""

import os

import canaries
from engine import compose, last_words, run, up
from floor import Guarded, told
from house import Refused

LONGEST = 2 * 3600
"""Seconds a database may take to write itself out."""


def make(house, id_, name, spec, target):
    """Write one dump; it counts only if the program ended well and its last line is the end's."""
    container = f"{house.platforms[id_]['project']}-{spec['service']}-1"
    with open(target, "xb", opener=private) as stream:
        code, _out, err = Guarded(house.data, seconds=LONGEST).run(
            ["docker", "exec", container, *spec["save"]], stdout=stream)
        os.fsync(stream.fileno())
    if code != 0:
        raise Refused("backup.dump-failed", "the dump of {volume} failed: {why}",
                      "`natm health` tells whether {id} is well", volume=f"{id_}/{name}", id=id_,
                      why=told(code, err))
    refuse_partial(target, spec, f"{id_}/{name}")
    return canaries.of_dump(target)


def refuse_partial(path, spec, volume):
    """A dump that broke off half way looks fine but for its end."""
    with open(path, "rb") as stream:
        stream.seek(max(0, os.path.getsize(path) - 4096))
        lines = stream.read().decode("utf-8", "replace").strip().splitlines()
    if not lines or not lines[-1].startswith(spec["ends"]):
        raise Refused("backup.dump-partial", "the dump of {volume} broke off before its end",
                      "run it again; if it happens again, look at `natm logs`", volume=volume)


def private(path, flags):
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def load(house, id_, spec, path):
    """Put a dump back, in the way the platform declares: into its running service or without."""
    with open(path, "rb", opener=private) as stream:
        if spec["load_while"] == "running":
            up(house, id_, spec["service"])
            words = ["exec", "-T", spec["service"], *spec["load"]]
        else:
            first, *rest = spec["load"]
            words = ["run", "--rm", "-T", "--no-deps", "--entrypoint", first, spec["service"],
                     *rest]
        done = compose(house, id_, *words, stdin=stream, check=False, timeout=6 * 3600)
    if done.returncode != 0:
        raise Refused("restore.load-failed", "{id} did not take its dump back: {why}", id=id_,
                      why=last_words(done.stderr))


def again(house, id_, name, spec, target):
    """Dump what was just loaded, to see that it says the same."""
    if spec["load_while"] == "stopped":
        up(house, id_, spec["service"])
    found = make(house, id_, name, spec, target)
    os.unlink(target)
    return found


def members(spec):
    """How many members a platform knows; None where it cannot tell."""
    import json

    try:
        done = run(["docker", "exec", "--interactive", spec["container"], *spec["command"],
                    "list"], stdin=None, input="{}", timeout=120)
        answer = json.loads(done.stdout.strip().splitlines()[-1])
        return len(answer["members"])
    except (Refused, ValueError, IndexError, KeyError, TypeError):
        return None
