# SPDX-License-Identifier: AGPL-3.0-or-later
"""Invitations by mail: plain text, over the community's own mail server."""

from __future__ import annotations

import json
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formataddr, formatdate, make_msgid
from pathlib import Path
from typing import Any

FILE = Path("/etc/canaille/mail.json")
PATIENCE_S = 20

WORDS: dict[str, tuple[str, str]] = {
    "en": ("Your account at {community}",
           "Hello,\n\n{community} invites you. Choose how others see your name, and a password, "
           "on this page:\n\n{url}\n\nThe link is for you alone. It works once, until {until}, and "
           "makes the account {name}.\n"),
    "de": ("Dein Konto bei {community}",
           "Hallo,\n\n{community} lädt dich ein. Auf dieser Seite wählst du, wie andere deinen "
           "Namen sehen, und ein Passwort:\n\n{url}\n\nDer Link ist nur für dich. Er gilt einmal, "
           "bis {until}, und legt das Konto {name} an.\n"),
    "es": ("Tu cuenta en {community}",
           "Hola:\n\n{community} te invita. En esta página eliges cómo verán tu nombre y una "
           "contraseña:\n\n{url}\n\nEl enlace es solo para ti. Sirve una vez, hasta {until}, y "
           "crea la cuenta {name}.\n"),
    "fr": ("Votre compte chez {community}",
           "Bonjour,\n\n{community} vous invite. Sur cette page, vous choisissez le nom que les "
           "autres verront et un mot de passe :\n\n{url}\n\nCe lien n'est que pour vous. Il sert "
           "une fois, jusqu'au {until}, et crée le compte {name}.\n"),
}


def settings() -> dict[str, Any]:
    """The mail server, or nothing where the community has none."""
    told: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return told


def letter(told: dict[str, Any], to: str, values: dict[str, str]) -> EmailMessage:
    """The invitation, in the community's first language that we can write."""
    known = [tag.split("-")[0] for tag in told["languages"] if tag.split("-")[0] in WORDS]
    subject, text = WORDS[known[0] if known else "en"]
    message = EmailMessage()
    message["Subject"] = subject.format(**values)
    message["From"] = formataddr((told["community"], told["sender"]))
    message["To"] = to
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=told["sender"].partition("@")[2])
    message.set_content(text.format(**values))
    return message


def send(told: dict[str, Any], message: EmailMessage) -> str | None:
    """Hand it to the mail server; what went wrong, or nothing."""
    # Whose certificate it is gets checked: the password goes over this connection.
    trusted = ssl.create_default_context()
    try:
        with _connected(told, trusted) as server:
            if told["tls"] == "starttls":
                server.starttls(context=trusted)
            if told["user"]:
                server.login(told["user"], told["password"])
            server.send_message(message)
    except OSError as error:  # smtplib's own errors are of this kind too
        return f"{type(error).__name__}: {error}"[:300]
    return None


def _connected(told: dict[str, Any], trusted: ssl.SSLContext) -> smtplib.SMTP:
    if told["tls"] == "tls":
        return smtplib.SMTP_SSL(told["host"], told["port"], timeout=PATIENCE_S, context=trusted)
    return smtplib.SMTP(told["host"], told["port"], timeout=PATIENCE_S)
