# SPDX-License-Identifier: AGPL-3.0-or-later
"""A small XMPP client for proofs: over a web socket (RFC 7395), as a browser speaks it, or over
port 5222, as an app does (`port="5222/tcp"`).

    with xmpp.sign_in(stack, "chat", member.name, member.password) as ada:
        ada.send(ben_jid, "hello")
        message = ada.wait_for(lambda m: m.body == "hello back", "the answer")

It is as strict as a member would want: it checks the certificate, lets the server prove that it
knows the password too where the server can, and waits for nothing longer than it was told.
"""

from __future__ import annotations

import secrets
import time
import xml.etree.ElementTree as ET
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

from .job import Stack
from .scram import MECHANISMS, Scram, ScramError
from .websocket import SocketClosed, WebSocket
from .xmppstream import Stream

STREAMS = "http://etherx.jabber.org/streams"
FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
CLIENT = "jabber:client"
MUC = "http://jabber.org/protocol/muc"
MUC_OWNER = "http://jabber.org/protocol/muc#owner"
MAM = "urn:xmpp:mam:2"
FORWARD = "urn:xmpp:forward:0"
UPLOAD = "urn:xmpp:http:upload:0"
ROSTER = "jabber:iq:roster"
DATA_FORM = "jabber:x:data"
SECONDS = 20.0
"""How long we wait for one answer."""


class XmppError(Exception):
    """The server answered with an error, or not in time; the words say which."""


class SessionEnded(XmppError):
    """The server ended the session, or hung up."""


class SignInRefused(XmppError):
    """The server does not accept this name and password."""


class TryLater(XmppError):
    """The server cannot tell now whether it would accept them."""


@dataclass(frozen=True)
class Message:
    """A message as it arrived, or as the archive gives it."""

    sender: str
    body: str
    kind: str


@dataclass(frozen=True)
class Slot:
    """Where a file may be uploaded, and where others will find it."""

    put_url: str
    get_url: str
    headers: dict[str, str]


def sign_in(
    stack: Stack, route: str, name: str, password: str, *, port: str | None = None
) -> Session:
    """Sign in as name@DOMAIN at the route's web socket, or at a port past the edge.

    `SignInRefused` if it is not accepted, `TryLater` if the server cannot tell.
    """
    connection = Stream(stack, port) if port else WebSocket(stack, route, "/xmpp-websocket", "xmpp")
    session = Session(connection, stack.domain)
    try:
        session._sign_in(name, password)
    except BaseException:
        session.close()
        raise
    return session


