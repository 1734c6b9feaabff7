# SPDX-License-Identifier: AGPL-3.0-or-later
"""The gate's decisions and the rules around the account pages, without servers."""

from __future__ import annotations

import base64
import datetime
import importlib
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from natm_stack.paths import shipped

IMAGES = shipped("catalog") / "platforms" / "identity" / "images"
GATE = ["settings", "addresses", "identity", "sessions", "sealed", "guesses", "entries", "words"]
NOW = 1_800_000_000


def load(folder: Path, names: list[str]) -> dict[str, ModuleType]:
    """Programs of an image, as they import each other there; nothing of them stays behind."""
    before = {name: sys.modules.pop(name, None) for name in names}
    sys.path.insert(0, str(folder))
    try:
        return {name: importlib.import_module(name) for name in names}
    finally:
        sys.path.remove(str(folder))
        for name, module in before.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module


@pytest.fixture(scope="module")
def gate() -> SimpleNamespace:
    """The gate's modules that need nothing but Python."""
    return SimpleNamespace(**load(IMAGES / "gate" / "natm", GATE))


@pytest.fixture(scope="module")
def rules() -> ModuleType:
    """What the account pages are guarded by."""
    return load(IMAGES / "canaille" / "natm", ["rules"])["rules"]


@pytest.fixture(scope="module", params=[443, 8445])
def told(request: pytest.FixtureRequest, gate: SimpleNamespace) -> object:
    """Settings at the usual port, and at another one."""
    port = "" if request.param == 443 else f":{request.param}"
    return gate.settings.Settings(
        community="Riverside", domain="commons.example.org",
        public=f"https://gate.commons.example.org{port}",
        issuer=f"https://account.commons.example.org{port}", inner="http://canaille:5000",
        directory="ldap://directory:1389", session_hours=12)


# --- where a browser may be sent

@pytest.mark.parametrize("address", [
    "https://docs.commons.example.org{port}/", "https://docs.commons.example.org{port}",
    "https://commons.example.org{port}/a?b=c&d=%2F#e",
    "https://docs.commons.example.org{port}/wiki/%C3%9C?x=https://evil.example/",
])
def test_addresses_of_the_stack_are_followed(gate, told, address: str) -> None:
    wanted = address.format(port="" if told.port == 443 else f":{told.port}")
    assert gate.addresses.safe(wanted, told) == wanted


@pytest.mark.parametrize("address", [
    "", "/", "//evil.example", "https:evil.example", "https:///evil.example", "javascript:alert(1)",
    "http://docs.commons.example.org{port}/", "https://evil.example/", "data:text/html,x",
    "https://commons.example.org.evil.example{port}/", "https://evilcommons.example.org{port}/",
    "https://a.b.commons.example.org{port}/", "https://user@docs.commons.example.org{port}/",
    "https://docs.commons.example.org{port}@evil.example/",
    "https://docs.commons.example.org:1/", "https://docs.commons.example.org:x/",
    "https://docs.commons.example.org{port}\\@evil.example/",
    "https://docs.commons.example.org:99999/",
    "https://evil.example\\.commons.example.org{port}/", "https://-.commons.example.org{port}/",
    "https://docs.commons.example.org{port}/\r\nSet-Cookie: a=b", "https://[::1]{port}/",
    "https://docs.commons.example.org{port}/\t", " https://docs.commons.example.org{port}/",
    "https://docs.cömmons.example.org{port}/", "https://DOCS.commons.example.org{port}/",
    "https://docs.commons.example.org.{port}/",
    "https://docs.commons.example.org{port}/" + "a" * 2000,
    "https://docs.commons.example.org%2eevil.example{port}/",
    "HTTPS://docs.commons.example.org{port}/",
])
def test_all_others_are_not(gate, told, address: str) -> None:
    wanted = address.format(port="" if told.port == 443 else f":{told.port}")
    assert gate.addresses.safe(wanted, told) is None


def test_another_port_than_the_stacks_is_not_followed(gate, told) -> None:
    other = ":8445" if told.port == 443 else ""
    assert gate.addresses.safe(f"https://docs.commons.example.org{other}/", told) is None


def test_the_page_somebody_wanted_comes_back_whole(gate, told) -> None:
    host = "docs.commons.example.org" + ("" if told.port == 443 else f":{told.port}")
    asked = {"X-Forwarded-Host": host, "X-Forwarded-Uri": "/wiki/A?b=c&d=e%20f"}
    wanted = gate.addresses.asked_for(asked, told)
    assert wanted == f"https://{host}/wiki/A?b=c&d=e%20f"
    link = gate.addresses.sign_in(wanted, told)
    assert link.startswith(f"{told.public}/gate/login?rd=https%3A%2F%2F")
    assert "&" not in link


