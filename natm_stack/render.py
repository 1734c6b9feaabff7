# SPDX-License-Identifier: AGPL-3.0-or-later
"""The third arrow: Deployment + Secrets -> Bundle. All templating is here, none on a server."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from . import __version__
from .acme import issuer, staging
from .backupfile import backup_files, backup_place, backup_vars, saved_file
from .composefile import made_beforehand, networks_block, publish, service_block, without_ports
from .errors import NatmError
from .i18n import _
from .mailing import mail_context, mail_password
from .model.bundle import HEADER, Bundle, File
from .model.deployment import Deployment, Instance, Subnet
from .model.secret import Secret, Secrets
from .paths import package_folder, shipped
from .signin import clients, sign_in_context
from .templating import Safe, environment, q, render_template
from .varsfile import vars_file

IGNORED = {"__pycache__", ".gitignore", ".dockerignore"}


def render(deployment: Deployment, secrets: Secrets) -> Bundle:
    """Render the whole bundle; `NatmError` where a value cannot stand where a template puts it."""
    files: dict[str, File] = {}
    parts: dict[str, str] = {}
    fingerprints: dict[str, dict[str, str]] = {}
    for instance in deployment.instances:
        own = _PlatformRenderer(deployment, instance, secrets).files()
        prints = {path: secrets.fingerprint(file.data) for path, file in own.items()}
        files |= {f"platforms/{instance.id}/{path}": file for path, file in own.items()}
        variables = _platform_vars(instance, own, prints, secrets)
        parts[instance.id] = variables["platform_receipt"]["fingerprint"]
        fingerprints[instance.id] = prints
        files[f"host_vars/{instance.id}.yml"] = vars_file(variables)
    constant = _constant_files()
    files |= (backup := backup_files(deployment, secrets))
    # What this role puts on a server stays there and runs alone, so a newer one is a change.
    program = {p: f for p, f in constant.items() if p.startswith("roles/backup/")}
    host = _host_vars(deployment) | backup_vars(deployment, backup | program, secrets)
    parts["host"] = secrets.fingerprint(json.dumps(host, sort_keys=True).encode())
    host["natm_host_receipt"] = {"fingerprint": parts["host"], "natm": __version__}
    files["group_vars/all.yml"] = vars_file(host)
    files["inventory.yml"] = vars_file(_inventory(deployment))
    files |= constant
    return Bundle(dict(sorted(files.items())), parts, fingerprints)


class _PlatformRenderer:
    """Renders one platform's folder as it will lie on the server."""

    def __init__(self, deployment: Deployment, instance: Instance, secrets: Secrets) -> None:
        self.deployment, self.instance = deployment, instance
        self.folder = Path(instance.folder)
        _refuse_links(self.folder)
        self.env = environment(self.folder)
        self.secrets = secrets
        self.values = secrets.of(instance.id)
        self.mounted: set[str] = set()

    def files(self) -> dict[str, File]:
        """All files: configuration, secrets, recipes, hooks, and compose.yml."""
        files = self._config_files() | self._proofs() | self._verbatim("hooks")
        for image in self.instance.images:
            if image.recipe is not None:
                files |= self._verbatim(image.recipe)
        # Settings that reach only compose.yml recreate containers by themselves; what is mounted
        # does not, so its digest stands in a label.
        config = self._digest({p: f for p, f in files.items() if p.startswith("files/")})
        text = self._compose(config)
        files |= {f"secrets/{name}": self._secret_file(name) for name in sorted(self.mounted)}
        if self.mounted:
            config = self._digest({p: f for p, f in files.items()
                                   if p.startswith(("files/", "secrets/"))})
            text = self._compose(config)
        files["compose.yml"] = File(text.encode())
        files["saved.json"] = File(saved_file(self.instance))
        if self.instance.override:
            # Compose takes it along by its name, whoever calls it.
            files["compose.override.yml"] = File(Path(self.instance.override).read_bytes())
        return files

    def _digest(self, files: dict[str, File]) -> str:
        lines = [f"{path} {self.secrets.fingerprint(f.data)}" for path, f in sorted(files.items())]
        return self.secrets.fingerprint("\n".join(lines).encode())

    def _compose(self, config: str) -> str:
        body = render_template(
            self.env, "compose.yml.j2", self.folder, self._context(config, _Forbidden()))
        head = f"# {HEADER}\nname: {q(self.instance.project)}\n"
        text = head + body.rstrip("\n") + "\n" + networks_block(self.deployment, self.instance)
        return without_ports(text) if self.deployment.isolated else text

    def _config_files(self) -> dict[str, File]:
        files = {}
        for path in _walk(self.folder / "files"):
            relative = path.relative_to(self.folder).as_posix()
            if path.suffix == ".j2":
                watch = _Watched(self.values)
                text = render_template(
                    self.env, relative, self.folder, self._context("", watch))
                files[relative.removesuffix(".j2")] = File(text.encode(), 0o640, watch.touched)
            else:
                files[relative] = File(path.read_bytes(), 0o640 | _executable(path, 0o110))
        return {p: File(f.data, 0o440 if f.secret else f.mode, f.secret) for p, f in files.items()}

    def _proofs(self) -> dict[str, File]:
        if not self.instance.platform.carries_proofs:
            return {}
        files = {"files/natm_stack/__init__.py": File(
            package_folder("__init__.py").read_bytes(), 0o640)}
        for path in sorted(package_folder("checks").glob("*.py")):
            files[f"files/natm_stack/checks/{path.name}"] = File(path.read_bytes(), 0o640)
        for other in self.deployment.instances:
            proofs = Path(other.folder) / "proofs.py"
            if proofs.is_file():
                name = other.id.replace("-", "_")
                files[f"files/proofs/test_{name}.py"] = File(proofs.read_bytes(), 0o640)
        return files

    def _verbatim(self, name: str) -> dict[str, File]:
        return {
            path.relative_to(self.folder).as_posix(): File(
                path.read_bytes(), 0o644 | _executable(path, 0o111))
            for path in _walk(self.folder / name)
        }

    def _secret_file(self, name: str) -> File:
        return File(self.values[name].reveal().encode(), 0o440, secret=True)

    def _context(self, config: str, secrets: Any) -> dict[str, Any]:
        deployment, instance = self.deployment, self.instance
        routes = {route.key: route for route in instance.routes}
        return {
            "domain": deployment.domain, "languages": list(deployment.languages),
            "community": {"name": deployment.title}, "settings": instance.settings,
            "secrets": secrets, "platform": instance.platform, "instance": instance,
            "deployment": deployment, "routes": deployment.routes,
            "certificates": deployment.certificates, "tls": deployment.tls,
            "tls_mode": deployment.tls.mode, "acme_issuer": issuer(deployment.tls),
            "acme_staging": staging(deployment.tls) or "",
            "edge_address": instance.front.edge_address,
            "loopback_only": deployment.loopback_only,
            "proofs_from": next((i.front.ip_range for i in deployment.instances
                                 if i.platform.carries_proofs), None),
            "subnet": {"front": instance.front.subnet, "inner": instance.inner.subnet,
                       "open": instance.open.subnet},
            "host": lambda name: routes[name].host, "url": lambda name: routes[name].url,
            "service": lambda name: service_block(deployment, instance, name, config),
            "publish": lambda number: publish(deployment, number),
            "clients": lambda: clients(deployment, lambda id_, name: self._of(id_, name, secrets)),
            **sign_in_context(deployment, instance), **self._mounts(),
            "mail": mail_context(deployment, instance),
            "mail_password": lambda: self._mail_password(secrets),
        }

    def _of(self, id_: str, name: str, secrets: Any) -> str:
        """The password by which another platform asks this one, noted as used."""
        if not self.instance.platform.provides:
            raise ValueError(_("only an account platform is told the others' passwords"))
        secrets.touch()
        return self.secrets.of(id_)[name].reveal()

    def _mail_password(self, secrets: Any) -> str:
        """The community's password at its mail server, noted as used."""
        if not (self.instance.platform.mail and self.deployment.mail):
            raise ValueError(_("only a platform that sends mail is told its password"))
        secrets.touch()
        return mail_password(self.deployment, self.secrets).reveal()

    def _mounts(self) -> dict[str, Any]:
        volumes = {volume.name: volume for volume in self.instance.volumes}
        root = self.deployment.root

        def volume(name: str, target: str, ro: bool = False, of: str | None = None) -> Safe:
            source = f"{root}/data/{of}/{name}" if of else volumes[name].path
            return _bind(source, target, ro)

        def file(path: str, target: str) -> Safe:
            return _bind(f"./files/{path}".rstrip("/"), target, True)

        def secret(name: str, target: str) -> Safe:
            if name not in self.values:
                raise ValueError(_("platform.yml declares no secret {name}").format(name=name))
            self.mounted.add(name)
            return _bind(f"./secrets/{name}", target, True)

        def public(target: str, ro: bool = True) -> Safe:
            return _bind(f"{root}/public", target, ro)

        def closed(target: str) -> Safe:
            return _bind(f"{root}/closed", target, True)

        return {"volume": volume, "file": file, "secret": secret, "public": public,
                "closed": closed}


