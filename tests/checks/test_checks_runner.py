# SPDX-License-Identifier: AGPL-3.0-or-later
"""The verifier's answer, for every way a proof can end."""

from __future__ import annotations

import json
from pathlib import Path
from time import monotonic

import pytest

# Each of them starts programs, and some wait for one to be too slow.
pytestmark = pytest.mark.slow
HEAD = "import pytest, time, os\n"


def only(proofs):
    assert len(proofs) == 1, proofs
    return proofs[0]


def test_passed(prove_one):
    proof = only(prove_one('''
        def test_it(stack, members, marker):
            """A member does it.

            More for authors."""
            assert stack.host("chat") == "chat.commons.test"
            assert stack.host() == stack.domain == "commons.test"
            assert stack.url("chat") == "https://chat.commons.test"
            assert stack.address("chat") == "127.0.0.9"
            assert stack.connect("chat") == ("127.0.0.9", 443)
            assert stack.port("5222/tcp") == ("127.0.0.9", 5222)
            assert stack.settings == {"history_days": 30}
            assert len(members) == 2 and members[0].name == "natm-proof-ab12-1"
            assert marker.startswith("natmab12-")
        '''))
    assert proof.pop("seconds") >= 0
    assert proof == {"proof": "test_it", "says": "A member does it.", "outcome": "passed",
                     "detail": "", "needs_browser": False}


def test_failed_says_why_and_where(prove_one):
    proof = only(prove_one('''
        def read_back():
            assert 1 == 2, "the words did not come back"

        def test_words_come_back():
            read_back()
        '''))
    assert (proof["outcome"], proof["says"]) == ("failed", "words come back")
    assert proof["detail"].splitlines()[0] == "the words did not come back"
    assert proof["detail"].endswith("(test_prosody.py, line 3)")


def test_a_long_cause_is_cut(prove_one):
    proof = only(prove_one('def test_long():\n    assert False, "x" * 5000 + "\\nline" * 500\n'))
    assert len(proof["detail"].splitlines()) <= 20
    assert max(map(len, proof["detail"].splitlines())) < 310


def test_skipped_is_not_run(prove_one):
    proofs = prove_one(HEAD + '''
def test_in_body(): pytest.skip("no microphone")
@pytest.mark.skip(reason="not yet")
def test_by_mark(): pass
@pytest.mark.xfail(reason="a known bug")
def test_known(): assert False
''')
    assert [(p["outcome"], p["detail"]) for p in proofs] == [
        ("not-run", "no microphone"), ("not-run", "not yet"),
        ("failed", "known to fail: a known bug"),
    ]


def test_failing_fixtures(prove_one):
    before, after = prove_one(HEAD + '''
@pytest.fixture
def broken(): raise RuntimeError("no room")
@pytest.fixture
def messy():
    yield
    raise RuntimeError("left things")
def test_before(broken): pass
def test_after(messy): pass
''')
    assert before["outcome"] == after["outcome"] == "failed"
    assert before["detail"].startswith("Before the proof began: RuntimeError: no room")
    assert after["detail"].startswith("Cleaning up after it: RuntimeError: left things")


def test_a_name_that_is_not_there(prove_one):
    proof = only(prove_one('def test_it(stack): stack.url("chta")\n'))
    assert proof["outcome"] == "failed"
    assert "this platform has no 'chta'; there are: 'chat'" in proof["detail"]


def test_too_slow_and_the_next_still_runs(prove_one):
    slow, patient, next_one = prove_one(HEAD + '''
def test_slow():
    while True:
        try:
            time.sleep(30)
        except Exception:
            pass
@pytest.fixture
def waits(): time.sleep(30)
def test_slow_fixture(waits): pass
def test_next(): pass
''', limits={"proof": 0.4})
    assert slow["outcome"] == patient["outcome"] == "failed"
    where = "and was then at line 6 of test_prosody.py."
    assert slow["detail"] == f"It took longer than 0.4 seconds {where}"
    assert "It took longer than 0.4 seconds" in patient["detail"]
    assert next_one["outcome"] == "passed"


def test_the_whole_run_is_bounded(prove_one):
    began = monotonic()
    first, stuck, never = prove_one(HEAD + '''
import signal
def test_first(): pass
def test_stuck():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    time.sleep(60)
def test_never(): pass
''', limits={"proof": 1, "run": 2})
    assert monotonic() - began < 20
    assert first["outcome"] == "passed"
    assert (stuck["outcome"], stuck["detail"]) == ("failed", "The time for the whole run was over.")
    assert (never["outcome"], never["detail"]) == (
        "not-run", "an earlier proof brought the run to its end")


def test_a_crash_takes_only_its_own_platform_along(prove):
    platforms = prove({
        "one": HEAD + "def test_fine(): pass\ndef test_dies(): os._exit(9)\n"
                      "def test_rest(): pass\n",
        "two": "def test_fine(): pass\n",
    })["platforms"]
    assert [p["outcome"] for p in platforms["one"]] == ["passed", "failed", "not-run"]
    assert "exit code 9" in platforms["one"][1]["detail"]
    assert only(platforms["two"])["outcome"] == "passed"


def test_a_file_that_cannot_be_read(prove_one):
    proof = only(prove_one("import no_such_module\n"))
    assert (proof["proof"], proof["outcome"]) == ("proofs", "failed")
    assert "no_such_module" in proof["detail"]


def test_a_misspelt_mark_is_a_failure(prove_one):
    proof = only(prove_one(HEAD + "@pytest.mark.browsr\ndef test_it(): pass\n"))
    assert proof["outcome"] == "failed"