@pytest.mark.parametrize("asked", [
    {"X-Forwarded-Host": "evil.example", "X-Forwarded-Uri": "/"}, {"X-Forwarded-Uri": "/"},
    {"X-Forwarded-Host": "docs.commons.example.org", "X-Forwarded-Uri": "@evil.example/"},
])
def test_a_page_elsewhere_is_no_page(gate, told, asked: dict[str, str]) -> None:
    assert gate.addresses.asked_for(asked, told) is None


@pytest.mark.parametrize(("method", "headers", "visit"), [
    ("GET", {"Accept": "text/html,*/*"}, True),
    ("GET", {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}, True),
    ("GET", {"Accept": "text/html", "Sec-Fetch-Mode": "cors"}, False),
    ("GET", {"Accept": "application/json"}, False), ("GET", {}, False),
    ("POST", {"Accept": "text/html"}, False), ("PROPFIND", {"Accept": "text/html"}, False),
])
def test_only_visits_are_led_to_the_sign_in(gate, method, headers, visit: bool) -> None:
    assert gate.addresses.is_visit(method, headers) is visit


# --- who somebody is

def test_all_four_headers_are_there_whatever_is_missing(gate) -> None:
    assert gate.identity.headers(gate.identity.Person("ada")) == {
        "Remote-User": "ada", "Remote-Name": "ada", "Remote-Email": "", "Remote-Groups": ""}
    assert gate.identity.NOBODY.keys() == gate.identity.headers(gate.identity.Person("a")).keys()


def test_names_cannot_break_out_of_their_header(gate) -> None:
    person = gate.identity.Person(
        "ada", "Ada\r\nRemote-User: root\u2028\x00x", "a@example.org\n", ("b,c", "stewards",
        "d\ne"))
    told = gate.identity.headers(person)
    assert told["Remote-Name"] == "Ada Remote-User: root x"
    assert told["Remote-Email"] == "a@example.org"
    assert told["Remote-Groups"] == "stewards"


def test_names_in_any_script_stay_as_they_are(gate) -> None:
    name = "Zoë O'Neill مريم 李"
    assert gate.identity.headers(gate.identity.Person("z", name))["Remote-Name"] == name


@pytest.mark.parametrize(("change", "holds"), [
    ({}, True), ({"locked": True}, False), ({"groups": ()}, False), ({"groups": ("stewards",)},
    False),
    ({"changed": NOW + 1}, False), ({"changed": NOW}, True), ({"changed": NOW - 1}, True),
])
def test_a_session_ends_with_the_account_or_the_password(gate, change, holds: bool) -> None:
    session = gate.identity.Session("ada", NOW, NOW + 60)
    person = gate.identity.Person(**{"name": "ada", "groups": ("members",), **change})
    assert session.holds(person, NOW) is holds


def test_a_session_ends_with_its_time_and_with_its_member(gate) -> None:
    session = gate.identity.Session("ada", NOW, NOW + 60)
    person = gate.identity.Person("ada", groups=("members",))
    assert session.holds(person, NOW + 59)
    assert not session.holds(person, NOW + 60)
    assert not session.holds(None, NOW)


def test_an_entry_of_the_directory_is_read(gate) -> None:
    person = gate.entries.person_of({
        "uid": [b"ada"], "cn": [b"A"], "displayName": ["Ädä".encode()], "mail": [b"a@example.org"],
        "memberOf": [b"cn=members,ou=groups,dc=natm", b"cn=b\\2C c \\22d\\22,ou=groups,dc=natm"],
        "pwdChangedTime": [b"20260102030405Z"]}, NOW)
    assert person == gate.identity.Person(
        "ada", "Ädä", "a@example.org", ('b, c "d"', "members"), 1767323045, locked=False)


@pytest.mark.parametrize(("lock", "locked"), [
    ({}, False), ({"pwdAccountLockedTime": [b"000001010000Z"]}, True),
    ({"pwdEndTime": [b"20260102030405Z"]}, True), ({"pwdEndTime": [b"20990102030405Z"]}, False),
    # Wrong passwords, perhaps somebody else's: who is in stays in.
    ({"pwdAccountLockedTime": [b"20260102030405Z"]}, False),
])
def test_locks_for_good_end_sessions_and_short_ones_do_not(gate, lock, locked: bool) -> None:
    assert gate.entries.person_of({"uid": [b"ada"], "cn": [b"A"], **lock}, NOW).locked is locked


