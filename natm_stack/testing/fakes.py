# SPDX-License-Identifier: AGPL-3.0-or-later
"""Stand-ins for the world: programs that only record, a server in memory, and a sample stack."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ..composefile import made_beforehand
from ..diff import Look
from ..flows.tools import Tools
from ..flows.workspace import Workspace
from ..load import Catalog, LoadedStack, load_catalog, stack_from
from ..model.bundle import Bundle
from ..model.deployment import Deployment
from ..model.secret import Secret, Secrets
from ..paths import package_folder, shipped
from ..process import Completed, Held
from ..resolve import resolve

STACK: dict[str, Any] = {
    "name": "riverside",
    "title": "Riverside Commons",
    "domain": "commons.example.org",
    "languages": ["en", "fr"],
    "server": {"host": "server.example.org", "user": "volunteer"},
    "platforms": {"portal": None, "prosody": None, "mediawiki": None, "copyparty": None},
}
PASSWORD = "let-me-in-1234"  # noqa: S105  # made up, to be looked for where it must not be


@dataclass(frozen=True)
class Call:
    """One program that was to be run."""

    argv: tuple[str, ...]
    stdin: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    keep_open: tuple[int, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What a program that was not run says."""

    code: int = 0
    stdout: str = ""
    stderr: str = ""


class RecordedHold:
    """A program that stays, and says the lines it was given."""

    fileno = 0

    def __init__(self, lines: Sequence[str], errors: str = "") -> None:
        self.lines, self.said = list(lines), errors
        self.last: str | None = None
        self.gone = False

    def tell(self, words: str) -> bool:
        """Whether anyone is there to hear it."""
        return not self.gone

    def read_line(self) -> str:
        """The next line, or nothing when it has ended."""
        return f"{self.lines.pop(0)}\n" if self.lines else ""

    def errors(self) -> str:
        """What it complained of."""
        return self.said

    def close(self, last: str = "") -> int:
        """Note the last word it was told."""
        self.last = last
        return 0


class RecordingRunner:
    """Runs nothing: keeps every call, and answers from a list or by a function."""

    def __init__(
        self, *answers: Answer, reply: Callable[[Call], Answer] | None = None,
        held: RecordedHold | None = None,
    ) -> None:
        self.answers, self.reply = list(answers), reply
        self.held = held or RecordedHold(['{"held": true, "unfinished": null}'])
        self.calls: list[Call] = []

    def run(
        self, argv: Sequence[str], *, stdin: str = "", env: Mapping[str, str] | None = None,
        cwd: Path | None = None, keep_open: Sequence[int] = (), timeout: float | None = None,
    ) -> Completed:
        """Record the call and give the next answer; well and silent where there is none."""
        call = Call(tuple(argv), stdin, dict(env or {}), cwd, tuple(keep_open))
        self.calls.append(call)
        answer = self._answer(call)
        return Completed(call.argv, answer.code, answer.stdout, answer.stderr, 0.0)

    def _answer(self, call: Call) -> Answer:
        if self.answers:
            return self.answers.pop(0)
        return self.reply(call) if self.reply else Answer()

    def hold(self, argv: Sequence[str], *, stdin: str = "") -> Held:
        """Record the call and give the program that stays."""
        self.calls.append(Call(tuple(argv), stdin))
        return self.held

    @property
    def argvs(self) -> list[tuple[str, ...]]:
        """The words of every call."""
        return [call.argv for call in self.calls]


class MemoryServer(RecordingRunner):
    """A server that answers natm's small programs out of `look` and `scripts`.

    `asked` holds what each program was asked, by name, in order.
    """

    def __init__(self, look: Look | None = None, **scripts: Any) -> None:
        super().__init__(reply=self._script)
        self.scripts: dict[str, Any] = {
            "look": look or empty_look(), "record": {"value": None}, **scripts}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def _script(self, call: Call) -> Answer:
        for name, answer in self.scripts.items():
            text = (package_folder("server_side") / f"{name}.py").read_text(encoding="utf-8")
            _before, found, asked = call.stdin.partition(text)
            if found:
                self.asked.append((name, json.loads(asked)))
                value = answer(json.loads(asked)) if callable(answer) else answer
                return Answer(stdout=json.dumps(value) + "\n")
        return Answer()


@cache
def sample_catalog() -> Catalog:
    """The catalog that ships with natm, read once."""
    return load_catalog(shipped("catalog"))


