# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sends one letter by the community's mail server, and tells how far it came.

The password goes by standard input, and only over a connection whose certificate was checked.
"""

import json
import smtplib
import ssl
import sys
from email.message import EmailMessage
from email.utils import formataddr, formatdate, make_msgid

PATIENCE_S = 20


def letter(asked):
    message = EmailMessage()
    message["Subject"] = asked["subject"]
    message["From"] = formataddr((asked["community"], asked["sender"]))
    message["To"] = asked["to"]
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=asked["sender"].partition("@")[2])
    message.set_content(asked["text"])
    return message


def connected(asked, trusted):
    if asked["tls"] == "tls":
        return smtplib.SMTP_SSL(asked["host"], asked["port"], timeout=PATIENCE_S, context=trusted)
    return smtplib.SMTP(asked["host"], asked["port"], timeout=PATIENCE_S)


def probe(name, state, text, **values):
    return {"name": name, "state": state, "says": {"text": text, "values": values}}


def tried(asked):
    """One step after the other; what fails is the last one told."""
    place, step = f"{asked['host']}:{asked['port']}", "connection"
    trusted = ssl.create_default_context()
    try:
        with connected(asked, trusted) as server:
            if asked["tls"] == "starttls":
                server.starttls(context=trusted)
            words = ("{place} answers, without encryption" if asked["tls"] == "none"
                     else "{place} answers, and its certificate is good")
            yield probe(step, "ok", words, place=place)
            if asked["user"]:
                step = "sign-in"
                server.login(asked["user"], asked["password"])
                yield probe(step, "ok", "{user} is let in", user=asked["user"])
            step = "letter"
            server.send_message(letter(asked))
            yield probe(step, "ok", "taken for {to}; whether it arrives shows in that mailbox",
                        to=asked["to"])
    except OSError as error:  # smtplib's own errors are of this kind too
        why = str(error).replace(asked["password"], "***") if asked["password"] else str(error)
        yield probe(step, "failed", "{place}: {why}", place=place,
                    why=f"{type(error).__name__}: {why}"[:300])


def main():
    asked = json.loads(sys.stdin.readline())
    print(json.dumps({"probes": list(tried(asked))}))


main()
