# SPDX-License-Identifier: AGPL-3.0-or-later
"""A stack as plain files: complete, readable by a shell, and nobody else's business."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from test_backupfile import S3, with_copies

from natm_stack.composefile import made_beforehand
from natm_stack.ejecting import ejected
from natm_stack.errors import NatmError
from natm_stack.flows.eject import eject
from natm_stack.flows.ejected_readme import readme
from natm_stack.model.bundle import File
from natm_stack.render import render
from natm_stack.testing.fakes import (
    MemoryServer,
    sample_deployment,
    sample_workspace,
)

BOTH = {"copies": [S3, {
    "name": "near", "url": "sftp://natm@there.example:2222//srv/commons",
    "ssh_key": "neighbours_key", "host_key": "ssh-ed25519 AAAAC3Nz"}]}


def files() -> dict[str, File]:
    """The sample stack with two copies, ejected."""
    deployment, secrets = with_copies(**BOTH)
    return ejected(deployment, render(deployment, secrets))


def shell(folder: Path, words: str) -> str:
    """What a shell says that has read stack.sh."""
    return subprocess.run(["sh", "-euc", f". ./stack.sh; {words}"], cwd=folder, text=True,
                          capture_output=True, check=True).stdout


def test_a_shell_reads_what_the_stack_is_made_of(tmp_path: Path) -> None:
    deployment, _secrets = with_copies(**BOTH)
    for path in ("stack.sh",):
        (tmp_path / path).write_bytes(files()[path].data)
    assert shell(tmp_path, 'echo "$PLATFORMS / $REPOSITORIES / $APPEND_ONLY"').split(" / ") == [
        "portal prosody mediawiki copyparty edge", "here far near", "far\n"]
    said = shell(tmp_path, 'say() { echo "$1"; }; each_network say').split()
    assert said == [network.name for network in made_beforehand(deployment)]
    said = shell(tmp_path, 'say() { echo "$1/$2 $4"; }; each_dump say')
    assert said == "mediawiki/database -- Dump completed\n"
    saved = shell(tmp_path, 'say() { echo "$1/$2"; }; each_saved say').split()
    assert "copyparty/files" in saved
    assert "copyparty/cache" not in saved
    # A list ends at the first thing that fails, and says so.
    done = subprocess.run(["sh", "-c", ". ./stack.sh; no() { return 3; }; each_folder no"],
                          cwd=tmp_path, check=False)
    assert done.returncode == 3


def test_every_secret_is_for_its_owner_alone_and_kept_out_of_git() -> None:
    deployment, secrets = with_copies(**BOTH)
    ignored = files()[".gitignore"].data.decode().splitlines()
    values = [s.reveal() for own in secrets.values.values() for s in own.values()]
    for path, file in files().items():
        if any(value.encode() in file.data for value in values):
            assert (file.mode, file.secret, f"/{path}" in ignored) == (0o600, True, True), path
    assert not [path for path in files() if path.startswith("platforms/verifier/")]
    text = readme(deployment, "somewhere")
    assert not [value for value in values if value in text]
    assert secrets.vault_key.reveal().encode() not in b"".join(f.data for f in files().values())


def test_a_copy_by_ssh_keeps_its_own_key_and_knows_the_other_side() -> None:
    there = files()
    assert there["backup/near.ssh"].mode == 0o600
    assert there["backup/near.host"].data == b"[there.example]:2222 ssh-ed25519 AAAAC3Nz\n"
    line = there["backup/near.env"].data.decode().splitlines()[-1]
    assert "$here/backup/near.ssh -p 2222 -l natm there.example -s sftp" in line
    assert "AWS_SECRET_ACCESS_KEY=secret.far_key" in there["backup/far.env"].data.decode()


def test_every_script_is_one_that_a_shell_can_read(tmp_path: Path) -> None:
    for path, file in files().items():
        if path.endswith(".sh"):
            (tmp_path / Path(path).name).write_bytes(file.data)
            subprocess.run(["sh", "-n", Path(path).name], cwd=tmp_path, check=True)


def test_the_readme_says_how_members_are_made_and_what_is_lost() -> None:
    text = readme(sample_deployment(), "the certificate is here")
    for words in ("docker exec -i natm-copyparty-web-1 python3 /opt/natm/members.py create",
                  "restore.sh", "leave-natm.sh", "What is lost", "the certificate is here"):
        assert words in text
    house = sample_deployment(platforms={"identity": None, "radicale": None})
    assert "natm-radicale" not in readme(house, "")


def test_it_is_written_into_a_new_folder_only(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    workspace = sample_workspace(tmp_path / "work", MemoryServer())
    made = tmp_path / "plain"
    told = eject(workspace, made)
    assert made.stat().st_mode & 0o777 == 0o700
    for path in told.values["secrets"]:
        assert (made / path).stat().st_mode & 0o777 == 0o600
    assert (made / "README.md").is_file()
    with pytest.raises(NatmError, match="already"):
        eject(workspace, made)
    (tmp_path / "link").symlink_to(tmp_path / "work")
    with pytest.raises(NatmError, match="already"):
        eject(workspace, tmp_path / "link")
