# SPDX-License-Identifier: AGPL-3.0-or-later
"""A real Chromium for proofs: an empty profile that trusts what members trust, nothing more."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .job import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PROGRAM = "/usr/bin/chromium-headless-shell"
RELAY = 3478
"""Where relays (TURN) listen, by their standard."""
LAUNCH_MS, WAIT_MS = 60_000, 20_000
"""A small server under load was seen to need half a minute to start a browser."""
PEM_END = "-----END CERTIFICATE-----"

# Chromium's own sandbox needs user namespaces or a setuid helper; the container has neither, as
# it runs without capabilities and with no-new-privileges. The container is the sandbox: read-only,
# unprivileged, thrown away after the run, and able to reach nothing but the edge.
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
)


class Chromium:
    """One browser process with a home of its own; used as a context manager."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._close = ExitStack()

    def __enter__(self) -> Chromium:
        with ExitStack() as undo:
            home = undo.enter_context(tempfile.TemporaryDirectory(prefix="natm-browser-"))
            trust(self._stack.ca_file, home)
            self._browser = self._launch(home, undo)
            self._close = undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close.close()

    def page(self, **options: Any) -> Page:
        """A new page with cookies and storage of its own, as of one more person."""
        context = self._browser.new_context(locale="en-GB", timezone_id="UTC", **options)
        context.set_default_timeout(WAIT_MS)
        return context.new_page()

    def _launch(self, home: str, undo: ExitStack) -> Browser:
        from playwright.sync_api import sync_playwright

        playwright = undo.enter_context(sync_playwright())
        browser = playwright.chromium.launch(
            executable_path=PROGRAM,
            args=[*FLAGS, f"--host-resolver-rules={resolver_rules(self._stack)}"],
            env={**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home},
            timeout=LAUNCH_MS,
        )
        undo.callback(browser.close)
        return browser


def resolver_rules(stack: Stack, find: Callable[[str], str] = socket.gethostbyname) -> str:
    """Where Chromium connects: to the edge for the stack's names, nowhere for any other.

    By itself it would send every name under .localhost to its own loopback. Ports published past
    the edge lead to the service behind them.
    """
    address, port = stack.edge
    literal = f"[{address}]" if ":" in address else address
    origins = {(urlsplit(url).hostname or "", urlsplit(url).port or 443)
               for url in stack.addresses}
    rules = [f"MAP {host}:{number} {literal}:{port}" for host, number in sorted(origins)]
    past = _past_the_edge(stack, find)
    rules += [f"MAP {name}:{number} {where}" for name in sorted({name for name, _ in origins})
              for number, where in past.items()]
    outside = sorted({where.rpartition(":")[0] for where in past.values()} | {literal})
    return ", ".join([*rules, "MAP * ~NOTFOUND", *(f"EXCLUDE {one}" for one in outside)])


def _past_the_edge(stack: Stack, find: Callable[[str], str]) -> dict[int, str]:
    """Published port to address and port inside; ranges are for media, which needs no names.

    WebRTC asks for a relay's name without its port, which makes 0 of it.
    """
    found: dict[int, str] = {}
    for name, (host, inside) in stack.ports.items():
        number = name.partition("/")[0]
        if "-" in number:
            continue
        found[int(number)] = f"{find(host)}:{inside}"
        if name == f"{RELAY}/udp":
            found[0] = found[RELAY]
    return found


def trust(ca_file: str, home: str) -> None:
    """Fill the certificate store that Chromium reads with the authorities members trust."""
    store = Path(home, ".pki", "nssdb")
    store.mkdir(parents=True)
    parts = Path(home, "authorities")
    parts.mkdir()
    orders = []
    for number, pem in enumerate(certificates(Path(ca_file).read_text(encoding="utf-8"))):
        part = parts / f"{number}.pem"
        part.write_text(pem, encoding="utf-8")
        orders.append(f"-A -n natm-{number} -t C,, -i {part}\n")
    (parts / "orders").write_text("".join(orders), encoding="utf-8")
    _certutil("-N", "--empty-password", "-d", f"sql:{store}")
    _certutil("-B", "-d", f"sql:{store}", "-i", str(parts / "orders"))
    shutil.rmtree(parts)


def _certutil(*words: str) -> None:
    done = subprocess.run(
        ["certutil", *words], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"the browser's certificate store was not made: {done.stderr.strip()}")


def certificates(bundle: str) -> list[str]:
    """The single certificates of a PEM bundle."""
    parts = (part.partition("-----BEGIN CERTIFICATE-----") for part in bundle.split(PEM_END))
    return [f"{begin}{body}{PEM_END}\n" for _, begin, body in parts if begin]