def _bind(source: str, target: str, ro: bool) -> Safe:
    """A bind mount in the short form; a missing source is an error, never an empty folder."""
    parts = {"type": "bind", "source": source, "target": target, "read_only": ro,
             "bind": {"create_host_path": False}}
    return Safe(json.dumps(parts).replace("$", "$$"))


class _Watched:
    """A platform's secrets, which notes whether a template used one."""

    def __init__(self, values: Mapping[str, Secret]) -> None:
        self._values, self.touched = values, False

    def touch(self) -> None:
        """Note that what is written holds a secret."""
        self.touched = True

    def __getattr__(self, name: str) -> str:
        if name.startswith("_") or name not in self._values:
            raise AttributeError(name)
        self.touched = True
        return self._values[name].reveal()


class _Forbidden:
    """Stands for the secrets in compose.yml, where none may be written."""

    def __getattr__(self, name: str) -> str:
        raise NatmError(
            _("compose.yml may hold no secret; mount it with secret(...)"),
            code="render.secret-in-compose")


def _refuse_links(folder: Path) -> None:
    """A link could bring any file of the volunteer's computer to the server."""
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink():
            raise NatmError(
                _("a catalog holds files and folders, no links: what they lead to can change"),
                code="catalog.symlink", where=str(path), hint=_("put the file itself there"))


