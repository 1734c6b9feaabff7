# SPDX-License-Identifier: AGPL-3.0-or-later
"""Secrets are made once, kept under a key, never rewritten and never seen."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from natm_stack.model.secret import Secret, Secrets
from natm_stack.secrets import fill_in, key_file, load_secrets, make_key, read_key
from natm_stack.testing.fakes import sample_deployment
from natm_stack.vault import encrypt, vault

KEY = Secret("a-key-for-tests")
EMPTY = Secrets({}, KEY)
pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the secrets are kept."""
    return tmp_path / "secrets.yml"


def values(secrets: Secrets) -> dict[str, dict[str, str]]:
    """All of them, in the clear."""
    return {id_: {n: s.reveal() for n, s in own.items()} for id_, own in secrets.values.items()}


def sample(**chosen: Any) -> Any:
    """A deployment with these platforms."""
    return sample_deployment(platforms=chosen)


# --- a secret does not show

def test_a_secret_never_prints(caplog: pytest.LogCaptureFixture) -> None:
    one = Secret("hunter2")
    logging.getLogger("x").warning("%s %r", one, one)
    shown = [str(one), repr(one), f"{one}", f"{one!r:>9}", str([one]), str({"a": one}),
             str(Secrets({"a": {"b": one}}, one)), "%s" % one, caplog.text,  # noqa: UP031
             str(vars(Secrets({}, one)))]
    assert not [text for text in shown if "hunter2" in text]


@pytest.mark.parametrize("write_out", [json.dumps, pickle.dumps, copy.deepcopy, bytes])
def test_a_secret_is_not_written_out_by_accident(write_out: Any) -> None:
    with pytest.raises(TypeError):
        write_out(Secret("hunter2"))


def test_secrets_are_the_same_when_their_values_are() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


# --- the file

def test_what_is_missing_is_made_and_kept(file: Path) -> None:
    made = fill_in(file, EMPTY, sample(mediawiki=None))
    assert set(made.of("mediawiki")) == {
        "wiki_password", "setup_password", "secret_key", "upgrade_key"}
    assert values(load_secrets(file, KEY)) == values(made)
    assert file.stat().st_mode & 0o777 == 0o600


def test_secrets_are_as_long_as_asked_and_all_different(file: Path) -> None:
    made = values(fill_in(file, EMPTY, sample(mediawiki=None, copyparty=None)))
    every = [v for own in made.values() for v in own.values()]
    assert len(made["mediawiki"]["secret_key"]) == 64
    assert len(set(every)) == len(every)
    assert all(v.isalnum() and v.isascii() for v in every)


def test_no_value_is_in_the_file(file: Path) -> None:
    made = values(fill_in(file, EMPTY, sample(copyparty=None)))
    text = file.read_text(encoding="utf-8")
    assert not [v for own in made.values() for v in own.values() if v in text]


def test_what_is_there_is_never_rewritten(file: Path) -> None:
    fill_in(file, EMPTY, sample(copyparty=None))
    before = file.read_text(encoding="utf-8") + "# a note of the stewards\n"
    file.write_text(before, encoding="utf-8")
    first = load_secrets(file, KEY)
    second = fill_in(file, first, sample(copyparty=None, mediawiki=None))
    after = file.read_text(encoding="utf-8")
    assert after.startswith(before)
    assert second.of("copyparty") == first.of("copyparty")
    assert len(after.splitlines()) == len(before.splitlines()) + 4


def test_where_nothing_is_missing_nothing_is_written(file: Path) -> None:
    made = fill_in(file, EMPTY, sample(copyparty=None))
    before = (file.read_bytes(), file.stat().st_mtime_ns, file.stat().st_ino)
    fill_in(file, made, sample(copyparty=None))
    assert (file.read_bytes(), file.stat().st_mtime_ns, file.stat().st_ino) == before


def test_the_secrets_of_a_dropped_platform_are_kept(file: Path) -> None:
    fill_in(file, EMPTY, sample(copyparty=None))
    again = fill_in(file, load_secrets(file, KEY), sample(portal=None))
    assert again.of("copyparty") == load_secrets(file, KEY).of("copyparty") != {}


