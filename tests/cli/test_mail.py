# SPDX-License-Identifier: AGPL-3.0-or-later
"""Letters go to a real mail server, and a password only where a certificate was checked."""

from __future__ import annotations

import email
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from email import policy
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from postoffice import PASSWORD, USER, PostOffice, certificate, free_port, known

from natm_stack.load import stack_from
from natm_stack.mailing import mail_password, mail_values
from natm_stack.model.secret import Secret, Secrets
from natm_stack.paths import package_folder, shipped
from natm_stack.render import render
from natm_stack.testing.fakes import (
    MemoryServer,
    sample_deployment,
    sample_secrets,
    sample_workspace,
)

MAIL = {"host": "mail.example.org", "user": USER, "from": "us@example.org"}
IMAGES = shipped("catalog") / "platforms" / "identity" / "images"


@pytest.fixture(scope="module")
def post() -> Any:
    """The account pages' program that writes letters."""
    sys.path.insert(0, str(IMAGES / "canaille" / "natm"))
    try:
        import post as program  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(IMAGES / "canaille" / "natm"))
    assert isinstance(program, ModuleType)
    return program


@pytest.fixture(params=["starttls", "tls", "none"])
def post_office(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, PostOffice]]:
    """The way in, and the mail server; its authority is trusted."""
    context = certificate(tmp_path)
    office = PostOffice(free_port(), tmp_path / "mail.crt")
    tls = {"starttls": {"tls_context": context, "require_starttls": True, "auth_required": True},
           "tls": {"ssl_context": context, "auth_required": True, "auth_require_tls": False},
           "none": {}}[request.param]
    server = Controller(office, hostname="127.0.0.1", port=office.port, authenticator=known, **tls)
    monkeypatch.setenv("SSL_CERT_FILE", str(office.authority))
    server.start()
    yield request.param, office
    server.stop()


def told(tls: str, office: PostOffice, **changes: Any) -> dict[str, Any]:
    """Settings for this server."""
    signs_in = tls != "none"
    return {"host": "127.0.0.1", "port": office.port, "tls": tls, "sender": "us@example.org",
            "user": USER if signs_in else "", "password": PASSWORD if signs_in else "",
            "community": "Ufer & Söhne, \"Riverside\"", "languages": ["fr-CA", "en"], **changes}


VALUES = {"community": "Ufer & Söhne, \"Riverside\"", "name": "amina",
          "until": "2026-12-01 10:00 UTC", "minutes": "30",
          "url": "https://account.example.org/" + "x" * 300}


def test_an_invitation_arrives_whole(post: Any, post_office: tuple[str, PostOffice]) -> None:
    tls, office = post_office
    why = post.send(told(tls, office), post.letter(
        told(tls, office), "amina@example.org", post.INVITATION, VALUES))
    assert why is None
    [(text, to, user)] = office.letters
    letter = email.message_from_string(text, policy=policy.default)
    assert to == ["amina@example.org"]
    assert user == (USER if tls != "none" else None)
    assert letter["Subject"] == "Votre compte chez Ufer & Söhne, \"Riverside\""
    assert VALUES["url"] in letter.get_content()
    assert "Date" in letter


def test_what_goes_wrong_is_said(post: Any, post_office: tuple[str, PostOffice]) -> None:
    tls, office = post_office
    settings = told(tls, office)

    def letter(settings: dict[str, Any], to: str) -> Any:
        return post.letter(settings, to, post.LOST, VALUES)

    assert "550" in post.send(settings, letter(settings, "nobody@example.org"))
    if tls != "none":
        wrong = {**settings, "password": "wrong"}
        assert "535" in post.send(wrong, letter(wrong, "amina@example.org"))
    gone = {**settings, "port": 1}
    assert "refused" in post.send(gone, letter(gone, "amina@example.org"))
    assert office.letters == []


