# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which of Canaille's pages are open to whom. Nothing but decisions, so that they can be tested."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection

# All that somebody who is not signed in may ask for. Elsewhere Canaille answers 404 for a name that
# is not there and 403 for one that is, which would tell strangers who is a member.
OPEN = re.compile(
    r"/|/about|/login(/[^/]+)?|/logout(/[^/]+)?|/forget/[^/]+|/auth/(password|code)|/static/.*"
    r"|/favicon.ico|/lost(/[^/]+)?"
    r"|/register/[^/]+/[^/]+|/photo/[^/]+|/oauth/.*"
    r"|/\.well-known/(openid-configuration|oauth-authorization-server|webfinger)")
# Not there for anyone: registering apps is natm's business, and for a lost password and a second
# factor the house has pages of its own (`lost`, `second`).
CLOSED = re.compile(r"/oauth/register(/.*)?|/auth/(otp|otp-setup|fido2|fido2-setup|sms|email)"
                    r"|/admin(/.*)?|/impersonate/.*|/scim(/.*)?|/reset(/.*)?|/reset-code/.*"
                    r"|/firstlogin/.*|/join|/mail(/.*)?")
# A name that was taken is never free again: accounts are locked, not deleted.
DELETING = {"delete-confirm", "delete-execute"}
LOCKING = {"lock-confirm", "lock-execute", "unlock"}
# The directory takes capitals, and spaces around, for the same name.
HOUSE_GROUP = re.compile(r"/groups/\s*(members|stewards)\s*(/leave)?", re.IGNORECASE)
INVITATION = re.compile(r"/register/([^/]+)/([^/]+)")
UNDOING = {"confirm-delete", "delete"}


def closed(path: str) -> bool:
    """Whether the page is not there for anyone."""
    return bool(CLOSED.fullmatch(path))


def for_strangers(path: str) -> bool:
    """Whether the page is there for somebody who is not signed in."""
    return bool(OPEN.fullmatch(path)) and not closed(path)


def fetches(path: str, fields: Collection[str]) -> bool:
    """Whether Canaille would get a part of the request from an address a stranger names."""
    return path.startswith("/oauth/") and not {"request", "request_uri"}.isdisjoint(fields)


def refused(path: str, action: str, *, steward: bool) -> bool:
    """Whether a member must not do this; Canaille itself does not ask."""
    return (action in DELETING or (action in LOCKING and not steward)
            or _harms_the_house(path, action))


def _harms_the_house(path: str, action: str) -> bool:
    """The groups the house looks at cannot be deleted, nor left by mistake."""
    found = HOUSE_GROUP.fullmatch(path)
    return bool(found and (found[2] or action in UNDOING))


def over(signed_in: datetime.datetime | None, changed: datetime.datetime | None) -> bool:
    """Whether a session is over because the password is another one since."""
    return signed_in is None or (changed is not None and signed_in < changed)
