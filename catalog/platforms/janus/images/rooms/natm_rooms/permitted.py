# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a member may say to Janus. Each message is made anew from what is known to be harmless;
the room, the feed's name and the person's name are always ours, so nobody speaks for another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .janus import PLUGIN

Said = dict[str, Any]
MOST_HANDLES = 4
MOST_STREAMS = 128
MOST_CANDIDATES = 150
"""For each connection. A laptop with five networks has some sixty; Janus keeps them all."""
LONGEST_SDP = 200_000
LEAST_BITRATE = 16_000
FEED = re.compile(r"p[0-9a-f]{12}(-screen)?")
MID = re.compile(r"[A-Za-z0-9_-]{1,16}")
TRANSACTION = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Forbidden(Exception):
    """A message that no page of ours sends."""


@dataclass
class Seat:
    """Whose connection it is, and what Janus gave it so far."""

    room: str
    person: str
    name: str
    bitrate: int
    session: int = 0
    handles: set[int] = field(default_factory=set)
    attaching: int = 0
    feeds: dict[int, str] = field(default_factory=dict)
    candidates: Counter[int] = field(default_factory=Counter)
    waiting: dict[str, str] = field(default_factory=dict)


def permitted(said: Any, seat: Seat) -> Said:
    """The message as Janus may have it."""
    if not isinstance(said, dict) or not isinstance(said.get("janus"), str):
        raise Forbidden("shape")
    verb, transaction = said["janus"], said.get("transaction")
    if not isinstance(transaction, str) or not TRANSACTION.fullmatch(transaction):
        raise Forbidden("transaction")
    make = VERBS.get(verb)
    if make is None:
        raise Forbidden(verb[:20])
    fresh = {"janus": verb, "transaction": transaction}
    if verb != "create":
        if not seat.session or said.get("session_id") != seat.session:
            raise Forbidden("session")
        fresh["session_id"] = seat.session
    if verb in ("message", "trickle", "hangup", "detach"):
        fresh["handle_id"] = _handle(said, seat)
    return {**fresh, **make(said, seat)}


def _handle(said: Said, seat: Seat) -> int:
    handle = said.get("handle_id")
    if type(handle) is not int or handle not in seat.handles:
        raise Forbidden("handle")
    return handle


# Verbs

def _create(said: Said, seat: Seat) -> Said:
    if seat.session or "create" in seat.waiting.values():
        raise Forbidden("create")
    seat.waiting[said["transaction"]] = "create"
    return {}


def _attach(said: Said, seat: Seat) -> Said:
    if said.get("plugin") != PLUGIN or said["transaction"] in seat.waiting \
            or len(seat.handles) + seat.attaching >= MOST_HANDLES:
        raise Forbidden("attach")
    seat.attaching += 1
    seat.waiting[said["transaction"]] = "attach"
    return {"plugin": PLUGIN}


def _detach(said: Said, seat: Seat) -> Said:
    seat.handles.discard(said["handle_id"])
    seat.feeds.pop(said["handle_id"], None)
    seat.candidates.pop(said["handle_id"], None)
    return {}


def _nothing(_said: Said, _seat: Seat) -> Said:
    return {}


def _trickle(said: Said, seat: Seat) -> Said:
    given = said.get("candidate")
    if not isinstance(given, dict):
        raise Forbidden("candidate")
    seat.candidates[said["handle_id"]] += 1
    # Enough is enough, but no reason to end a meeting: Janus has ways to choose from.
    if given.get("completed") is True or seat.candidates[said["handle_id"]] > MOST_CANDIDATES:
        return {"candidate": {"completed": True}}
    candidate: Said = {}
    for name, type_ in (("candidate", str), ("sdpMid", str), ("sdpMLineIndex", int)):
        value = given.get(name)
        if value is not None:
            if type(value) is not type_ or (isinstance(value, str) and len(value) > 500):
                raise Forbidden("candidate")
            candidate[name] = value
    return {"candidate": candidate}


def _message(said: Said, seat: Seat) -> Said:
    body = said.get("body")
    request = body.get("request") if isinstance(body, dict) else None
    make = REQUESTS.get(request) if isinstance(request, str) else None
    if make is None or not isinstance(body, dict):
        raise Forbidden(f"request {str(request)[:20]}")
    fresh = {"body": {"request": request, **make(body, seat, said["handle_id"])}}
    return {**fresh, "jsep": _jsep(said["jsep"])} if said.get("jsep") is not None else fresh


