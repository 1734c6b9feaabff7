# SPDX-License-Identifier: AGPL-3.0-or-later
"""The gate: the edge asks it who somebody is, and it sends those it does not know to sign in."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import addresses
import guesses
import identity
import oidc
import sealed
import settings as told
from aiohttp import web
from directory import Away, Directory
from pages import page
from sessions import Sessions

# Sent to all names of the domain, by https alone, to servers alone.
COOKIE = "__Secure-natm-gate"
TRY = "__Secure-natm-try-"
TRY_S = 900
# A browser that opens many windows at once keeps the notes of so many.
MOST_TRIES = 5
FROM_HERE = ("same-origin", "same-site", "none")
SWEEP_S = 3600
REALM = 'Basic realm="members", charset="UTF-8"'


class Gate:
    """What each address does."""

    def __init__(self, settings: told.Settings, folder: Path) -> None:
        self.settings = settings
        self._key = told.secret("gate_key")
        self._sessions = Sessions(folder)
        self._guesses = guesses.Guesses()
        self._directory = Directory(settings.directory, told.secret("directory_gate"))
        self._provider = oidc.Provider(settings, told.secret("gate_client"))

    async def members(self, request: web.Request) -> web.Response:
        """Who the cookie belongs to; a visit by nobody is led to the sign-in, the rest refused."""
        try:
            person = await self._visitor(request)
        except Away:
            return web.Response(status=503, headers=identity.NOBODY)
        if person:
            return web.Response(headers={**identity.headers(person), "Cache-Control": "no-store"})
        method = request.headers.get("X-Forwarded-Method", request.method)
        wanted = addresses.asked_for(request.headers, self.settings)
        # Only a question the edge asks for somebody names the address they wanted.
        if (wanted and "X-Forwarded-Uri" in request.headers
                and addresses.is_visit(method, request.headers)):
            return self._go(addresses.sign_in(wanted, self.settings), identity.NOBODY)
        return web.Response(status=401, headers={**identity.NOBODY, "Cache-Control": "no-store"})

    async def everyone(self, request: web.Request) -> web.Response:
        """Who the cookie belongs to, or nobody: a stranger is let in as one."""
        person = None
        with contextlib.suppress(Away):
            person = await self._visitor(request)
        told = identity.headers(person) if person else identity.NOBODY
        return web.Response(headers={**told, "Cache-Control": "no-store"})

    async def programs(self, request: web.Request) -> web.Response:
        """As members, and programs may send name and password with the request itself."""
        if "Authorization" not in request.headers:
            answer = await self.members(request)
            # A page's own request is not asked for a password: the browser would put up a box.
            if answer.status == 401 and "Sec-Fetch-Mode" not in request.headers:
                answer.headers["WWW-Authenticate"] = REALM
            return answer
        try:
            person = await self._by_password(request.headers["Authorization"],
                                             request.headers.get("X-Forwarded-For", ""))
        except Away:
            return web.Response(status=503, headers=identity.NOBODY)
        if person is None:
            return web.Response(status=401, headers={**identity.NOBODY, "WWW-Authenticate": REALM})
        return web.Response(headers={**identity.headers(person), "Cache-Control": "no-store"})

    async def login(self, request: web.Request) -> web.Response:
        """Off to Canaille, with a note of where to go afterwards."""
        back = request.query.get("rd") or f"{self.settings.issuer}/"
        if addresses.safe(back, self.settings) is None:
            return self._page(request, "elsewhere", status=400)
        with contextlib.suppress(Away):
            if await self._visitor(request):
                return self._go(back)
        note = oidc.new_try(back)
        response = self._go(oidc.authorize(self.settings, note, request.query.get("lang", "")[:20]))
        for old in [name for name in request.cookies if name.startswith(TRY)][:-MOST_TRIES + 1]:
            response.del_cookie(old, path="/gate/", secure=True, httponly=True, samesite="Lax")
        ends = int(time.time()) + TRY_S
        response.set_cookie(
            TRY + note["state"][:8], sealed.seal(note, self._key, ends), max_age=TRY_S,
            path="/gate/", secure=True, httponly=True, samesite="Lax")
        return response

    async def callback(self, request: web.Request) -> web.Response:
        """Back from Canaille: see who it is, begin a session, go where they wanted."""
        state = request.query.get("state", "")
        name = TRY + state[:8]
        note = sealed.unseal(request.cookies.get(name, ""), self._key, int(time.time()))
        if note is None or not hmac.compare_digest(note["state"], state):
            return self._page(request, "again", "sign_in", status=400)
        try:
            token, said = await self._provider.claims(request.query.get("code", ""), note)
            person = await self._directory.person(str(said["sub"]), oldest=0)
        except (oidc.Failed, Away) as error:
            print(f"signing in failed: {error}", flush=True)
            return self._page(request, "again", "sign_in", status=502)
        if person is None or not person.welcome() or person.name != said["sub"]:
            return self._page(request, "refused", status=403)
        response = self._go(note["back"])
        self._begin(request, response, person.name, token)
        response.del_cookie(name, path="/gate/", secure=True, httponly=True, samesite="Lax")
        return response

    async def logout(self, request: web.Request) -> web.Response:
        """Ends the session here and at Canaille; another site's link only leads to the question."""
        from_here = request.headers.get("Sec-Fetch-Site", "none") in FROM_HERE
        if request.method == "GET" and not from_here:
            return self._page(request, "ask", button=("/gate/logout", "sign_out"))
        if request.method == "POST" and not from_here:
            return self._page(request, "again", status=403)
        session = self._sessions.find(token := request.cookies.get(COOKIE))
        if token and session:
            self._sessions.end(token)
        response = self._go(oidc.end_session(self.settings, session.id_token) if session
                            else f"{self.settings.public}/gate/signed-out")
        self._forget(response)
        return response

    async def signed_out(self, request: web.Request) -> web.Response:
        """The last page."""
        return self._page(request, "out", "sign_in")

    async def health(self, _request: web.Request) -> web.Response:
        """Well, if the directory answers about somebody who is not there."""
        try:
            await self._directory.person("natm-nobody", oldest=0)
        except Away:
            return web.Response(status=503)
        return web.Response(text="well")

    async def sweeping(self, _app: web.Application) -> AsyncIterator[None]:
        """Every hour, for as long as the gate is up."""
        async def go_on() -> None:
            while True:
                await asyncio.to_thread(self._sessions.sweep, int(time.time()))
                await asyncio.sleep(SWEEP_S)
        task = asyncio.create_task(go_on())
        yield
        task.cancel()

    async def _visitor(self, request: web.Request) -> identity.Person | None:
        token = request.cookies.get(COOKIE)
        session = self._sessions.find(token)
        if not token or not session:
            return None
        person = await self._directory.person(session.name)
        if not session.holds(person, int(time.time())):
            self._sessions.end(token)
            return None
        return person

    async def _by_password(self, header: str, forwarded: str) -> identity.Person | None:
        told_us = guesses.basic(header)
        if not told_us:
            return None
        name, password = told_us
        fits = self._guesses.known(name, password, time.monotonic())
        if fits is None:
            fits = await self._ask(name, password, guesses.place(forwarded))
        person = await self._directory.person(name) if fits else None
        return person if person and person.welcome() and not person.guarded else None

    async def _ask(self, name: str, password: str, where: str) -> bool | None:
        count = self._guesses.begin(name, where, time.monotonic())
        if count is None:
            return None
        fits = None
        try:
            fits = await self._directory.fits(name, password)
        finally:
            self._guesses.end(count, name, where, password, fits, time.monotonic())
        return fits

    def _begin(self, request: web.Request, response: web.Response, name: str, token: str) -> None:
        old = request.cookies.get(COOKIE)
        if old and self._sessions.find(old):
            self._sessions.end(old)
        now, lasts = int(time.time()), self.settings.session_hours * 3600
        session = identity.Session(name, now, now + lasts, token)
        response.set_cookie(COOKIE, self._sessions.begin(session), max_age=lasts, path="/",
                            domain=self.settings.domain, secure=True, httponly=True, samesite="Lax")

    def _forget(self, response: web.Response) -> None:
        response.del_cookie(COOKIE, path="/", domain=self.settings.domain, secure=True,
                            httponly=True, samesite="Lax")

    def _page(self, request: web.Request, key: str, way: str = "home", *, status: int = 200,
              button: tuple[str, str] | None = None) -> web.Response:
        to = self.settings.home if way == "home" else f"{self.settings.public}/gate/login"
        return page(request, self.settings.community, key, [(to, way)], status=status,
                    button=button)

    @staticmethod
    def _go(address: str, more: dict[str, str] | None = None) -> web.Response:
        return web.Response(status=302, headers={
            **(more or {}), "Location": address, "Cache-Control": "no-store"})


def application(gate: Gate) -> web.Application:
    """Which address is which."""
    # The edge asks with all that a browser sent it: long addresses, and every platform's cookies.
    app = web.Application(client_max_size=64 * 1024, handler_args={
        "max_line_size": 32 * 1024, "max_field_size": 32 * 1024})
    app.add_routes([
        web.get("/gate/members", gate.members), web.get("/gate/programs", gate.programs),
        web.get("/gate/everyone", gate.everyone),
        web.get("/gate/login", gate.login), web.get("/gate/callback", gate.callback),
        web.get("/gate/logout", gate.logout), web.post("/gate/logout", gate.logout),
        web.get("/gate/signed-out", gate.signed_out), web.get("/gate/health", gate.health),
    ])
    app.cleanup_ctx.append(gate.sweeping)
    return app


if __name__ == "__main__":
    os.umask(0o077)
    web.run_app(application(Gate(told.read(), Path("/var/lib/gate"))), host="0.0.0.0", port=8080,
                access_log=None, print=None, handle_signals=True)