# --- sessions on disk

def test_a_session_is_found_again_after_a_restart_and_not_by_its_file_name(gate, tmp_path) -> None:
    token = gate.sessions.Sessions(tmp_path).begin(gate.identity.Session("ada", NOW, NOW + 60, "t"))
    again = gate.sessions.Sessions(tmp_path)
    assert again.find(token) == gate.identity.Session("ada", NOW, NOW + 60, "t")
    [file] = tmp_path.iterdir()
    assert token not in file.name
    assert file.stat().st_mode & 0o077 == 0
    assert again.find(file.stem) is None


@pytest.mark.parametrize("token", ["", None, "../../etc/passwd", "A" * 43, "a/b" + "c" * 40,
"é" * 43])
def test_invented_sessions_are_not_found(gate, tmp_path, token) -> None:
    assert gate.sessions.Sessions(tmp_path).find(token) is None


def test_what_is_over_or_broken_is_swept_away(gate, tmp_path) -> None:
    kept = gate.sessions.Sessions(tmp_path)
    lasting = kept.begin(gate.identity.Session("ada", NOW, NOW + 60))
    over = kept.begin(gate.identity.Session("bo", NOW, NOW + 5))
    (tmp_path / ".new-x").write_text("{")
    (tmp_path / "half.json").write_text("{")
    kept.sweep(NOW + 10)
    assert kept.find(lasting)
    assert kept.find(over) is None
    assert len(list(tmp_path.iterdir())) == 1
    kept.end(lasting)
    assert not list(tmp_path.iterdir())


# --- notes that browsers keep

def test_a_note_comes_back_as_it_was_until_its_time_is_over(gate) -> None:
    text = gate.sealed.seal({"state": "x", "back": "https://ü"}, "key", NOW + 10)
    assert gate.sealed.unseal(text, "key", NOW) == {"state": "x", "back": "https://ü"}
    assert gate.sealed.unseal(text, "key", NOW + 10) is None
    assert gate.sealed.unseal(text, "other", NOW) is None


@pytest.mark.parametrize("change", [
    lambda text: "", lambda text: "." + text, lambda text: text[:-1], lambda text: "A" + text,
    lambda text: text.partition(".")[0] + ".", lambda text: "é" + text,
])
def test_a_changed_note_is_not_taken(gate, change) -> None:
    text = gate.sealed.seal({"state": "x"}, "key", NOW + 10)
    assert gate.sealed.unseal(change(text), "key", NOW) is None


# --- passwords that programs send

