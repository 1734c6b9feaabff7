# SPDX-License-Identifier: AGPL-3.0-or-later
"""A community's server for tests: a container with systemd and SSH, gone when the test ends.

    with ThrowawayServer() as server:
        print(server.ssh_config)

From a shell or a playbook: `python -m natm_stack.testing.server create --state FILE` and
`destroy --state FILE`; `leftovers` lists what an interrupted run left behind.
"""

from __future__ import annotations

import argparse
import json
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from ..errors import NatmError
from ..process import Completed
from .docker_cli import docker, inspect, pipe_images, program
from .server_image import Suite, server_image

LABEL = "natm.throwaway"
PORT = 2222
USER = "volunteer"
ALIAS = "natm-throwaway"
# Everything but what a container must not do to its host: raise limits, set the clock.
CAPABILITIES = ("--cap-add=ALL", "--cap-drop=SYS_RESOURCE", "--cap-drop=SYS_TIME")
UNCONFINED = tuple(f"--security-opt={name}=unconfined" for name in ("seccomp", "apparmor"))


@dataclass(frozen=True)
class Jump:
    """The host one has to go through first: its container and how SSH reaches it."""

    name: str
    host: str
    host_key: str


@dataclass(frozen=True)
class Running:
    """A server that is up: all that is needed to reach it, and to take it away again."""

    name: str
    host: str
    host_key: str
    folder: str
    sudo_password: str = field(repr=False)
    port: int = PORT
    user: str = USER
    jump: Jump | None = None

    @property
    def key(self) -> Path:
        """The private key that opens the server."""
        return Path(self.folder) / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """The server's own host key, so that host key checking stays on in tests too."""
        return Path(self.folder) / "known_hosts"

    @property
    def ssh_config_file(self) -> Path:
        """For `ssh -F FILE natm-throwaway`, or an Include in ~/.ssh/config."""
        return Path(self.folder) / "ssh_config"


def ssh_config(running: Running) -> str:
    """What a volunteer would write into ~/.ssh/config for this server."""
    def entry(alias: str, host: str, *more: str) -> str:
        lines = [
            f"HostName {host}", f"Port {running.port}", f"User {running.user}",
            f"IdentityFile {running.key}", "IdentitiesOnly yes",
            f"UserKnownHostsFile {running.known_hosts}", "StrictHostKeyChecking yes", *more,
        ]
        return f"Host {alias}\n" + "".join(f"  {line}\n" for line in lines)

    if running.jump is None:
        return entry(ALIAS, running.host)
    return (entry(f"{ALIAS}-jump", running.jump.host)
            + entry(f"{ALIAS} {running.host}", running.host, f"ProxyJump {ALIAS}-jump"))


def known_hosts(running: Running) -> str:
    """The known_hosts lines for the server and its jump host."""
    lines = [f"[{running.host}]:{running.port} {running.host_key}"]
    if running.jump is not None:
        lines.append(f"[{running.jump.host}]:{running.port} {running.jump.host_key}")
    return "\n".join(lines) + "\n"