class Session:
    """One signed-in member; a context manager that signs out at its end."""

    def __init__(self, connection: WebSocket | Stream, domain: str) -> None:
        self._connection, self._domain = connection, domain
        self._waiting: deque[ET.Element] = deque()
        self.jid = ""

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Sign out."""
        with suppress(OSError, SocketClosed):
            self._send(ET.Element("close", xmlns=FRAMING))
        self._connection.close()

    @property
    def bare_jid(self) -> str:
        """The member's address: name@DOMAIN."""
        return self.jid.partition("/")[0]

    # What members do

    def send(self, to: str, body: str, kind: str = "chat") -> str:
        """Send a message to a person (chat) or to a room (groupchat); its id is returned."""
        id_ = _new_id()
        message = ET.Element("message", xmlns=CLIENT, to=to, type=kind, id=id_)
        ET.SubElement(message, "body").text = body
        self._send(message)
        return id_

    def wait_for(
        self, fits: Callable[[Message], bool], what: str, seconds: float = SECONDS
    ) -> Message:
        """The first message that fits, of those that came and those that will come in time."""
        element = self._wait(lambda e: fits(_message(e)), what, seconds, tag="message")
        return _message(element)

    def is_ended(self, seconds: float) -> bool:
        """Whether the server ends this session in time."""
        try:
            self._wait(lambda e: False, "the session's end", seconds)
        except SessionEnded:
            return True
        except XmppError:
            return False
        return False

    def befriend(self, jid: str) -> None:
        """Put an address on the member's list of contacts."""
        query = ET.Element("query", xmlns=ROSTER)
        ET.SubElement(query, "item", jid=jid)
        self.ask("set", None, query)

    def enter(self, room: str, nick: str, *, create: bool = False) -> None:
        """Enter a room; `create` accepts the defaults where the room is new."""
        presence = ET.Element("presence", xmlns=CLIENT, to=f"{room}/{nick}")
        ET.SubElement(presence, "x", xmlns=MUC)
        self._send(presence)
        answer = self._wait(
            lambda e: e.get("from") in (f"{room}/{nick}", room), f"the door of {room}",
            tag="presence")
        if answer.get("type") == "error":
            raise XmppError(f"{room} did not let {nick} in: {_condition(answer)}")
        if create:
            query = ET.Element("query", xmlns=MUC_OWNER)
            ET.SubElement(query, "x", xmlns=DATA_FORM, type="submit")
            self.ask("set", room, query)

    def destroy(self, room: str) -> None:
        """Remove a room of one's own, with all that was said in it."""
        query = ET.Element("query", xmlns=MUC_OWNER)
        ET.SubElement(query, "destroy")
        self.ask("set", room, query)

    def archive(self, room: str | None = None, beside: str | None = None) -> list[Message]:
        """The newest messages in the member's own archive (`beside`: with whom), or in a room's."""
        mark = _new_id()
        self.ask("set", room, _archive_query(mark, beside))
        found: list[Message] = []
        for element in list(self._waiting):
            result = element.find(f"{{{MAM}}}result")
            if result is not None and result.get("queryid") == mark:
                self._waiting.remove(element)
                inner = result.find(f"{{{FORWARD}}}forwarded/{{{CLIENT}}}message")
                if inner is not None:
                    found.append(_message(inner))
        return found

    def upload_slot(self, filename: str, size: int, content_type: str) -> Slot:
        """Ask where a file may be uploaded; `XmppError` where the server will not have it."""
        answer = self.ask("get", f"share.{self._domain}", ET.Element("request", {
            "xmlns": UPLOAD, "filename": filename, "size": str(size),
            "content-type": content_type}))
        put = answer.find(f"{{{UPLOAD}}}slot/{{{UPLOAD}}}put")
        get = answer.find(f"{{{UPLOAD}}}slot/{{{UPLOAD}}}get")
        if put is None or get is None:
            raise XmppError("the server named no place for the file")
        headers = {h.get("name", ""): h.text or "" for h in put}
        return Slot(put.get("url", ""), get.get("url", ""), headers)

    def ask(self, kind: str, to: str | None, payload: ET.Element) -> ET.Element:
        """Send a request (iq) and return its answer; `XmppError` where it is an error."""
        id_ = _new_id()
        request = ET.Element("iq", {"xmlns": CLIENT, "type": kind, "id": id_,
                                    **({"to": to} if to else {})})
        request.append(payload)
        self._send(request)
        answer = self._wait(lambda e: e.get("id") == id_, "an answer", tag="iq")
        if answer.get("type") == "error":
            raise XmppError(f"the server refused: {_condition(answer)}")
        return answer

    # Signing in

    def _sign_in(self, name: str, password: str) -> None:
        mechanisms = {m.text for m in self._restart().iter(f"{{{SASL}}}mechanism")}
        mechanism = next((m for m in MECHANISMS if m in mechanisms), None)
        if mechanism:
            self._by_scram(mechanism, name, password)
        elif "PLAIN" in mechanisms:
            # The server asks somebody else who keeps the passwords; the connection is encrypted.
            self._send(_sasl("auth", f"\0{name}\0{password}", mechanism="PLAIN"))
            self._sasl_answer("success")
        else:
            raise XmppError("the server offers no way to sign in that we know")
        self._restart()
        bound = self.ask("set", None, ET.Element("bind", xmlns=BIND))
        self.jid = bound.findtext(f"{{{BIND}}}bind/{{{BIND}}}jid") or ""
        self._send(ET.Element("presence", xmlns=CLIENT))

    def _by_scram(self, mechanism: str, name: str, password: str) -> None:
        scram = Scram(mechanism, name, password)
        self._send(_sasl("auth", scram.first(), mechanism=mechanism))
        self._send(_sasl("response", scram.final(self._sasl_answer("challenge"))))
        try:
            scram.check(self._sasl_answer("success"))
        except ScramError as error:
            raise XmppError(str(error)) from error

    def _restart(self) -> ET.Element:
        """Open the stream (anew); returns what the server offers."""
        self._send(ET.Element("open", xmlns=FRAMING, to=self._domain, version="1.0"))
        return self._wait(lambda e: True, "the server's offers", tag="features")

    def _sasl_answer(self, expected: str) -> str:
        answer = self._wait(lambda e: e.tag.startswith(f"{{{SASL}}}"), "the sign-in's answer")
        if answer.tag == f"{{{SASL}}}failure":
            if answer.find(f"{{{SASL}}}temporary-auth-failure") is not None:
                raise TryLater("the server cannot sign anybody in right now")
            raise SignInRefused("the server does not accept this name and password")
        if answer.tag != f"{{{SASL}}}{expected}":
            raise XmppError(f"the sign-in went astray: {answer.tag}")
        return b64decode(answer.text or "").decode()

    # The wire

    def _send(self, element: ET.Element) -> None:
        self._connection.send(ET.tostring(element, encoding="unicode"))

    def _wait(
        self, fits: Callable[[ET.Element], bool], what: str, seconds: float = SECONDS,
        tag: str | None = None,
    ) -> ET.Element:
        """The first element that fits; those that do not are kept for whoever waits for them."""
        def wanted(element: ET.Element) -> bool:
            return (tag is None or element.tag.endswith(f"}}{tag}")) and fits(element)

        for element in self._waiting:
            if wanted(element):
                self._waiting.remove(element)
                return element
        end = time.monotonic() + seconds
        while not wanted(element := self._receive(end, what)):
            self._waiting.append(element)
        return element

    def _receive(self, end: float, what: str) -> ET.Element:
        try:
            frame = self._connection.receive(end)
        except TimeoutError:
            raise XmppError(f"{what} did not come in time") from None
        except (SocketClosed, OSError) as error:
            raise SessionEnded(f"the server hung up while we waited for {what}") from error
        # Prosody's last word before it hangs up lacks the declaration of its prefix. (The XML is
        # our own server's, and the C library refuses endless entities by itself.)
        xml = f"<frame xmlns:stream='{STREAMS}'>{frame}</frame>"
        element = ET.fromstring(xml)[0]  # noqa: S314
        if element.tag == f"{{{STREAMS}}}error":
            raise SessionEnded(f"the server ended the session: {_condition(element)}")
        return element


