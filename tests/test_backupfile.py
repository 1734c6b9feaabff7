# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a server is told about its backups, and what stack.yml may say of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from natm_stack.backupfile import (
    backup_files,
    plan_of,
    repository_key,
    saved_file,
    target_names,
)
from natm_stack.errors import NatmError
from natm_stack.flows.sheet import sheet
from natm_stack.model.deployment import Deployment
from natm_stack.model.secret import Secret, Secrets
from natm_stack.render import render
from natm_stack.testing.fakes import sample_deployment, sample_secrets

SFTP = {"name": "neighbours", "url": "sftp://natm@there.example:2222//srv/commons",
        "ssh_key": "neighbours_key", "host_key": "ssh-ed25519 AAAAC3Nz"}
S3 = {"name": "far", "url": "s3:https://s3.example/commons", "append_only": True,
      "environment": {"AWS_ACCESS_KEY_ID": "far_id", "AWS_SECRET_ACCESS_KEY": "far_key"}}


def with_copies(**more: Any) -> tuple[Deployment, Secrets]:
    """A stack with two copies, and secrets for them."""
    deployment = sample_deployment(backup={"copies": [SFTP, S3], **more})
    plain = sample_secrets(deployment)
    own = {name: Secret(f"secret.{name}") for name in ("neighbours_key", "far_id", "far_key")}
    return deployment, Secrets({**plain.values, "backup": own}, plain.vault_key)


def test_every_platform_says_what_is_saved_and_how() -> None:
    deployment = sample_deployment(platforms={"mediawiki": None, "prosody": None})
    plan = plan_of(deployment)
    assert {"mediawiki", "prosody"} <= set(plan["platforms"])
    wiki = json.loads(saved_file(deployment.instance("mediawiki")))["volumes"]
    assert {name: one["backup"] for name, one in wiki.items()} == {
        "database": "dump", "uploads": "files", "cache": "none"}
    assert wiki["database"]["dump"]["ends"] == "-- Dump completed"
    chat = json.loads(saved_file(deployment.instance("prosody")))
    assert chat["volumes"]["data"]["sqlite"] == ["prosody.sqlite"]
    assert plan["targets"] == ["here"]


def test_what_is_secret_stands_in_secret_files_alone() -> None:
    deployment, secrets = with_copies()
    files = render(deployment, secrets).files
    assert not files["backup/plan.json"].secret
    assert files["backup/targets.json"].secret
    assert files["backup/key"].secret
    values = [repository_key(secrets).reveal(), *(
        s.reveal() for s in secrets.of("backup").values())]
    for path, file in files.items():
        found = [value for value in values if value.encode() in file.data]
        assert not found or file.secret, path
    targets = json.loads(files["backup/targets.json"].data)
    assert targets["far"]["environment"]["AWS_SECRET_ACCESS_KEY"] == "secret.far_key"
    assert targets["neighbours"]["ssh_key"] == "secret.neighbours_key"


def test_the_servers_key_follows_from_the_vault_key_and_does_not_lead_back() -> None:
    secrets = sample_secrets(sample_deployment())
    key = repository_key(secrets).reveal()
    assert key == repository_key(secrets).reveal()
    assert key != repository_key(Secrets({}, Secret("another vault key"))).reveal()
    assert secrets.vault_key.reveal() not in key
    assert len(key) == 64


def test_a_change_of_keys_targets_or_program_is_a_change_of_the_server() -> None:
    deployment, secrets = with_copies()
    before = render(deployment, secrets).parts["host"]
    other = Secrets({**secrets.values, "backup": {
        **secrets.of("backup"), "far_key": Secret("another")}}, secrets.vault_key)
    assert render(deployment, other).parts["host"] != before
    later, _secrets = with_copies(daily="04:00")
    assert render(later, secrets).parts["host"] != before


def test_a_copy_without_its_secret_is_refused_with_the_way_out() -> None:
    deployment, secrets = with_copies()
    with pytest.raises(NatmError) as caught:
        backup_files(deployment, sample_secrets(deployment))
    assert caught.value.code == "backup.no-secret"
    assert "natm secrets set backup.neighbours_key" in str(caught.value)
    assert backup_files(deployment, secrets)


@pytest.mark.parametrize("url", [
    "sftp:me@there.example:/srv/x", "sftp:there.example:x", "sftp://there.example//srv/x",
    "rest:https://there.example:8000/commons/", "s3:s3.example.org/bucket/x", "b2:bucket:path",
    "/mnt/disk/commons",
])
def test_the_usual_addresses_are_taken(url: str) -> None:
    copy = {**SFTP, "url": url} if url.startswith("sftp") else {"name": "x", "url": url}
    made = sample_deployment(backup={"copies": [copy]})
    assert made.backup.copies[0].url == url


@pytest.mark.parametrize("backup", [
    {"copies": [{"name": "here", "url": "/mnt/disk"}]},
    {"copies": [{"name": "x", "url": "rclone:remote:path"}]},
    {"copies": [{"name": "x", "url": "-o evil"}]},
    {"copies": [{"name": "x", "url": "sftp:-oProxyCommand=x:/y"}]},
    {"copies": [{"name": "x", "url": "sftp:me@there:/x"}]},
    {"copies": [{"name": "x", "url": "/mnt/../etc"}]},
    {"copies": [{"name": "x", "url": "/mnt/a b"}]},
    {"copies": [{**S3, "environment": {"LD_PRELOAD": "x"}}]},
    {"copies": [{**SFTP, "host_key": "x\ny"}]},
    {"copies": [{"name": "x", "url": "/a"}, {"name": "x", "url": "/b"}]},
    {"here": False}, {"daily": "25:00"}, {"keep": {"daily": 0}}, {"hourly": "x"},
])
def test_what_makes_no_sense_or_could_do_harm_is_refused(backup: dict[str, Any]) -> None:
    with pytest.raises(NatmError) as caught:
        sample_deployment(backup=backup)
    assert caught.value.code == "stack.invalid"


def test_the_first_repository_is_written_to_and_the_others_get_copies() -> None:
    assert target_names(with_copies()[0]) == ["here", "neighbours", "far"]
    assert target_names(with_copies(here=False)[0]) == ["neighbours", "far"]


def test_the_recovery_sheet_says_what_is_needed_and_holds_no_secret() -> None:
    deployment, secrets = with_copies()
    text = sheet(deployment, "~/.config/natm/keys/riverside")
    for word in ("commons.example.org", "server.example.org", "prosody", SFTP["url"], S3["url"],
                 "vault key", "natm restore --from", "restic -r"):
        assert word in text
    values = [s.reveal() for own in secrets.values.values() for s in own.values()]
    for value in (*values, secrets.vault_key.reveal(), repository_key(secrets).reveal()):
        assert value not in text