def run_words(name: str, image: str, *, systemd: bool, hostname: str = "server") -> list[str]:
    """The words of `docker run` for one server. Pure, so that a test can read them."""
    words = ["run", "--detach", "--name", name, "--hostname", hostname,
             "--label", f"{LABEL}=1", *CAPABILITIES, *UNCONFINED,
             "--security-opt=systempaths=unconfined", "--volume", f"{name}:/var/lib/docker"]
    # A private cgroup namespace is mounted read-only on cgroup v1; systemd needs to write.
    words += ["--cgroupns=host", "--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw"]
    if not systemd:
        return [*words, image, "/usr/local/sbin/start-plain"]
    return [*words, *(f"--tmpfs={folder}" for folder in ("/run", "/run/lock", "/tmp")),
            "--env", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1", image, "/sbin/init"]


class ThrowawayServer:
    """A fresh Debian server as a volunteer would rent it; a context manager that always cleans up.

    engine: Debian's Docker is installed already. systemd=False: a server without systemd as
    process 1. jump: SSH is only answered through a second container, as behind a firewall.
    """

    def __init__(
        self, *, engine: bool = False, suite: Suite = "trixie", systemd: bool = True,
        jump: bool = False,
    ) -> None:
        self._engine, self._suite, self._systemd, self._jump = engine, suite, systemd, jump
        self._running: Running | None = None

    # -- life and death ------------------------------------------------------------------------

    def __enter__(self) -> Self:
        return self.create()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.destroy()

    def create(self) -> Self:
        """Start the server and wait until SSH answers; nothing is left behind if that fails."""
        name = f"natm-throwaway-{secrets.token_hex(4)}"
        folder = _folder(name)
        folder.mkdir(mode=0o700)
        try:
            self._running = self._start(name, folder)
        except BaseException:
            _remove(name)
            raise
        if self._engine:
            self._wait_for_engine()
        return self

    def destroy(self) -> None:
        """Remove container, volume and key. A second call does nothing."""
        if self._running is not None:
            _remove(self._running.name)
        self._running = None

    def _start(self, name: str, folder: Path) -> Running:
        image = server_image(self._suite, engine=self._engine)
        public_key = _new_key(folder)
        docker(*run_words(name, image, systemd=self._systemd))
        password = secrets.token_urlsafe(12)
        _let_in(name, public_key)
        docker("exec", "--interactive", name, "chpasswd", data=f"{USER}:{password}\n")
        running = Running(
            name=name, host=address(name), host_key=_host_key(name),
            folder=str(folder), sudo_password=password,
            jump=_start_jump(f"{name}-jump", server_image(), public_key) if self._jump else None,
        )
        _write(running)
        if running.jump is not None:
            _answer_only(name, running.jump.host)
        return running

    # -- how to reach it -------------------------------------------------------------------------

    @property
    def running(self) -> Running:
        """Everything about the server; an error if it is not up."""
        if self._running is None:
            raise NatmError("the throwaway server is not running", code="testing.server-down")
        return self._running

    @property
    def host(self) -> str:
        """Its address on the bridge of this machine's engine."""
        return self.running.host

    @property
    def port(self) -> int:
        """Its SSH port, not the usual one."""
        return self.running.port

    @property
    def user(self) -> str:
        """The volunteer's account, with sudo by password."""
        return self.running.user

    @property
    def key(self) -> Path:
        """The private key that opens it."""
        return self.running.key

    @property
    def sudo_password(self) -> str:
        """What sudo asks for."""
        return self.running.sudo_password

    @property
    def ssh_config(self) -> str:
        """What belongs in ~/.ssh/config."""
        return ssh_config(self.running)

    # -- what tests do with it -------------------------------------------------------------------

    def exec(
        self, argv: Sequence[str], *, data: str = "", check: bool = True, timeout: float = 600,
    ) -> Completed:
        """Run a command as root inside, past SSH."""
        name = self.running.name
        return docker("exec", "--interactive", name, *argv, data=data, check=check, timeout=timeout)

    def load_images(self, tags: Sequence[str]) -> None:
        """Hand images of this machine's engine to the server's."""
        if tags:
            pipe_images(list(tags), self.running.name)

    def restart_engine(self) -> None:
        """Restart the server's engine, and wait until it answers again."""
        if not self._systemd:
            raise NatmError("there is no systemd to restart it with", code="testing.no-systemd")
        self.exec(["systemctl", "restart", "docker"])
        self._wait_for_engine()

    def cut_the_power(self) -> None:
        """Everything in it dies at once, and it boots again; returns when its engine answers."""
        docker("kill", self.running.name)
        docker("start", self.running.name)
        self._wait_for_engine()

    def _wait_for_engine(self) -> None:
        _wait(lambda: self.exec(["docker", "version"], check=False).code == 0,
              "the engine in the throwaway server does not answer")

    # -- over several processes ------------------------------------------------------------------

    def save(self, path: Path) -> None:
        """Note the server in a file of mode 0600, so that another process can use it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self.running), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """The server noted in the file, if it is still there."""
        if not path.exists():
            return None
        noted = json.loads(path.read_text(encoding="utf-8"))
        jump = Jump(**noted.pop("jump")) if noted["jump"] else noted.pop("jump")
        if inspect("container", noted["name"]) is None:
            return None
        server = cls(jump=jump is not None)
        server._running = Running(**noted, jump=jump)
        return server


def address(name: str) -> str:
    """A container's address on the default bridge."""
    found = inspect("container", name) or {}
    networks = found.get("NetworkSettings", {}).get("Networks", {})
    host = networks.get("bridge", {}).get("IPAddress", "")
    if not host:
        raise NatmError(f"the container {name} has no address", code="testing.server-down")
    return str(host)


def leftovers() -> list[str]:
    """Throwaway servers of any run that are still there, this one's included."""
    done = docker("ps", "--all", "--filter", f"label={LABEL}=1", "--format", "{{.Names}}")
    return sorted(done.stdout.split())


def _new_key(folder: Path) -> str:
    program("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", ALIAS,
            "-f", str(folder / "id_ed25519"))
    return (folder / "id_ed25519.pub").read_text(encoding="utf-8")


def _let_in(name: str, public_key: str) -> None:
    script = f"cat > ~{USER}/.ssh/authorized_keys && chown {USER}: ~{USER}/.ssh/authorized_keys"
    docker("exec", "--interactive", name, "sh", "-c", script, data=public_key)


def _host_key(name: str) -> str:
    """The server's public host key, once its sshd listens."""
    script = (f"ss -Htln 'sport = :{PORT}' | grep -q . "
              "&& cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub")
    found = ""

    def listens() -> bool:
        nonlocal found
        found = docker("exec", name, "sh", "-c", script, check=False).stdout.strip()
        return bool(found)

    _wait(listens, f"sshd in {name} does not listen")
    return found


def _start_jump(name: str, image: str, public_key: str) -> Jump:
    docker("run", "--detach", "--name", name, "--hostname", "jump", "--label", f"{LABEL}=1",
           image, "/usr/local/sbin/start-plain")
    _let_in(name, public_key)
    return Jump(name=name, host=address(name), host_key=_host_key(name))


def _answer_only(name: str, jump_host: str) -> None:
    """As behind a firewall: SSH is dropped unless it comes by way of the jump host."""
    docker("exec", name, "iptables", "--insert", "INPUT", "--protocol", "tcp",
           "--dport", str(PORT), "!", "--source", jump_host, "--jump", "DROP")


def _write(running: Running) -> None:
    running.known_hosts.write_text(known_hosts(running), encoding="utf-8")
    running.ssh_config_file.write_text(ssh_config(running), encoding="utf-8")


def _folder(name: str) -> Path:
    """Where a server's key lies; named after it, so that what is left behind can be found."""
    return Path(tempfile.gettempdir()) / name


def _remove(name: str) -> None:
    docker("rm", "--force", "--volumes", name, f"{name}-jump", check=False)
    docker("volume", "rm", "--force", name, check=False)
    shutil.rmtree(_folder(name), ignore_errors=True)


def _wait(ready: Callable[[], bool], problem: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise NatmError(f"{problem} after {seconds:.0f} s", code="testing.server-down")
        time.sleep(0.2)


def _create(options: argparse.Namespace) -> None:
    """Make a server, or take the one the file speaks of if it is up: safe to run again."""
    server = ThrowawayServer.load(options.state)
    if server is None:
        server = ThrowawayServer(
            engine=options.engine, suite=options.suite, systemd=options.systemd,
            jump=options.jump,
        ).create()
        server.save(options.state)
    print(json.dumps({"host": server.host, "port": server.port, "user": server.user,
                      "ssh_config": str(server.running.ssh_config_file)}))


def _destroy(options: argparse.Namespace) -> None:
    server = ThrowawayServer.load(options.state)
    if server is not None:
        server.destroy()
    options.state.unlink(missing_ok=True)


def _leftovers(options: argparse.Namespace) -> None:
    for name in leftovers():
        print(name)
        if options.remove:
            _remove(name)


def main(words: Sequence[str] | None = None) -> None:
    """The command line for playbooks and shells."""
    parser = argparse.ArgumentParser(prog="python -m natm_stack.testing.server")
    commands = parser.add_subparsers(required=True)
    create = commands.add_parser("create", help="start a server and note it in a file")
    create.add_argument("--state", type=Path, required=True)
    create.add_argument("--suite", choices=["bookworm", "trixie"], default="trixie")
    create.add_argument("--engine", action="store_true", help="with Docker in it already")
    create.add_argument("--systemd", action=argparse.BooleanOptionalAction, default=True,
                        help="whether systemd is process 1")
    create.add_argument("--jump", action="store_true", help="reached through a jump host only")
    create.set_defaults(act=_create)
    destroy = commands.add_parser("destroy", help="remove the server noted in a file")
    destroy.add_argument("--state", type=Path, required=True)
    destroy.set_defaults(act=_destroy)
    left = commands.add_parser("leftovers", help="list servers that were not cleaned up")
    left.add_argument("--remove", action="store_true", help="and remove them")
    left.set_defaults(act=_leftovers)
    options = parser.parse_args(words)
    options.act(options)


if __name__ == "__main__":
    main()