def _sasl(tag: str, text: str, **attributes: str) -> ET.Element:
    element = ET.Element(tag, {"xmlns": SASL, **attributes})
    element.text = b64encode(text.encode()).decode()
    return element


def _archive_query(mark: str, beside: str | None) -> ET.Element:
    query = ET.Element("query", xmlns=MAM, queryid=mark)
    if beside:
        form = ET.SubElement(query, "x", xmlns=DATA_FORM, type="submit")
        for name, value in [("FORM_TYPE", MAM), ("with", beside)]:
            ET.SubElement(ET.SubElement(form, "field", var=name), "value").text = value
    window = ET.SubElement(query, "set", xmlns="http://jabber.org/protocol/rsm")
    ET.SubElement(window, "max").text = "50"
    ET.SubElement(window, "before")
    return query


def _message(element: ET.Element) -> Message:
    return Message(element.get("from", ""), element.findtext(f"{{{CLIENT}}}body") or "",
                   element.get("type", "normal"))


def _condition(element: ET.Element) -> str:
    """The error's condition and text, as far as there are any."""
    error = element.find(f"{{{CLIENT}}}error")
    parts = [child.text or child.tag.partition("}")[2]
             for child in (error if error is not None else element)]
    return ", ".join(parts) or "no reason given"


def _new_id() -> str:
    return secrets.token_hex(8)
