# SPDX-License-Identifier: AGPL-3.0-or-later
"""A stack's folder as it is on a server, the real program, the real restic, and no Docker."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PROGRAM = Path(__file__).parents[2] / "roles" / "backup" / "files" / "natm_backup"
NAMES = [path.stem for path in PROGRAM.glob("*.py")]
UID = 58990
KEY = "the-key-of-this-stack\n"
DUMP = "-- a dump\nINSERT one;\nINSERT two;\n-- Dump completed\n"


def part(name: str) -> ModuleType:
    """One module of the program; its plain names are nobody else's afterwards."""
    before = {n: sys.modules.pop(n) for n in NAMES if n in sys.modules}
    sys.path.insert(0, str(PROGRAM))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(PROGRAM))
        for own in NAMES:
            sys.modules.pop(own, None)
        sys.modules.update(before)


@dataclass
class Server:
    """A folder like /srv/natm with two platforms, and what stands in for the engine."""

    root: Path
    world: Path

    @property
    def own(self) -> Path:
        """Where the program's plan lies."""
        return self.root / "backup"

    @property
    def env(self) -> dict[str, str]:
        """A PATH with our Docker first."""
        return {**os.environ, "NATM_TEST_WORLD": str(self.world),
                "PATH": f"{self.world}:{os.environ['PATH']}"}

    def words(self, action: str) -> list[str]:
        """How the program is called."""
        return [sys.executable, "-B", str(self.own / "natm_backup"), action]

    def ask(self, action: str, **asked: Any) -> Any:
        """Its answer."""
        done = subprocess.run(self.words(action), input=json.dumps(asked) + "\n", text=True,
                              capture_output=True, env=self.env, timeout=120, check=False)
        assert done.stdout, done.stderr
        answer = json.loads(done.stdout.splitlines()[-1])
        assert done.returncode == (0 if answer["ok"] else 1)
        return answer

    def good(self, action: str, **asked: Any) -> Any:
        """Its result, which must be good."""
        answer = self.ask(action, **asked)
        assert answer["ok"], answer
        return answer["result"]

    def change(self, file: str, **values: Any) -> None:
        """Change a JSON file below the program's folder, or the world."""
        path = self.world / file if file == "world.json" else self.own / file
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    def restic(self, *words: str, repository: str = "repository") -> str:
        """The real thing, by hand."""
        return subprocess.run(
            ["restic", "--no-cache", "--repo", str(self.own / repository), "--password-file",
             str(self.own / "key"), *words], capture_output=True, text=True, check=True).stdout

    @property
    def state(self) -> Any:
        """What it remembers."""
        return json.loads((self.own / "state.json").read_text())

    @property
    def diary(self) -> list[list[Any]]:
        """What the engine was asked, each with its moment."""
        path = self.world / "diary"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def left(self) -> list[str]:
        """What is left in the work folder."""
        work = self.root / "data" / ".backup"
        return sorted(path.name for path in work.iterdir()) if work.exists() else []

    def kill_during(self, action: str, sign: Callable[[], bool], how: int, **asked: Any) -> None:
        """Start an action and send a signal once the sign is there."""
        started = subprocess.Popen(self.words(action), stdin=subprocess.PIPE, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env)
        assert started.stdin is not None
        started.stdin.write(json.dumps(asked) + "\n")
        started.stdin.flush()
        while not sign():
            assert started.poll() is None, started.communicate()
        started.send_signal(how)
        started.communicate(timeout=60)
        assert started.returncode in (-signal.SIGKILL, 143)


def volume(**changes: Any) -> dict[str, Any]:
    """A volume of plain files."""
    return {"backup": "files", "uid": UID, "gid": UID, "mode": "0700",
            "sqlite": [], "dump": None, **changes}


def plan(root: Path) -> dict[str, Any]:
    """Two platforms: one with files and a database in a file, one that dumps."""
    return {
        "stack": "commons", "domain": "commons.test", "natm": "0", "prefix": "natm",
        "root": str(root), "keep": {"daily": 7, "weekly": 5, "monthly": 12}, "targets": ["here"],
        "platforms": ["files", "wiki"]}


