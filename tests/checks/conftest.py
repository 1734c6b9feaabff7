# SPDX-License-Identifier: AGPL-3.0-or-later
"""Proofs written on the spot, and the answer the verifier gives about them."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import natm_stack

PASSWORD = "Zk83hQw7PlmXy2Rt"
Answer = dict[str, Any]


def _request(ca_file: Path, ids: list[str], **more: Any) -> dict[str, Any]:
    """A request as the core makes it."""
    part = {
        "hosts": {"chat": "chat.commons.test"},
        "urls": {"chat": "https://chat.commons.test"},
        "settings": {"history_days": 30}, "sign_in": more.pop("sign_in", "native"),
        "ports": {"5222/tcp": {"host": "127.0.0.9", "port": 5222}},
        "members": [
            {"name": "natm-proof-ab12-1", "password": PASSWORD},
            {"name": "natm-proof-ab12-2", "password": PASSWORD[::-1]},
        ],
    }
    return {
        "run": "natmab12", "domain": "commons.test", "ca_file": str(ca_file), "browser": False,
        "edge": {"address": "127.0.0.9", "https_port": 443},
        "platforms": {id_: copy.deepcopy(part) for id_ in ids}, **more,
    }


@pytest.fixture
def request_for(ca_file: Path) -> Callable[..., Answer]:
    """A request for these platforms, as the core makes it."""
    return lambda ids, **more: {**_request(ca_file, ids), **more}


@pytest.fixture
def password() -> str:
    """What must never be in an answer."""
    return PASSWORD


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    """A file in the place of the authorities' certificates."""
    file = tmp_path / "ca.crt"
    file.write_text("", encoding="utf-8")
    return file


@pytest.fixture
def verifier(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Start the verifier with this standard input, as its container does."""
    folder = tmp_path / "proofs"
    folder.mkdir()

    def start(text: str) -> subprocess.CompletedProcess[str]:
        root = Path(natm_stack.__file__).parent.parent
        env = {**os.environ, "PYTHONPATH": str(root), "NATM_PROOFS": str(folder)}
        return subprocess.run(
            [sys.executable, "-m", "natm_stack.checks"], input=text, env=env, cwd=tmp_path,
            capture_output=True, text=True, timeout=60, check=False,
        )

    return start


@pytest.fixture
def prove(
    tmp_path: Path, ca_file: Path, verifier: Callable[..., subprocess.CompletedProcess[str]]
) -> Callable[..., Answer]:
    """Write proofs for platforms (id and source), run them, give the answer."""

    def run(sources: dict[str, str], **more: Any) -> Answer:
        for id_, source in sources.items():
            file = tmp_path / "proofs" / f"test_{id_.replace('-', '_')}.py"
            file.write_text(textwrap.dedent(source), encoding="utf-8")
        done = verifier(json.dumps(_request(ca_file, list(sources), **more)))
        assert done.returncode == 0, done.stderr
        assert PASSWORD not in done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture
def prove_one(prove: Callable[..., Answer]) -> Callable[..., list[dict[str, Any]]]:
    """The same for one platform: its list of proofs."""
    return lambda source, **more: prove({"prosody": source}, **more)["platforms"]["prosody"]
