# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one gate to other programs, Docker above all: argument vectors only, no shell."""

import json
import subprocess

from house import Refused, write_json


def run(argv, *, timeout=600, check=True, **more):
    """Run a program to its end; what it said on both streams is kept as text."""
    try:
        done = subprocess.run(argv, stdin=more.pop("stdin", subprocess.DEVNULL),
                              capture_output=True, text=True, errors="replace", timeout=timeout,
                              check=False, **more)
    except FileNotFoundError as error:
        raise Refused("backup.missing-program", "this server lacks the program {program}",
                      "`natm deploy --full` puts it there", program=argv[0]) from error
    except subprocess.TimeoutExpired as error:
        raise Refused("backup.too-slow", "{program} took longer than {n} s",
                      program=" ".join(argv[:3]), n=timeout) from error
    if check and done.returncode != 0:
        raise Refused("backup.program-failed", "{program} failed: {why}",
                      program=" ".join(argv[:3]), why=last_words(done.stderr or done.stdout))
    return done


def last_words(text, most=400):
    """The end of what a program said."""
    return " / ".join(line.strip() for line in text.strip().splitlines()[-3:])[-most:]


def compose(house, id_, *words, file=None, **more):
    """A Compose command for one platform, on its own files or on another in their place."""
    folder = house.bundle(id_)
    return run(["docker", "compose", "--ansi=never",
                f"--project-name={house.platforms[id_]['project']}",
                f"--project-directory={folder}", *([f"--file={file}"] if file else []), *words],
               cwd=folder, **more)


def up(house, id_, *services, file=None, check=True):
    """Start a platform, or some of its services, and wait until all is well."""
    only = ["--no-deps", *services] if services else ["--remove-orphans"]
    return compose(house, id_, "up", "--detach", "--wait", "--wait-timeout=300", "--no-build",
                   "--pull=never", *only, file=file, check=check, timeout=400)


def without_ports(house, id_):
    """A file that starts a platform with nothing published; None where nothing is."""
    whole = json.loads(compose(house, id_, "config", "--format=json").stdout)
    published = [one.pop("ports") for one in whole["services"].values() if one.get("ports")]
    if not published:
        return None
    path = house.own / "run" / f"{id_}.compose.json"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_json(str(path), whole)
    return path


def require_images(images):
    """Refuse where an image is gone: what was built once may not be built the same again."""
    for tag in images.values():
        if run(["docker", "image", "inspect", "--format={{.Id}}", tag], check=False).returncode:
            raise Refused("rollback.images-gone", "the image {tag} is no longer on this server",
                          "`natm restore` brings back what was written", tag=tag)


def stop(project, but=()):
    """Stop a project's containers, whatever file they were made from; some services may stay."""
    ids = [one["Id"] for one in containers(project)
           if one["Config"]["Labels"].get("com.docker.compose.service") not in but]
    if ids:
        run(["docker", "stop", *ids], timeout=400)


def containers(project):
    """The running containers of a project, as the engine describes them."""
    listed = run(["docker", "ps", "--quiet", "--no-trunc", "--filter", "status=running",
                  "--filter", f"label=com.docker.compose.project={project}"])
    ids = listed.stdout.split()
    return json.loads(run(["docker", "inspect", *ids]).stdout) if ids else []


def image_ids(project):
    """What a project's containers were made of: the image's name, and its digest here."""
    return {one["Config"]["Image"]: one["Image"] for one in containers(project)}


def writers(project, folders):
    """Ids of the running containers that may write into one of these folders."""
    wanted = {str(folder) for folder in folders}
    return [one["Id"] for one in containers(project)
            if any(mount.get("RW") and mount.get("Source") in wanted for mount in one["Mounts"])]