def sample_platform(root: Path, id_: str, **changes: Any) -> Path:
    """Write a small platform of one service into the catalog at `root`; returns its folder."""
    values = {
        "id": id_, "name": id_.capitalize(), "version": "1.0", "category": "tool",
        "title": {"en": id_}, "summary": {"en": "A sample."}, "licence": "MIT",
        "homepage": "https://platform.example", "uid": 58700,
        "needs": {"memory_mb": 10, "disk_mb": 10}, "images": {"web": {"build": "image"}},
        "services": {"web": {"image": "web", "memory_mb": 64, "networks": ["front"]}},
        "routes": [{"name": id_, "service": "web", "port": 8080}], **changes}
    folder = root / "platforms" / id_
    (folder / "image").mkdir(parents=True)
    (folder / "image" / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\n", encoding="utf-8")
    (folder / "platform.yml").write_text(json.dumps(values, indent=1), encoding="utf-8")
    (folder / "compose.yml.j2").write_text(
        'services:\n  web:\n    {{ service("web") }}\n', encoding="utf-8")
    return folder


def sample_stack(**changes: Any) -> LoadedStack:
    """A stack of all platforms; `changes` replace its keys, None takes one out."""
    values = {key: value for key, value in {**copy.deepcopy(STACK), **changes}.items()
              if value is not None}
    return stack_from(json.dumps(values, indent=2), Path("stack.yml"))


def sample_deployment(catalog: Catalog | None = None, **changes: Any) -> Deployment:
    """The sample stack, resolved."""
    return resolve(catalog or sample_catalog(), sample_stack(**changes))


def sample_secrets(deployment: Deployment) -> Secrets:
    """Secrets that are the same every time, and easy to find in what was written."""
    values = {i.id: {name: Secret(f"secret.{i.id}.{name}") for name in i.platform.secrets}
              for i in deployment.instances}
    return Secrets(values, Secret("the-vault-key-of-a-sample-stack"))


def sample_workspace(
    folder: Path, runner: RecordingRunner | None = None, **changes: Any
) -> Workspace:
    """A workspace on disk with the sample stack, on a server that only records."""
    file = folder / "stack.yml"
    values = sample_stack(**changes).stack.model_dump(mode="json", exclude_unset=True,
                                                         by_alias=True)
    file.write_text(json.dumps(values, indent=2), encoding="utf-8")
    return Workspace(folder, sample_tools(runner))


def sample_tools(runner: RecordingRunner | None = None) -> Tools:
    """Tools that touch nothing outside."""
    return Tools(lambda _host: Secret(PASSWORD), lambda _event: None,
                 runner=runner or MemoryServer())


def empty_look(**changes: Any) -> Look:
    """What look.py prints on a new, roomy server with an engine and nothing of ours."""
    return {
        "engine": {"installed": True, "version": "27.3.1", "compose": "2.29.7"},
        "containers": [], "images": {}, "networks": {}, "receipts": {}, "taken": [],
        "memory": {"total": 16000, "available": 12000}, "disk": 90000, "unfinished": None,
        "certificates": [], "resolved": {},
        "system": {"name": "Debian GNU/Linux 13 (trixie)", "id": "debian", "version": "13",
                   "machine": "x86_64", "systemd": True},
        **changes,
    }


def deployed_look(deployment: Deployment, bundle: Bundle, **changes: Any) -> Look:
    """What look.py prints where exactly this bundle was deployed and is well."""
    tags = {i.tag for inst in deployment.instances for i in inst.images}
    receipts: dict[str, Any] = {
        i.id: {"fingerprint": bundle.parts[i.id], "version": i.version, "project": i.project,
               "files": dict(bundle.fingerprints[i.id]),
               "images": {image.name: image.tag for image in i.images}}
        for i in deployment.instances}
    receipts["host"] = {"fingerprint": bundle.parts["host"]}
    return empty_look(**{
        "receipts": receipts, "containers": _containers(deployment),
        "images": dict.fromkeys([*tags, *(b.tag for b in deployment.bases)], "sha256:1"),
        "networks": {net.name: [net.subnet] for net in made_beforehand(deployment)}, **changes})


def deployed_server(workspace: Workspace) -> MemoryServer:
    """A server that has exactly what this workspace says."""
    return MemoryServer(deployed_look(workspace.deployment, workspace.bundle))


def _containers(deployment: Deployment) -> list[dict[str, Any]]:
    return [
        {"name": s.container, "project": i.project, "service": s.name, "image": s.image.tag,
         "image_id": "sha256:1", "config": "", "oneoff": False, "state": "running",
         "health": "healthy", "exit_code": 0, "restarts": 0}
        for i in deployment.instances for s in i.running]
