# SPDX-License-Identifier: AGPL-3.0-or-later
"""Healthy: the accounts of programs are set, and the directory answers a question."""

from __future__ import annotations

import sys

import ldap
from connection import BASE, connect
from start import READY

if not READY.exists():
    sys.exit("the accounts are not set yet")
connect().search_s(f"cn=members,ou=groups,{BASE}", ldap.SCOPE_BASE, "(objectClass=*)", ["cn"])