def _walk(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in sorted(folder.rglob("*"))
            if path.is_file() and not IGNORED & set(path.parts)]


def _executable(path: Path, bits: int) -> int:
    return bits if path.stat().st_mode & stat.S_IXUSR else 0


def _platform_vars(
    instance: Instance, files: dict[str, File],
    prints: dict[str, str], secrets: Secrets,
) -> dict[str, Any]:
    """The variables of the role `platform`, complete."""
    started = [s for s in instance.services if s.profile is None]
    # Services that start with the platform last: one on demand may not be in compose.yml at all.
    built = {s.name: s.image.tag
             for s in sorted(instance.services, key=lambda s: s.profile is None)
             if s.image.recipe and not s.image.on_demand}
    receipt: dict[str, Any] = {
        "id": instance.id, "version": instance.version, "project": instance.project,
        "images": {i.name: i.tag for i in instance.images}, "files": prints,
        "networks": [_network(subnet) for kind, subnet in (
            ("front", instance.front), ("link", instance.link))
            if kind in instance.networks_used],
        # Those natm made and keeps; a certificate of the community's own may be renewed.
        "secrets": {name: secrets.fingerprint(secrets.of(instance.id)[name].reveal().encode())
                    for name in sorted(instance.platform.secrets)},
    }
    variables: dict[str, Any] = {
        "platform_id": instance.id, "platform_project": instance.project,
        "platform_start": bool(started),
        "platform_build": True,
        "platform_pull": any(i.recipe is None for i in instance.images),
        "platform_directories": [
            {"path": v.path, "owner": str(v.uid), "group": str(v.gid), "mode": v.mode}
            for v in instance.volumes],
        "platform_files": [
            {"path": path, "group": str(instance.group_of(path)), "mode": f"{file.mode:04o}",
             "secret": file.secret}
            for path, file in sorted(files.items())],
        "platform_images": sorted(set(built.values())),
        "platform_build_services": _one_service_per_image(built),
        "platform_hooks": sorted(Path(p).stem for p in files if p.startswith("hooks/")),
    }
    receipt["fingerprint"] = secrets.fingerprint(
        json.dumps([variables, receipt], sort_keys=True).encode())
    return {**variables, "platform_receipt": receipt}


