# SPDX-License-Identifier: AGPL-3.0-or-later
"""Debian's packages in images: which have newer versions, and in what two images differ.

Reads {"newer": [image, ...], "compare": [[image, image], ...]}. Each answer is a list of
[package, version, version], or a word of why there is none.
"""

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

SIMULATE = "apt-get update -qq >&2 && apt-get -qq --simulate dist-upgrade"
LINE = re.compile(r"^Inst (\S+) (?:\[([^]]+)\] )?\((\S+)")


def run(image, program, words, network):
    """What a program in an image prints; it is root there, and gone at once."""
    done = subprocess.run(
        ["docker", "run", "--rm", "--interactive", f"--network={network}", "--user=0",
         "--entrypoint", program, image, *words], stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise RuntimeError((done.stderr.strip() or "nothing was said").splitlines()[-1][:300])
    return done.stdout


def newer(image):
    """What the mirrors have that is newer than what the image was made of."""
    found = (LINE.match(line) for line in
             run(image, "sh", ["-c", SIMULATE], "bridge").splitlines())
    return [[m[1], m[2] or "", m[3]] for m in found if m]


def installed(image):
    lines = run(image, "dpkg-query", ["-W", "-f", "${Package} ${Version}\n"], "none").splitlines()
    return dict(line.split(" ", 1) for line in lines if " " in line)


def compare(pair):
    """What changed from one image to the other."""
    before, after = (installed(image) for image in pair)
    return [[name, before.get(name, ""), after.get(name, "")]
            for name in sorted({*before, *after}) if before.get(name) != after.get(name)]


def answered(look, what):
    try:
        return {"packages": look(what)}
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        return {"packages": [], "why": str(error)}


def main():
    asked = json.loads(sys.stdin.readline())
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda one: answered(newer, one), asked.get("newer", []))
        differ = pool.map(lambda one: answered(compare, one), asked.get("compare", []))
        print(json.dumps({"newer": dict(zip(asked.get("newer", []), found)),  # noqa: B905
                          "compare": list(differ)}))


main()
