# SPDX-License-Identifier: AGPL-3.0-or-later
"""A lost password and a second factor: what is counted, and what they mean at the gate."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from test_identity import GATE, IMAGES, NOW, load


@pytest.fixture(scope="module")
def gate() -> SimpleNamespace:
    """The gate's modules that need nothing but Python."""
    return SimpleNamespace(**load(IMAGES / "gate" / "natm", GATE))


@pytest.fixture(scope="module")
def pages() -> SimpleNamespace:
    """Parts of the account pages that need nothing but Python."""
    return SimpleNamespace(**load(IMAGES / "canaille" / "natm", ["codes", "letters"]))


def test_letters_to_one_member_come_seldom(pages) -> None:
    sent = pages.letters.Letters()
    assert sent.may_go("ada", NOW)
    assert not sent.may_go("ada", NOW + 299)
    assert sent.may_go("bo", NOW + 299)
    assert [sent.may_go("ada", NOW + 300 * n) for n in range(1, 6)] == [True] * 4 + [False]
    assert sent.may_go("ada", NOW + 86400)


def test_letters_to_all_members_are_no_flood(pages) -> None:
    sent = pages.letters.Letters()
    assert [sent.may_go(f"m-{n}", NOW) for n in range(61)] == [True] * 60 + [False]
    assert sent.may_go("m-61", NOW + 600)


def at(step: int) -> str:
    """A code of the tests: it has six digits like a real one."""
    return f"{step % 1_000_000:06d}"


def test_a_code_fits_once_and_around_its_time(pages) -> None:
    codes, here = pages.codes.Codes(), NOW // 30
    assert not codes.fits("ada", at(here - 2), at, NOW)
    assert codes.fits("ada", at(here - 1), at, NOW)
    assert not codes.fits("ada", at(here - 1), at, NOW), "the same code fitted twice"
    assert codes.fits("ada", at(here + 1), at, NOW)
    assert not codes.fits("ada", at(here), at, NOW), "a code from before the last one fitted"
    assert codes.fits("bo", at(here), at, NOW)


def test_guessing_codes_takes_longer_and_longer(pages) -> None:
    codes, now, waits = pages.codes.Codes(), NOW, []
    for _ in range(5):
        assert not codes.wait("ada", now)
        assert not codes.fits("ada", "x", at, now)
    for _ in range(9):
        waits.append(codes.wait("ada", now))
        assert not codes.fits("ada", at(int(now) // 30), at, now), "a code fitted while waiting"
        now += waits[-1]
        assert not codes.fits("ada", "ümlaut", at, now)
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert codes.fits("ada", at((now + 3600) // 30), at, now + 3600)
    assert not codes.wait("ada", now + 3600)


def test_a_second_factor_ends_older_sessions_and_shuts_programs_out(gate) -> None:
    entry = {"uid": [b"ada"], "cn": [b"Ada"], "memberOf": [b"cn=members,ou=groups,dc=natm"],
             "pwdChangedTime": [b"20270101000000Z"]}
    before = gate.entries.person_of(entry, NOW)
    since = gate.entries.person_of({**entry, "natmGuardedSince": [b"20270101000500Z"]}, NOW)
    assert (before.guarded, since.guarded) == (False, True)
    assert since.changed == before.changed + 300
    session = gate.identity.Session("ada", before.changed + 10, NOW * 2)
    assert session.holds(before, before.changed + 20)
    assert not session.holds(since, before.changed + 20)
