# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a server is told about its backups: a plan, where to, and the repository's key. Pure."""

from __future__ import annotations

import json
from typing import Any

from . import __version__
from .errors import NatmError
from .i18n import _
from .model.backup import HERE, CopySpec
from .model.bundle import File
from .model.deployment import Deployment, Instance, Volume
from .model.secret import Secret, Secrets

OWNER = "backup"
"""Under this name secrets.yml keeps what the copies need."""


def repository_key(secrets: Secrets) -> Secret:
    """The key of all of a stack's repositories: whoever has the vault key has it too."""
    return secrets.derived("backup repository")


def backup_files(deployment: Deployment, secrets: Secrets) -> dict[str, File]:
    """The files of the role `backup`, by their place in the bundle."""
    def text(value: Any) -> bytes:
        return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()

    return {
        "backup/plan.json": File(text(plan_of(deployment))),
        "backup/targets.json": File(text(_targets(deployment, secrets)), 0o440, secret=True),
        "backup/key": File(repository_key(secrets).reveal().encode() + b"\n", 0o440, secret=True),
    }


def target_names(deployment: Deployment) -> list[str]:
    """The repositories; the first is written to, the others get copies."""
    spec = deployment.backup
    return [*([HERE] if spec.here else []), *(copy.name for copy in spec.copies)]


def plan_of(deployment: Deployment) -> dict[str, Any]:
    """What is saved and how, for the program on the server. Nothing of it is secret."""
    return {
        "stack": deployment.name, "domain": deployment.domain, "natm": __version__,
        "prefix": deployment.prefix, "root": deployment.root,
        "check": deployment.backup.check, "keep": deployment.backup.keep.model_dump(),
        "targets": target_names(deployment),
        "platforms": {i.id: _platform(i) for i in deployment.instances},
    }


def _platform(instance: Instance) -> dict[str, Any]:
    spec = instance.platform.members
    members = spec and {"container": instance.service(spec.service).container,
                        "command": spec.command}
    return {"version": instance.version, "project": instance.project, "uid": instance.uid,
            "starts": any(s.profile is None for s in instance.services),
            "volumes": {v.name: _volume(v) for v in instance.volumes}, "members": members}


def _volume(volume: Volume) -> dict[str, Any]:
    return {"backup": volume.backup, "uid": volume.uid, "gid": volume.gid, "mode": volume.mode,
            "sqlite": list(volume.sqlite),
            "dump": volume.dump.model_dump() if volume.dump else None}


def _targets(deployment: Deployment, secrets: Secrets) -> dict[str, Any]:
    here = {"url": deployment.repository or f"{deployment.root}/backup/repository"}
    copies = {copy.name: _copy(copy, secrets) for copy in deployment.backup.copies}
    return {**({HERE: here} if deployment.backup.here else {}), **copies}


def _copy(spec: CopySpec, secrets: Secrets) -> dict[str, Any]:
    own = secrets.of(OWNER)
    for name in spec.secrets:
        if name not in own:
            raise NatmError(
                _("the backup copy {copy} needs the secret {name}").format(
                    copy=spec.name, name=name),
                code="backup.no-secret", where="secrets.yml",
                hint=_("`natm secrets set {owner}.{name}` asks for it").format(
                    owner=OWNER, name=name))
    return {"url": spec.url, "append_only": spec.append_only, "host_key": spec.host_key,
            "ssh_key": own[spec.ssh_key].reveal() if spec.ssh_key else None,
            "environment": {variable: own[name].reveal()
                            for variable, name in spec.environment.items()}}


def backup_vars(
    deployment: Deployment, files: dict[str, File], secrets: Secrets
) -> dict[str, Any]:
    """The variables of the role `backup`."""
    return {
        **backup_place(deployment), "backup_daily": deployment.backup.daily,
        "backup_check": deployment.backup.check,
        # A change of any of them is a change of the server; no digest gives a secret away.
        "backup_digest": secrets.fingerprint("\n".join(
            f"{path} {secrets.fingerprint(file.data)}"
            for path, file in sorted(files.items())).encode()),
    }


def backup_place(deployment: Deployment) -> dict[str, Any]:
    """What the role needs to know to take itself away again."""
    return {"backup_root": deployment.root, "backup_prefix": deployment.prefix}