def _jsep(given: Any) -> Said:
    if not isinstance(given, dict) or given.get("type") not in ("offer", "answer") \
            or not isinstance(given.get("sdp"), str) or len(given["sdp"]) > LONGEST_SDP:
        raise Forbidden("jsep")
    order = {"rid_order": given["rid_order"]} if given.get("rid_order") in ("hml", "lmh") else {}
    return {"type": given["type"], "sdp": given["sdp"], **order}


VERBS: dict[str, Callable[[Said, Seat], Said]] = {
    "create": _create, "attach": _attach, "message": _message, "trickle": _trickle,
    "keepalive": _nothing, "hangup": _nothing, "detach": _detach, "destroy": _nothing,
}


# Requests to the video room

def _join(body: Said, seat: Seat, handle: int) -> Said:
    if body.get("ptype") == "publisher":
        screen = body.get("id") == f"{seat.person}-screen"
        feed = f"{seat.person}-screen" if screen else seat.person
        seat.feeds[handle] = feed
        return {"ptype": "publisher", "room": seat.room, "id": feed, "display": seat.name}
    if body.get("ptype") != "subscriber" or type(body.get("private_id")) is not int:
        raise Forbidden("join")
    return {"ptype": "subscriber", "room": seat.room, "private_id": body["private_id"],
            "streams": _streams(body)}


def _subscribe(body: Said, _seat: Seat, _handle_: int) -> Said:
    return {"streams": _streams(body)}


def _streams(body: Said) -> list[Said]:
    return [_stream(one) for one in _list(body)]


def _stream(one: Said) -> Said:
    feed, mid = one.get("feed"), one.get("mid")
    if not isinstance(feed, str) or not FEED.fullmatch(feed):
        raise Forbidden("feed")
    return {"feed": feed, "mid": _mid(mid)} if mid is not None else {"feed": feed}


def _configure(body: Said, seat: Seat, _handle_: int) -> Said:
    fresh: Said = {}
    if type(body.get("bitrate")) is int:
        fresh["bitrate"] = max(LEAST_BITRATE, min(body["bitrate"], seat.bitrate))
    if body.get("streams") is not None:
        fresh["streams"] = [_layer(one) for one in _list(body)]
    return fresh


def _layer(one: Said) -> Said:
    fresh: Said = {"mid": _mid(one.get("mid"))}
    for name in ("substream", "temporal"):
        if type(one.get(name)) is int and 0 <= one[name] <= 2:
            fresh[name] = one[name]
    if isinstance(one.get("send"), bool):
        fresh["send"] = one["send"]
    return fresh


def _bare(_body: Said, _seat: Seat, _handle_: int) -> Said:
    return {}


def _list(body: Said) -> list[Said]:
    streams = body.get("streams")
    if not isinstance(streams, list) or not 0 < len(streams) <= MOST_STREAMS \
            or not all(isinstance(one, dict) for one in streams):
        raise Forbidden("streams")
    return streams


def _mid(mid: Any) -> str:
    if not isinstance(mid, str) or not MID.fullmatch(mid):
        raise Forbidden("mid")
    return mid


REQUESTS: dict[str, Callable[[Said, Seat, int], Said]] = {
    "join": _join, "publish": _configure, "configure": _configure, "subscribe": _subscribe,
    "unsubscribe": _subscribe, "start": _bare, "unpublish": _bare, "leave": _bare,
}


# What Janus answers

def learn(said: Said, seat: Seat) -> None:
    """Note which session and handles are this connection's own."""
    verb = seat.waiting.pop(str(said.get("transaction")), None)
    if verb == "attach":
        seat.attaching -= 1
    if verb is None or said.get("janus") != "success":
        return
    number = said.get("data", {}).get("id")
    if type(number) is int:
        if verb == "create":
            seat.session = number
        else:
            seat.handles.add(number)


def sounds(said: Said, seat: Seat) -> tuple[str, set[str]]:
    """A feed of this person's, and those of its mids with sound that Janus has just accepted."""
    feed, jsep = seat.feeds.get(said.get("sender", 0), ""), said.get("jsep") or {}
    if not feed or jsep.get("type") != "answer":
        return feed, set()
    parts = re.split(r"^m=", str(jsep.get("sdp")), flags=re.M)[1:]
    found = (re.search(r"^a=mid:(\S+)", part, re.M) for part in parts if part.startswith("audio"))
    return feed, {mid[1] for mid in found if mid}
