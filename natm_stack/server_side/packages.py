# SPDX-License-Identifier: AGPL-3.0-or-later
"""Debian's packages in images: which have newer versions, and in what two images differ.

Reads {"newer": [image, ...], "compare": [[image, image], ...]}. Each answer is a list of
[package, version, version], or a word of why there is none.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

UPDATE = ["apt-get", "-qq", "update"]
SIMULATE = ["apt-get", "-qq", "--simulate", "dist-upgrade"]
LISTS = "/var/lib/apt/lists"
LINE = re.compile(r"^Inst (\S+) (?:\[([^]]+)\] )?\((\S+)")


def run(image, words, *more):
    """What a program in an image prints; it is root there, and gone at once."""
    done = subprocess.run(
        ["docker", "run", "--rm", "--user=0", *more, "--entrypoint", words[0], image, *words[1:]],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise RuntimeError((done.stderr.strip() or "nothing was said").splitlines()[-1][:300])
    return done.stdout


def by_base(images):
    """Images that stand on the same Debian, together; those that are gone, each alone."""
    groups: dict[str, list[str]] = {}
    for image in images:
        done = subprocess.run(
            ["docker", "image", "inspect", "--format={{index .RootFS.Layers 0}}", image],
            capture_output=True, text=True, timeout=60, check=False)
        groups.setdefault(done.stdout.strip() or image, []).append(image)
    return groups.values()


def newer(images):
    """What the mirrors have that is newer than what each image was made of.

    The mirrors are asked once for all that stand on the same Debian.
    """
    with tempfile.TemporaryDirectory(prefix="natm-lists-") as lists:
        os.chmod(lists, 0o755)  # apt reads it as a user of its own
        try:
            run(images[0], UPDATE, f"--volume={lists}:{LISTS}")
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
            return {image: {"packages": [], "why": str(error)} for image in images}
        with ThreadPoolExecutor(4) as pool:
            found = pool.map(lambda image: answered(lambda: simulated(image, lists)), images)
            return dict(zip(images, found))  # noqa: B905


def simulated(image, lists):
    text = run(image, SIMULATE, "--network=none", f"--volume={lists}:{LISTS}:ro")
    found = (LINE.match(line) for line in text.splitlines())
    return [[m[1], m[2] or "", m[3]] for m in found if m]


def installed(image):
    lines = run(image, ["dpkg-query", "-W", "-f", "${Package} ${Version}\n"],
                "--network=none").splitlines()
    return dict(line.split(" ", 1) for line in lines if " " in line)


def compare(pair):
    """What changed from one image to the other."""
    before, after = (installed(image) for image in pair)
    return [[name, before.get(name, ""), after.get(name, "")]
            for name in sorted({*before, *after}) if before.get(name) != after.get(name)]


def answered(look):
    try:
        return {"packages": look()}
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        return {"packages": [], "why": str(error)}


def main():
    asked = json.loads(sys.stdin.readline())
    found: dict[str, object] = {}
    for images in by_base(asked.get("newer", [])):
        found.update(newer(images))
    with ThreadPoolExecutor(4) as pool:
        differ = pool.map(lambda pair: answered(lambda: compare(pair)), asked.get("compare", []))
        print(json.dumps({"newer": found, "compare": list(differ)}))


main()
