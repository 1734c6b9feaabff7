# SPDX-License-Identifier: AGPL-3.0-or-later
"""What pip installs is whole: natm works without its checkout, and works the same."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
SHIPPED = ("catalog", "roles", "inventories")
SOURCES = (*SHIPPED, "natm_stack", "pyproject.toml", "README.md", "LICENSE", ".gitignore")
# What may lie about in a checkout and is nobody else's business.
LITTER = ("inventories/demo/secrets.yml", "inventories/demo/bundle/site.yml",
          "catalog/platforms/edge/__pycache__/proofs.cpython-311.pyc")


@dataclass(frozen=True)
class Installed:
    """A checkout, and what pip made of it."""

    checkout: Path
    wheel: Path
    place: Path

    def natm(self, *words: str, source: Path, cwd: Path) -> str:
        """Run the natm of this folder, from another one, and give what it said."""
        env = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1",
               "NATM_VAULT_KEY_FILE": str(cwd / "key")}
        done = subprocess.run(
            [sys.executable, "-m", "natm_stack", *words], cwd=cwd, env=env, text=True,
            capture_output=True, stdin=subprocess.DEVNULL, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """natm, built from a checkout with litter in it and installed by pip."""
    base = tmp_path_factory.mktemp("wheel")
    checkout = base / "a check out"
    for name in SOURCES:
        _copy(ROOT / name, checkout / name)
    for name in LITTER:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text("litter")
    _pip("wheel", "--no-build-isolation", "--wheel-dir", base, checkout)
    (wheel,) = base.glob("natm_stack-*.whl")
    _pip("install", "--no-compile", "--target", base / "place", wheel)
    return Installed(checkout, wheel, base / "place")


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        ignore = shutil.ignore_patterns("__pycache__", "bundle", "secrets.yml")
        shutil.copytree(source, target, ignore=ignore, symlinks=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def _pip(command: str, *words: object) -> None:
    argv = [sys.executable, "-m", "pip", "--disable-pip-version-check", command, "--quiet",
            "--no-deps", "--no-index", *map(str, words)]
    done = subprocess.run(argv, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def _files(folder: Path) -> dict[str, tuple[bool, bytes]]:
    """Every file of a folder: whether it can be run, and its bytes."""
    return {
        path.relative_to(folder).as_posix():
            (bool(path.stat().st_mode & stat.S_IXUSR), path.read_bytes())
        for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


def test_the_wheel_holds_all_that_natm_needs(installed: Installed) -> None:
    names = set(zipfile.ZipFile(installed.wheel).namelist())
    wanted = [path.relative_to(ROOT).as_posix() for path in (ROOT / "natm_stack").rglob("*")
              if path.is_file() and "__pycache__" not in path.parts]
    assert set(wanted) <= names
    assert "natm_stack/apply/playbooks/site.yml" in names
    assert "natm_stack/apply/callback_plugins/natm_events.py" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_no_litter_of_the_checkout_is_shipped(installed: Installed) -> None:
    names = zipfile.ZipFile(installed.wheel).namelist()
    assert [n for n in names if "secrets.yml" in n or "/bundle/" in n or "__pycache__" in n] == []


@pytest.mark.parametrize("folder", SHIPPED)
def test_a_shipped_folder_arrives_as_it_was(installed: Installed, folder: str) -> None:
    # The executable bit too: recipes copy scripts into images with the mode they have.
    litter = {name.removeprefix(f"{folder}/") for name in LITTER}
    there = {name: file for name, file in _files(installed.checkout / folder).items()
             if name not in litter}
    assert _files(installed.place / "natm_stack" / "shipped" / folder) == there
    assert folder != "catalog" or any(executable for executable, _bytes in there.values())


def test_natm_works_outside_the_checkout(installed: Installed, tmp_path: Path) -> None:
    for name in ("stack.yml", "key"):
        file = tmp_path / name
        file.touch(mode=0o600)
        file.write_text("one key for both" if name == "key" else
                        (ROOT / "inventories" / "demo" / name).read_text())
    listed = installed.natm("catalog", "list", source=installed.place, cwd=tmp_path)
    assert "mediawiki" in listed
    bundles = []
    for source in (installed.place, ROOT):
        installed.natm("render", source=source, cwd=tmp_path)
        bundles.append(_files(tmp_path / "bundle"))
        shutil.rmtree(tmp_path / "bundle")
    mine, theirs = (_without_secrets(bundle) for bundle in bundles)
    assert mine == theirs


def _without_secrets(bundle: dict[str, tuple[bool, bytes]]) -> dict[str, tuple[bool, bytes]]:
    """Vault files differ each time they are written; their keyed digests stand in host_vars."""
    return {name: (mode, b"" if data.startswith(b"$ANSIBLE_VAULT") else data)
            for name, (mode, data) in bundle.items()}
