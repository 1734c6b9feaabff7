# SPDX-License-Identifier: AGPL-3.0-or-later
"""Opening a workspace: stack, catalog, deployment, secrets and bundle, each made when asked for."""

from __future__ import annotations

import ssl
import time
from functools import cached_property
from pathlib import Path

from ..apply.events import Event
from ..errors import NatmError
from ..files import write_bundle
from ..i18n import _
from ..load import Catalog, LoadedStack, load_catalog, load_stack, tree_digest
from ..model.bundle import Bundle
from ..model.deployment import Deployment
from ..model.secret import Secret, Secrets
from ..paths import shipped
from ..render import render
from ..resolve import resolve
from ..secrets import fill_in, key_file, load_secrets, make_key, read_key
from ..server import Lock, Server
from .tools import Tools


def find(start: Path) -> Path:
    """The nearest folder upwards that holds a stack.yml."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / "stack.yml").is_file():
            return folder
    raise NatmError(
        _("there is no stack.yml here, nor in any folder above"), code="workspace.none",
        where=str(start), hint=_("make one with `natm init`, or say where it is with -C FOLDER"))


class Workspace:
    """One community's folder, opened."""

    def __init__(self, folder: Path, tools: Tools) -> None:
        self.folder, self.tools = folder, tools

    @cached_property
    def loaded(self) -> LoadedStack:
        """stack.yml, read."""
        return load_stack(self.folder / "stack.yml")

    @cached_property
    def catalog(self) -> Catalog:
        """All layers: the shipped catalog, stack.yml's own, and --catalog folders on top."""
        layers = []
        for source in self.loaded.stack.catalogs:
            folder = (self.folder / source.path).resolve()
            trusted = source.trusted is not None and folder.is_dir() and (
                tree_digest(folder) == source.trusted)
            layers.append((folder, trusted))
        # A folder named on the command line was named by the one who runs the command.
        layers += [(folder.resolve(), True) for folder in self.tools.catalogs]
        return load_catalog(shipped("catalog"), layers)

    @cached_property
    def deployment(self) -> Deployment:
        """The stack, resolved."""
        return resolve(self.catalog, self.loaded)

    @cached_property
    def key_file(self) -> Path:
        """Where this stack's vault key lies."""
        return key_file(self.loaded.stack.name)

    @cached_property
    def secrets(self) -> Secrets:
        """All secrets, the missing ones made."""
        file = self.folder / "secrets.yml"
        key = read_key(self.key_file) if file.exists() else make_key(self.key_file)
        return _with_certificate(
            fill_in(file, load_secrets(file, key), self.deployment), self.deployment)

    @cached_property
    def bundle(self) -> Bundle:
        """The deployment, rendered."""
        return render(self.deployment, self.secrets)

    @cached_property
    def server(self) -> Server:
        """The connection to the community's server."""
        return Server(self.deployment.server, self.tools.runner, self.tools.ask_password)

    def lock(self, command: str) -> Lock:
        """Take the server's lock, for as long as the object is open."""
        return Lock(self.server, self.deployment.root, command, waits=lambda words:
                    self.tools.listen(Event(time.time(), "start", "server", words)))

    @property
    def bundle_folder(self) -> Path:
        """Where the bundle is written."""
        return self.folder / "bundle"

    def write_bundle(self) -> int:
        """Write the bundle; returns how many files changed."""
        return write_bundle(self.bundle, self.bundle_folder, self.secrets)


def _with_certificate(secrets: Secrets, deployment: Deployment) -> Secrets:
    """With tls mode `files`, the community's certificate goes the way of secrets."""
    tls = deployment.tls
    if tls.mode != "files" or tls.certificate is None or tls.key is None:
        return secrets
    own = dict(secrets.of("edge"))
    try:
        # Only a key and its own certificate pass, so nothing else is taken along by mistake.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            tls.certificate, tls.key)
    except (OSError, ValueError) as error:
        raise NatmError(
            _("certificate and key cannot be used together: {why}").format(why=error),
            code="tls.unusable", where=tls.certificate,
            hint=_("give a PEM file with the whole chain, and its own private key")) from error
    for name, path in [("tls_certificate", tls.certificate), ("tls_key", tls.key)]:
        try:
            own[name] = Secret(Path(path).read_text(encoding="ascii"))
        except (OSError, UnicodeDecodeError) as error:
            raise NatmError(
                _("the certificate file cannot be read: {why}").format(why=error),
                code="tls.unreadable", where=path) from error
    return Secrets({**secrets.values, "edge": own}, secrets.vault_key)
