# SPDX-License-Identifier: AGPL-3.0-or-later
"""The way to slapd from inside its own container: by the socket, as cn=natm, with no password."""

from __future__ import annotations

from typing import Any

import ldap
import ldap.sasl

SOCKET = "ldapi://%2Frun%2Fslapd%2Fldapi"
BASE = "dc=natm"


def connect() -> Any:
    """A connection that may manage people, groups and services."""
    connection = ldap.initialize(SOCKET)
    connection.set_option(ldap.OPT_NETWORK_TIMEOUT, 5)
    connection.set_option(ldap.OPT_TIMEOUT, 20)
    connection.sasl_interactive_bind_s("", ldap.sasl.external())
    return connection