def _one_service_per_image(built: dict[str, str]) -> list[str]:
    return sorted({tag: name for name, tag in built.items()}.values())


def _host_vars(deployment: Deployment) -> dict[str, Any]:
    """Variables of the host play."""
    return {
        "base_root": deployment.root, "platform_root": deployment.root,
        "networks_list": [_network(subnet) for subnet in made_beforehand(deployment)],
        "image_base_list": [asdict(base) for base in deployment.bases],
        "base_public_owner": str(deployment.instance("edge").uid), **backup_place(deployment),
    }


def _network(subnet: Subnet) -> dict[str, Any]:
    return {"name": subnet.name, "subnet": subnet.subnet, "gateway": subnet.gateway,
            "ip_range": subnet.ip_range, "internal": subnet.internal}


def _inventory(deployment: Deployment) -> dict[str, Any]:
    server = deployment.server
    connection: dict[str, Any] = {"ansible_connection": "local" if server.local else "ssh"}
    if server.local:
        connection["ansible_python_interpreter"] = "/usr/bin/python3"
    else:
        connection |= {"ansible_host": server.host, "ansible_python_interpreter": "auto_silent"}
        connection |= {"ansible_user": server.user} if server.user else {}
        connection |= {"ansible_port": server.port} if server.port else {}
    return {"all": {
        "vars": {**connection, "ansible_become": True},
        "hosts": {"server": None},
        "children": {"platforms": {"hosts": {i.id: None for i in deployment.instances}}},
    }}


def removal_inventory(
    deployment: Deployment, receipts: Mapping[str, Any], *, purge: bool, images: bool
) -> File:
    """An inventory of platforms that are to go, made from their receipts on the server."""
    hosts = {id_: {
        "platform_id": id_, "platform_project": receipt.get("project") or
        f"{deployment.prefix}-{id_}",
        "platform_networks": receipt.get("networks", []), "platform_purge": purge,
        "platform_images": sorted(set(receipt.get("images", {}).values())),
        "platform_remove_images": images,
    } for id_, receipt in receipts.items()}
    whole = _inventory(deployment)
    whole["all"]["vars"] |= _host_vars(deployment)
    if not images:
        whole["all"]["vars"]["image_base_list"] = []
    whole["all"]["children"]["platforms"]["hosts"] = hosts
    return vars_file(whole)


def _constant_files() -> dict[str, File]:
    """Roles and playbooks: the same for every stack."""
    files = {}
    for name in ("site.yml", "stage.yml", "remove.yml", "ansible.cfg"):
        files[name] = File((package_folder("apply") / "playbooks" / name).read_bytes())
    for path in _walk(shipped("roles")):
        relative = path.relative_to(shipped("roles"))
        if not {"molecule"} & set(relative.parts):
            files[f"roles/{relative.as_posix()}"] = File(
                path.read_bytes(), 0o644 | _executable(path, 0o111))
    for path in _walk(shipped("catalog") / "images"):
        relative = path.relative_to(shipped("catalog"))
        files[relative.as_posix()] = File(path.read_bytes(), 0o755)
    return files