def saved() -> dict[str, Any]:
    """How each of them is saved."""
    dump = {"service": "database", "save": ["/dump"], "load": ["/load"],
            "load_while": "running", "ends": "-- Dump completed"}
    members = {"container": "natm-files-web-1", "command": ["/members"]}
    common = {"uid": UID, "starts": True, "live": False, "steps": []}
    return {
        "files": {**common, "version": "1.0", "project": "natm-files", "members": members,
                  "volumes": {"box": volume(sqlite=["*.sqlite"]),
                              "cache": volume(backup="none")}},
        "wiki": {**common, "version": "2.0", "project": "natm-wiki", "members": None,
                 "volumes": {"database": volume(backup="dump", dump=dump)}}}


def containers(root: Path) -> list[dict[str, Any]]:
    """One that writes into the box, one that does not."""
    def one(project: str, service: str, *mounts: str) -> dict[str, Any]:
        return {"Id": f"{project}-{service}-1", "project": project, "Image": "sha256:1",
                "Config": {"Image": f"natm/{project}:1",
                           "Labels": {"com.docker.compose.service": service}},
                "Mounts": [{"Source": str(root / "data" / m), "RW": True} for m in mounts]}

    return [one("natm-files", "web", "files/box", "files/cache"), one("natm-files", "idle"),
            one("natm-wiki", "database", "wiki/database")]


def fill(root: Path) -> None:
    """What people wrote."""
    box = root / "data" / "files" / "box"
    (box / "home" / "amina").mkdir(parents=True)
    (box / "home" / "amina" / "letter.txt").write_text("dear all")
    (box / "home" / "amina" / "ünïcode 😀.txt").write_text("words")
    (box / "home" / "link").symlink_to("/etc/passwd")
    with sqlite3.connect(box / "chat.sqlite") as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE said (words)")
        database.execute("INSERT INTO said VALUES ('hello')")
    database.close()
    for path in ("files/cache", "wiki/database"):
        (root / "data" / path).mkdir(parents=True)
    (root / "data" / "wiki" / "database" / "ibdata").write_text("raw")
    for path in (root / "data").rglob("*"):
        os.chown(path, UID, UID, follow_symlinks=False)


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty repository with the stack's key: to make one takes restic some seconds."""
    if shutil.which("restic") is None or os.geteuid() != 0:
        pytest.skip("needs restic, and to be root as on a server")
    folder = tmp_path_factory.mktemp("empty")
    (folder / "key").write_text(KEY)
    subprocess.run(["restic", "init", "--no-cache", "--repo", folder / "repository",
                    "--password-file", folder / "key"], check=True, capture_output=True)
    return folder / "repository"


@pytest.fixture
def server(repository: Path) -> Iterator[Server]:
    """The folder, filled."""
    with temporary_server(repository) as made:
        yield made


@contextmanager
def temporary_server(repository: Path) -> Iterator[Server]:
    """A server where platforms' users get through to what is theirs; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="natm-backup-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield new_server(folder, repository)


def new_server(folder: Path, repository: Path) -> Server:
    """A server in a folder."""
    root, world = folder / "srv", folder / "world"
    for folder in ("receipts", "records", "lock", "backup", "bundle/platforms/files",
                   "bundle/platforms/wiki"):
        (root / folder).mkdir(parents=True)
    world.mkdir()
    for one in (root, root / "data"):
        one.mkdir(exist_ok=True)
        one.chmod(0o711)
    fill(root)
    made = Server(root, world)
    shutil.copytree(PROGRAM, made.own / "natm_backup",
                    ignore=shutil.ignore_patterns("__pycache__"))
    (made.own / "plan.json").write_text(json.dumps(plan(root)))
    (made.own / "targets.json").write_text(json.dumps(
        {"here": {"url": str(made.own / "repository")}}))
    (made.own / "key").write_text(KEY)
    shutil.copytree(repository, made.own / "repository")
    for id_, one in saved().items():
        (root / "bundle" / "platforms" / id_ / "saved.json").write_text(json.dumps(one))
        (root / "receipts" / f"{id_}.json").write_text(json.dumps(
            {"id": id_, "version": one["version"]}))
    (root / "records" / "workspace.json").write_text("{}")
    shutil.copy(Path(__file__).parent / "docker.py", world / "docker")
    (world / "world.json").write_text(json.dumps({
        "containers": containers(root),
        "programs": {"/dump": {"out": DUMP}, "/members list": {
            "out": '{"ok": true, "members": [{"name": "amina"}, {"name": "kofi"}]}\n'}}}))
    return made
