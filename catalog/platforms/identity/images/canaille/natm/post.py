# SPDX-License-Identifier: AGPL-3.0-or-later
"""Letters to members: plain text, over the community's own mail server."""

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

Words = dict[str, tuple[str, str]]
INVITATION: Words = {
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
LOST: Words = {
    "en": ("A new password at {community}",
           "Hello,\n\nsomebody, probably you, asked {community} for a new password for the account "
           "{name}. Choose it here:\n\n{url}\n\nThe link works once, for {minutes} minutes. If it "
           "was not you, do nothing: your password stays as it is.\n"),
    "de": ("Ein neues Passwort bei {community}",
           "Hallo,\n\njemand, wahrscheinlich du, hat bei {community} um ein neues Passwort für das "
           "Konto {name} gebeten. Hier wählst du es:\n\n{url}\n\nDer Link gilt einmal, {minutes} "
           "Minuten lang. Wenn du es nicht warst, tu nichts: Dein Passwort bleibt, wie es ist.\n"),
    "es": ("Una contraseña nueva en {community}",
           "Hola:\n\nAlguien, probablemente tú, ha pedido a {community} una contraseña nueva para "
           "la cuenta {name}. Elígela aquí:\n\n{url}\n\nEl enlace sirve una vez, durante {minutes} "
           "minutos. Si no fuiste tú, no hagas nada: tu contraseña sigue como está.\n"),
    "fr": ("Un nouveau mot de passe chez {community}",
           "Bonjour,\n\nQuelqu'un, sans doute vous, a demandé à {community} un nouveau mot de "
           "passe pour le compte {name}. Choisissez-le ici :\n\n{url}\n\nCe lien sert une fois, "
           "pendant {minutes} minutes. Si ce n'était pas vous, ne faites rien : votre mot de "
           "passe reste comme il est.\n"),
}


def settings() -> dict[str, Any]:
    """The mail server, or nothing where the community has none."""
    told: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return told


def letter(
    told: dict[str, Any], to: str, text_of: Words, values: dict[str, str]
) -> EmailMessage:
    """A letter, in the community's first language that we can write."""
    known = [tag.split("-")[0] for tag in told["languages"] if tag.split("-")[0] in text_of]
    subject, text = text_of[known[0] if known else "en"]
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