def test_a_proof_that_asks_for_an_unknown_fixture(prove_one):
    assert only(prove_one("def test_it(stak): pass\n"))["outcome"] == "failed"


def test_hyphens_and_parameters(prove):
    answer = prove({"janus-room": HEAD + '''
@pytest.mark.parametrize("what", ["a::b", "c"])
def test_it(what): pass
'''})
    proofs = answer["platforms"]["janus-room"]
    assert [p["proof"] for p in proofs] == ["test_it[a::b]", "test_it[c]"]
    assert {p["outcome"] for p in proofs} == {"passed"}


def test_platforms_run_at_the_same_time(prove):
    slow = HEAD + "def test_it(): time.sleep(1.5)\n"
    answer = prove({"one": slow, "two": slow, "three": slow})
    assert answer["kind"] == "proofs/1"
    assert list(answer["platforms"]) == ["one", "two", "three"]
    assert answer["seconds"] < 4.4


def test_a_platform_without_proofs(verifier, request_for):
    done = verifier(json.dumps(request_for(["empty"])))
    proof = only(json.loads(done.stdout.splitlines()[-1])["platforms"]["empty"])
    assert (proof["proof"], proof["outcome"]) == ("proofs", "not-run")


def test_without_members(verifier, request_for, tmp_path: Path):
    Path(tmp_path, "proofs", "test_prosody.py").write_text(
        "def test_with(members): pass\ndef test_without(): pass\n", encoding="utf-8")
    request = request_for(["prosody"])
    request["platforms"]["prosody"]["members"] = []
    with_, without = json.loads(verifier(json.dumps(request)).stdout)["platforms"]["prosody"]
    assert (with_["outcome"], with_["detail"]) == ("not-run", "no throwaway members could be made")
    assert without["outcome"] == "passed"


def test_browser_proofs_in_a_run_without_one(prove_one):
    source = HEAD + '''
@pytest.mark.browser
def test_marked(): pass
def test_asks(browser): pass
def test_plain(): pass
'''
    proofs = prove_one(source)
    assert [p["needs_browser"] for p in proofs] == [True, True, False]
    assert [p["outcome"] for p in proofs] == ["not-run", "not-run", "passed"]
    assert proofs[0]["detail"] == "needs the browser"


def test_only_browser(prove_one):
    source = HEAD + "@pytest.mark.browser\ndef test_marked(): pass\ndef test_plain(): pass\n"
    proof = only(prove_one(source, browser=True, only_browser=True))
    assert (proof["proof"], proof["outcome"]) == ("test_marked", "passed")
    assert prove_one("def test_plain(): pass\n", browser=True, only_browser=True) == []


def test_what_there_is_with_one_way_of_signing_in_alone(prove_one):
    source = HEAD + ("@pytest.mark.one_account\ndef test_gate(): pass\n"
                     "@pytest.mark.own_accounts\ndef test_form(): pass\n"
                     "def test_both(): pass\n")
    gate, form = ["test_gate", "test_both"], ["test_form", "test_both"]
    for sign_in, names in (("header", gate), ("ldap", gate), ("native", form), ("", form)):
        proofs = prove_one(source, sign_in=sign_in)
        assert [p["proof"] for p in proofs] == names
        assert {p["outcome"] for p in proofs} == {"passed"}


def test_passwords_are_blotted_out(prove_one, password):
    proofs = prove_one(HEAD + '''
import base64
def test_message(members): assert False, f"sent {members[0].password} as {members[0]}"
def test_compared(members): assert members[0].password == "x" * 400
def test_cut(members): assert "y" * 230 + members[0].password + "z" * 230 == 1
def test_basic(members):
    pair = f"{members[0].name}:{members[0].password}".encode()
    raise RuntimeError(base64.b64encode(pair).decode())
def test_printed(members):
    print(members[0].password)
    os.write(2, members[0].password.encode())
    os._exit(3)
''')
    text = json.dumps(proofs)
    assert [p["outcome"] for p in proofs] == ["failed"] * 5
    assert not any(password[i : i + 6] in text for i in range(len(password) - 5))
    assert all("***" in proofs[place]["detail"] for place in (0, 1, 3))
    assert "natm-proof-ab12-1" in proofs[0]["detail"]


def test_platforms_do_not_see_each_others_members(verifier, request_for, tmp_path):
    nosy = """
import gc
def test_it(pytestconfig):
    texts = [t for o in gc.get_objects() if isinstance(o, dict) for t in list(o.values())
             if isinstance(t, str)]
    assert "someone" + "-elses-password" not in texts
"""
    for name in ("one", "two"):
        Path(tmp_path, "proofs", f"test_{name}.py").write_text(nosy, encoding="utf-8")
    request = request_for(["one", "two"])
    request["platforms"]["two"]["members"][0] = {"name": "x", "password": "someone-elses-password"}
    answer = json.loads(verifier(json.dumps(request)).stdout)["platforms"]
    assert only(answer["one"])["outcome"] == "passed"


def test_requests_that_make_no_sense(verifier, request_for, password):
    for text in ["", "[]", "{}", "nonsense", json.dumps({"run": password, "platforms": {"a": 3}}),
                 json.dumps(request_for(["prosody"], ca_file="/nowhere/ca.crt"))]:
        done = verifier(text)
        assert (done.returncode, done.stdout) == (2, ""), text
        assert done.stderr.startswith("natm verifier: ")
        assert password not in done.stderr
        assert "Traceback" not in done.stderr
