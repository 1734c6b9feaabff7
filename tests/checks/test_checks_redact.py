# SPDX-License-Identifier: AGPL-3.0-or-later
"""Passwords are found in every form in which a protocol or a log may hold them."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from natm_stack.checks.redact import Redactor

HARD = 'aB3$ "q<ß\\x%/+'


@pytest.mark.parametrize("password", ["Zk83hQw7PlmXy2Rt", HARD, "kurz"])
def test_written_forms(password):
    redactor = Redactor([password])
    for form in [password, quote(password), quote(password, safe=""), json.dumps(password)[1:-1]]:
        assert redactor.text(f"before{form}after") == "before***after"


@pytest.mark.parametrize("before", ["", "a", "ab", "natm-proof-1:", "\0natm-proof-1\0"])
@pytest.mark.parametrize("after", ["", "x", "xy"])
def test_inside_base64(before, after):
    password = "Zk83hQw7PlmXy2Rt"
    coded = base64.b64encode((before + password + after).encode()).decode()
    shown = Redactor([password]).text(coded)
    assert "***" in shown
    assert len(shown.replace("***", "")) <= len(coded) - (len(password) * 8) // 6 + 2


def test_pieces_and_structures():
    redactor = Redactor(["Zk83hQw7PlmXy2Rt"])
    value = {"a": ["...PlmXy2Rt'", 3, None, {"b": "Zk83hQ and more"}], "c": True}
    assert redactor.value(value) == {"a": ["...***'", 3, None, {"b": "*** and more"}], "c": True}


def test_everything_else_stays():
    text = "nothing to hide: Zk83 🦊"
    assert Redactor(["Zk83hQw7PlmXy2Rt", ""]).text(text) == text
    assert Redactor([]).text(text) == text
