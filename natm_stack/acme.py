# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which certificate issuer is asked, and which one is tried first. Pure.

Source of the two addresses: Let's Encrypt, "ACME endpoints" and "Staging environment".
"""

from __future__ import annotations

from .model.stack import TlsSpec

ISSUER = "https://acme-v02.api.letsencrypt.org/directory"
STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory"


def issuer(tls: TlsSpec) -> str:
    """The directory of the one issuer that is asked."""
    return tls.issuer or ISSUER


def staging(tls: TlsSpec) -> str | None:
    """The directory for trials, or None where the issuer is not known to have one."""
    return tls.staging or (STAGING if tls.issuer in (None, ISSUER) else None)
