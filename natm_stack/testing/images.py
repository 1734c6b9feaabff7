# SPDX-License-Identifier: AGPL-3.0-or-later
"""Images for tests: built once on this machine's engine, then handed to throwaway servers.

Tags name the content of recipe, base and package epoch: an image of the right tag is the right
one.
"""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..errors import NatmError
from ..flows.tools import Tools
from ..flows.workspace import Workspace
from ..model.secret import Secret
from .docker_cli import inspect
from .server import ThrowawayServer


def tags(workspace: Workspace, ids: Iterable[str]) -> list[str]:
    """The tags of all images of some platforms, those built on demand included."""
    return sorted({image.tag for id_ in ids
                   for image in workspace.deployment.instance(id_).images})


def ensure(workspace: Workspace, ids: Iterable[str]) -> list[str]:
    """Build what this machine's engine lacks, from the written bundle; returns all tags."""
    ids = list(ids)
    workspace.write_bundle()
    for base in workspace.deployment.bases:
        if inspect("image", base.tag) is None:
            _run(workspace.bundle_folder / "images/base/build.sh", base.suite, base.tag)
    for id_ in ids:
        folder = workspace.bundle_folder / "platforms" / id_
        for service in workspace.deployment.instance(id_).services:
            if inspect("image", service.image.tag) is None:
                _run("docker", "compose", "--project-directory", str(folder),
                     "--profile", "*", "build", service.name)
    return tags(workspace, ids)


def _run(*words: str | Path) -> None:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=1800, check=False)
    if done.returncode != 0:
        raise NatmError(f"{words[0]} failed: {done.stderr[-1500:]}", code="testing.build")


def main(words: Sequence[str] | None = None) -> None:
    """Hand all images of a workspace's stack to a throwaway server, and an engine to take them."""
    parser = argparse.ArgumentParser(prog="python -m natm_stack.testing.images")
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    options = parser.parse_args(words)
    server = ThrowawayServer.load(options.state)
    if server is None:
        raise NatmError("there is no such throwaway server", code="testing.server-down")
    workspace = Workspace(options.workspace, Tools(lambda _host: Secret(""), lambda _event: None))
    made = workspace.deployment
    ids = [i.id for i in made.instances]
    built = {i.tag for inst in made.instances for i in inst.images if i.on_demand}
    server.load_images([*(b.tag for b in made.bases), *sorted({*ensure(workspace, ids)} - built)])


if __name__ == "__main__":
    main()
