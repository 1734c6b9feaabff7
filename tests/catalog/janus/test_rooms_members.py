# SPDX-License-Identifier: AGPL-3.0-or-later
"""The members program beside a running service: what it answers, and that the service notices."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from house import PASSWORD, ROOMS, House, accounts_module

Run = Callable[[Any], None]
PROOF = "natm-proof-1"
pytestmark = pytest.mark.slow
CHEAP = f"""
import runpy, sys
from natm_rooms import accounts
accounts.COST, sys.argv = {accounts_module.COST}, sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""The program, in a process of its own, with hashes as cheap as those of the service here."""


async def members(house: House, *action: str, **request: Any) -> tuple[int, dict[str, Any]]:
    """Status and answer of the program."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHEAP, str(ROOMS / "natm/members.py"), *action, cwd="/",
        env={**os.environ, "PYTHONPATH": str(ROOMS), "PYTHONDONTWRITEBYTECODE": "1",
             "ROOMS_DATA": str(house.service.settings.data)},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate(json.dumps(request).encode())
    return process.returncode or 0, json.loads(out.splitlines()[-1])


def test_an_account_from_its_making_to_its_end(run: Run) -> None:
    async def scenario(house: House) -> None:
        assert await members(house, "create", name="ada", password=PASSWORD,
                             display_name="Ada <b>L</b>", steward=True) == (0, {"ok": True})
        ada = house.visitor()
        await ada.sign_in("ada")
        link = await house.room(ada)
        live = await ada.live(link)
        status, told = await members(house, "create", name="ada", password=PASSWORD)
        assert (status, told["code"]) == (1, "exists")
        assert await members(house, "reset", name="ada", password="another one") == (
            0, {"ok": True})
        assert (await ada.ask("GET", "/api/me"))[1]["name"] is None
        assert (await live.hear("changed"))["person"]["steward"] is False
        await ada.sign_in("ada", "another one")
        live = await ada.live(link)
        await members(house, "remove", name="ada")
        await live.hear("removed")
        assert await ada.refusal("POST", "/api/session", {
            "name": "ada", "password": "another one"}) == (403, "sign_in_wrong")
        assert (await ada.ask("GET", "/api/me"))[1]["name"] is None
        status, told = await members(house, "create", name="ada", password=PASSWORD)
        assert (status, told["code"]) == (1, "exists")
        assert (await members(house, "list"))[1]["members"] == [
            {"name": "ada", "display_name": "Ada <b>L</b>", "steward": True, "disabled": True}]
        assert house.service.rooms.get(link).title == "Garden"
        assert await members(house, "reset", name="ada", password="third time") == (
            0, {"ok": True})
        await ada.sign_in("ada", "third time")
    run(scenario)


def test_a_proofs_account_leaves_nothing(run: Run) -> None:
    async def scenario(house: House) -> None:
        for password in (PASSWORD, "another one"):
            assert (await members(house, "create", name=PROOF, password=password,
                                  steward=True))[0] == 0
        proof, guest = house.visitor(), house.visitor()
        await proof.sign_in(PROOF, "another one")
        link = await house.room(proof)
        live = await guest.live(link)
        assert (await members(house, "list"))[1]["members"] == []
        for _ in range(2):
            assert await members(house, "purge", name=PROOF) == (0, {"ok": True})
        await live.hear("ended")
        assert await guest.refused_join(link) == (404, "unknown_room")
        data = house.service.settings.data
        assert [json.loads((data / name).read_text())
                for name in ("accounts.json", "rooms.json")] == [{}, {}]
    run(scenario)


@pytest.mark.parametrize(("action", "request_", "code"), [
    (["create"], {"name": "Ada", "password": PASSWORD}, "invalid"),
    (["create"], {"name": "a", "password": PASSWORD}, "invalid"),
    (["create"], {"name": "../x", "password": PASSWORD}, "invalid"),
    (["create"], {"name": "ada\n", "password": PASSWORD}, "invalid"),
    (["create"], {"name": "ada", "password": "short"}, "invalid"),
    (["create"], {"name": "ada", "password": None}, "invalid"),
    (["create"], {"name": "natm-admin", "password": PASSWORD}, "refused"),
    (["reset"], {"name": "nobody", "password": PASSWORD}, "unknown"),
    (["remove"], {"name": "nobody"}, "unknown"),
    (["purge"], {"name": "ada"}, "refused"),
    (["burn"], {}, "invalid"), ([], {}, "invalid"), (["list", "more"], {}, "invalid"),
])
def test_what_is_refused_and_why(run: Run, action: list[str], request_: dict[str, Any],
                                 code: str) -> None:
    async def scenario(house: House) -> None:
        status, told = await members(house, *action, **request_)
        assert (status, told["ok"], told["code"]) == (1, False, code)
        assert PASSWORD not in json.dumps(told)
        assert not house.service.accounts.path.exists()
    run(scenario)


def test_files_are_for_the_service_alone(run: Run, tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await members(house, "create", name="ada", password=PASSWORD)
        ada = house.visitor()
        await ada.sign_in("ada")
        files = [path for path in tmp_path.iterdir() if path.is_file()]
        assert {path.name for path in files} == {"key", "lock", "accounts.json"}
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    run(scenario)