@pytest.mark.parametrize("post_office", ["starttls", "tls"], indirect=True)
def test_a_password_never_goes_to_who_shows_a_wrong_certificate(
    post: Any, post_office: tuple[str, PostOffice], monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, office = post_office
    monkeypatch.delenv("SSL_CERT_FILE")
    settings = told(tls, office)
    assert "CERTIFICATE_VERIFY_FAILED" in post.send(
        settings, post.letter(settings, "amina@example.org", post.LOST, VALUES))
    assert office.letters == []


@pytest.mark.parametrize(("kind", "values"), [
    ("INVITATION", ("url", "name", "until")), ("LOST", ("url", "name", "minutes"))])
def test_every_language_says_all_of_it(post: Any, kind: str, values: tuple[str, ...]) -> None:
    words = getattr(post, kind)
    assert set(words) == set(post.INVITATION)
    for language in words:
        letter = post.letter({"languages": [language], "community": "x", "sender": "a@b.example"},
                             "amina@example.org", words, VALUES)
        text = letter.get_content()
        assert all(VALUES[key] in text for key in values), language


# --- natm doctor --mail

def on_the_server(asked: dict[str, Any]) -> dict[str, Any]:
    """What natm's program there answers."""
    text = (package_folder("server_side") / "mail.py").read_text(encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", text], input=json.dumps(asked) + "\n", text=True,
                          capture_output=True, check=True, timeout=60)
    assert PASSWORD not in done.stdout
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def states(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """The steps and how each went."""
    return [(one["name"], one["state"]) for one in answer["probes"]]


def test_a_test_letter_tells_how_far_it_came(
    post_office: tuple[str, PostOffice]
) -> None:
    tls, office = post_office
    asked = {**told(tls, office), "to": "amina@example.org", "subject": "S", "text": "T\n"}
    signed_in = [("sign-in", "ok")] if tls != "none" else []
    assert states(on_the_server(asked)) == [("connection", "ok"), *signed_in, ("letter", "ok")]
    assert states(on_the_server({**asked, "to": "nobody@example.org"}))[-1] == ("letter", "failed")
    assert states(on_the_server({**asked, "port": 1})) == [("connection", "failed")]
    if signed_in:
        assert states(on_the_server({**asked, "password": "x"}))[-1] == ("sign-in", "failed")
    assert len(office.letters) == 1


def test_doctor_sends_it_from_the_server(natm: Any, folder: Path) -> None:
    file = folder / "stack.yml"
    said = natm("-C", str(folder), "--json", "doctor", "--mail", "a@example.org")
    assert (said.code, said.json["error"]["code"]) == (1, "mail.none")
    file.write_text(json.dumps({**json.loads(file.read_text()), "mail": MAIL}))
    said = natm("-C", str(folder), "--json", "doctor", "--mail", "a@example.org")
    assert (said.code, said.json["error"]["code"]) == (1, "mail.no-password")
    probes = {"probes": [{"name": "letter", "state": "failed", "says": {
        "text": "{place}: {why}", "values": {"place": "p", "why": "w"}}}]}
    set_password(natm, folder, PASSWORD)
    server = MemoryServer(mail=probes)
    said = natm("-C", str(folder), "--json", "doctor", "--mail", "a@example.org", server=server)
    assert (said.code, said.json["result"]["probes"][0]["says"]) == (4, "p: w")
    [(_name, asked)] = [one for one in server.asked if one[0] == "mail"]
    assert (asked["password"], asked["port"], asked["tls"]) == (PASSWORD, 587, "starttls")
    assert not any(PASSWORD in word for call in server.calls for word in call.argv)


def set_secret(natm: Any, folder: Path, name: str, value: str) -> Any:
    """By standard input, as from a file."""
    before, sys.stdin = sys.stdin, io.StringIO(value + "\n")
    try:
        return natm("-C", str(folder), "--json", "secrets", "set", name)
    finally:
        sys.stdin = before


def set_password(natm: Any, folder: Path, value: str) -> None:
    """The mail server's."""
    said = set_secret(natm, folder, "mail.password", value)
    assert said.code == 0, said.err
    assert value not in said.out + said.err


def test_the_password_is_kept_encrypted_and_can_be_another_one(natm: Any, folder: Path) -> None:
    for value in (PASSWORD, "another one"):
        set_password(natm, folder, value)
        text = (folder / "secrets.yml").read_text()
        assert value not in text
        assert text.count("mail.password: !vault") == 1
        assert sample_workspace(folder).secrets.of("mail")["password"] == Secret(value)
    for name, value, code in (("identity.gate_key", "x", "secrets.not-yours"),
                              ("mail.password", " ", "secrets.empty")):
        assert set_secret(natm, folder, name, value).json["error"]["code"] == code


# --- in the stack

@pytest.mark.parametrize("mail", [
    {"host": "mail.example.org"}, {**MAIL, "tls": "none"}, {**MAIL, "from": "nobody"},
    {**MAIL, "host": "a b"}, {**MAIL, "port": 0}, {**MAIL, "password": "x"},
    {**MAIL, "user": "a\nb"},
])
def test_what_cannot_be_a_mail_server_is_refused(mail: dict[str, Any], refused: Any) -> None:
    text = json.dumps({"name": "a", "domain": "a.example", "platforms": {"portal": None},
                       "mail": mail})
    refused("stack.invalid", stack_from, text, Path("stack.yml"))


@pytest.mark.parametrize("mail", [None, MAIL])
def test_only_who_sends_mail_gets_a_way_out_and_only_with_a_server(
    mail: dict[str, Any] | None
) -> None:
    made = sample_deployment(platforms={"identity": None, "copyparty": None}, mail=mail)
    opened = {(i.id, s.name) for i in made.instances for s in i.services if "open" in s.networks}
    assert (("identity", "canaille") in opened) == (mail is not None)
    assert not any(id_ == "copyparty" for id_, _name in opened)
    secrets = sample_secrets(made)
    secrets.values["mail"] = {"password": Secret(PASSWORD)}
    files = render(made, secrets).files
    assert [path for path, file in files.items() if json.dumps(PASSWORD).encode() in file.data] == (
        ["platforms/identity/files/mail.json"] if mail else [])
    kept = files["platforms/identity/files/mail.json"]
    assert kept.secret == (mail is not None)
    assert json.loads(kept.data).get("port") == (587 if mail else None)


def test_a_password_that_is_missing_is_said_before_anything_is_done(refused: Any) -> None:
    made = sample_deployment(platforms={"identity": None}, mail=MAIL)
    refused("mail.no-password", mail_password, made, Secrets({}, Secret("x")))
    assert refused("mail.no-password", render, made, sample_secrets(made))
    assert mail_values(sample_deployment(platforms={"identity": None})) == {}