def test_a_file_without_a_last_line_end_is_added_to_all_the_same(file: Path) -> None:
    fill_in(file, EMPTY, sample(copyparty=None))
    file.write_text(file.read_text(encoding="utf-8").rstrip("\n"), encoding="utf-8")
    made = fill_in(file, load_secrets(file, KEY), sample(copyparty=None, mediawiki=None))
    assert values(load_secrets(file, KEY)) == values(made)


def test_git_merges_two_stewards_lines(file: Path) -> None:
    fill_in(file, EMPTY, sample(mediawiki=None))
    lines = [line for line in file.read_text(encoding="utf-8").splitlines()
             if not line.startswith("#")]
    assert len(lines) == 4
    file.write_text("\n".join(reversed(lines)) + "\n", encoding="utf-8")
    assert len(load_secrets(file, KEY).of("mediawiki")) == 4


def test_a_missing_file_holds_nothing(file: Path) -> None:
    assert load_secrets(file, KEY).values == {}


def test_another_key_is_refused_by_name(refused: Any, file: Path) -> None:
    fill_in(file, EMPTY, sample(copyparty=None))
    error = refused("secrets.wrong-key", load_secrets, file, Secret("another"))
    assert "copyparty." in error.message
    assert error.where.line == 3


@pytest.mark.parametrize(("text", "code"), [
    ("a.b: plain\n", "secrets.invalid"), ("ab: !vault x\n", "secrets.invalid"),
    ("- a\n", "secrets.invalid"), ("a.b: !vault [x]\n", "yaml.invalid"),
    ("a.b: !vault rubbish\n", "secrets.wrong-key"),
    ('a.b: !vault "$ANSIBLE_VAULT;1.1;AES256\\n616263\\n"\n', "secrets.wrong-key"),
    ("a.b: !vault x\na.b: !vault y\n", "yaml.invalid"), ("", None), ("# nothing\n", None),
])
def test_a_file_that_was_damaged_is_refused_with_its_line(
    refused: Any, file: Path, text: str, code: str | None
) -> None:
    file.write_text(text, encoding="utf-8")
    if code is None:
        assert load_secrets(file, KEY).values == {}
    else:
        assert refused(code, load_secrets, file, KEY).where.file == str(file)


def test_a_value_made_by_ansible_itself_is_read(file: Path) -> None:
    box = VaultLib([("default", VaultSecret(KEY.reveal().encode()))])
    block = box.encrypt(b"by hand").decode().replace("\n", "\n  ").rstrip()
    file.write_text(f"a.b: !vault |\n  {block}\n", encoding="utf-8")
    assert values(load_secrets(file, KEY)) == {"a": {"b": "by hand"}}


def test_a_whole_file_makes_the_round_trip() -> None:
    data = bytes(range(256)) * 3
    encrypted = encrypt(data, EMPTY)
    assert encrypted.startswith(b"$ANSIBLE_VAULT;")
    assert vault(KEY).decrypt(encrypted) == data


# --- the key

def test_the_key_lies_in_the_persons_own_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert key_file("commons") == home / ".config/natm/keys/commons"
    monkeypatch.setenv("XDG_CONFIG_HOME", "/elsewhere")
    assert key_file("commons") == Path("/elsewhere/natm/keys/commons")
    monkeypatch.setenv("NATM_VAULT_KEY_FILE", "/a/key")
    assert key_file("commons") == Path("/a/key")


def test_a_key_is_made_once_and_closed_to_others() -> None:
    file = key_file("commons")
    key = make_key(file)
    assert len(key.reveal()) == 40
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert make_key(file) == read_key(file) == key


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    make_key(shared / "key")
    assert shared.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_can_read_is_refused(refused: Any, tmp_path: Path, mode: int) -> None:
    file = tmp_path / "key"
    file.write_text("key\n", encoding="utf-8")
    file.chmod(mode)
    assert "chmod" in refused("secrets.open-key", read_key, file).hint
    refused("secrets.open-key", make_key, file)


@pytest.mark.parametrize("text", [None, "", "  \n"])
def test_a_missing_key_is_named(refused: Any, tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "key"
    if text is not None:
        file.write_text(text, encoding="utf-8")
        file.chmod(0o600)
    assert refused("secrets.no-key", read_key, file).where == str(file)