def header(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_name_and_password_are_read(gate) -> None:
    assert gate.guesses.basic(header("ada:a:b ü")) == ("ada", "a:b ü")


@pytest.mark.parametrize("text", [
    header("ada:"), header("ada"), header(":x"), header("Ada:x"), header("*:x"),
    header("a)(uid=b:x"),
    "Bearer x", "Basic", "Basic ???", "Basic " + "A" * 2000, "", header("a" * 40 + ":x"),
])
def test_what_is_no_name_and_password_is_nothing(gate, text: str) -> None:
    assert gate.guesses.basic(text) is None


def ask(kept, password: str, fitted: bool | None, now: float, where: str = "192.0.2.1") -> bool:
    """As the gate does; whether the directory was asked."""
    count = kept.begin("ada", where, now)
    if count is not None:
        kept.end(count, "ada", where, password, fitted, now)
    return count is not None


def test_the_same_password_is_asked_for_seldom(gate) -> None:
    kept = gate.guesses.Guesses()
    assert kept.known("ada", "x", 0) is None
    assert ask(kept, "x", True, 0)
    assert ask(kept, "y", False, 0)
    assert kept.known("ada", "x", 29) is True
    assert kept.known("ada", "x", 31) is None
    assert kept.known("ada", "y", 299) is False
    assert kept.known("bo", "x", 0) is None


def test_an_old_password_in_a_program_locks_nobody_out(gate) -> None:
    kept = gate.guesses.Guesses()
    assert ask(kept, "old", False, 0)
    assert all(kept.known("ada", "old", second) is False for second in range(0, 299, 5))
    assert [ask(kept, "old", False, now) for now in (300, 600, 900)] == [True] * 3


def test_while_an_account_is_locked_its_right_password_is_not_taken_for_wrong(gate) -> None:
    kept = gate.guesses.Guesses()
    assert all(ask(kept, "right", None, now) for now in range(20))
    assert kept.known("ada", "right", 20) is None


def test_guessing_is_slowed_for_one_member_alone(gate) -> None:
    kept = gate.guesses.Guesses()
    # Those that are under way count too.
    assert all(kept.begin("ada", f"192.0.2.{n}", n) for n in range(4))
    assert kept.begin("ada", "192.0.2.9", 5) is None
    assert kept.begin("bo", "192.0.2.9", 5)
    assert kept.begin("ada", "192.0.2.9", 601)


def test_strangers_guesses_do_not_shut_out_a_members_own_program(gate) -> None:
    kept = gate.guesses.Guesses()
    assert ask(kept, "right", True, 0, "198.51.100.7")
    assert [ask(kept, f"guess {n}", False, n) for n in range(6)] == [True] * 4 + [False] * 2
    assert ask(kept, "right", True, 40, "198.51.100.7")
    assert [ask(kept, f"my {n}", False, 50, "198.51.100.7") for n in range(5)] == (
        [True] * 4 + [False])
    assert ask(kept, "right", True, 700, "198.51.100.7")
    for _ in range(3):
        assert ask(kept, "mistyped", False, 701, "198.51.100.7")
        assert ask(kept, "right", True, 702, "198.51.100.7")


def test_a_place_is_what_the_edge_saw_last(gate) -> None:
    place = gate.guesses.place
    assert place("10.0.0.1, 192.0.2.7") == "192.0.2.7"
    assert place("2001:db8:1:2:3::1") == place("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert place("") == place("nonsense") == ""


def test_every_language_has_every_word(gate) -> None:
    words = gate.words.WORDS
    assert all(set(one) == set(words["en"]) for one in words.values())
    assert gate.words.language("xx, de-AT;q=0.8, fr") == "de"
    assert gate.words.language("") == "en"


# --- what is open on the account pages

@pytest.mark.parametrize("path", [
    "/", "/login", "/login/ada", "/auth/password", "/static/a/b.css", "/about", "/logout",
    "/oauth/authorize", "/oauth/token", "/oauth/jwks.json", "/.well-known/openid-configuration",
    "/register/data/hash",
])
def test_strangers_find_the_way_in(rules, path: str) -> None:
    assert rules.for_strangers(path)


@pytest.mark.parametrize("path", [
    "/users", "/groups", "/groups/", "/groups/members", "/profile", "/profile/ada", "/invite",
    "/join",
    "/register", "/second-factor", "/lost/a/b", "/auth/code/x",
    "/reset", "/reset/ada", "/reset/ada/token", "/firstlogin/ada", "/auth/otp-setup",
    "/auth/otp", "/auth/fido2", "/auth/fido2-setup", "/auth/email", "/auth/sms", "/impersonate/ada",
    "/admin/client", "/admin/mail", "/oauth/register", "/oauth/register/gate", "/scim/v2/Users",
    "/consent", "/login/../users", "//users", "/auth/password/", "/register/a/b/c", "/mail/x",
])
def test_strangers_find_nothing_else(rules, path: str) -> None:
    assert not rules.for_strangers(path)


@pytest.mark.parametrize(("path", "action", "steward", "refused"), [
    ("/profile/ada/settings", "delete-execute", True, True),
    ("/profile/ada/settings", "delete-confirm", False, True),
    ("/profile/ada/settings", "lock-execute", False, True),
    ("/profile/ada/settings", "lock-execute", True, False),
    ("/profile/ada/settings", "edit-settings", False, False),
    ("/groups/members/leave", "", False, True), ("/groups/choir/leave", "", False, False),
    ("/groups/stewards", "delete", True, True), ("/groups/choir", "delete", True, False),
    ("/groups/members", "edit", True, False), ("/groups/MEMBERS/leave", "", False, True),
    ("/groups/Stewards", "delete", True, True), ("/groups/ members ", "delete", True, True),
])
def test_nobody_deletes_people_or_the_houses_groups(rules, path, action, steward, refused) -> None:
    assert rules.refused(path, action, steward=steward) is refused


def test_nothing_is_fetched_from_an_address_in_a_request(rules) -> None:
    assert rules.fetches("/oauth/authorize", ["client_id", "request_uri"])
    assert rules.fetches("/oauth/token", ["request"])
    assert not rules.fetches("/oauth/authorize", ["client_id", "state"])


def test_an_older_session_is_over_when_the_password_is_another(rules) -> None:
    then = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    later = then + datetime.timedelta(seconds=1)
    assert rules.over(None, None)
    assert rules.over(then, later)
    assert not rules.over(later, then)
    assert not rules.over(then, None)
