# SPDX-License-Identifier: AGPL-3.0-or-later
"""The service as a process. Nothing is written down of who asked for what."""

from __future__ import annotations

import logging
import os
import sys

from aiohttp import web

from .app import make_app
from .service import make_service
from .settings import read_settings

PORT = 8080


def main() -> int:
    """Runs until it is told to stop."""
    os.umask(0o077)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    # Its lines would hold whatever a stranger sent that is no HTTP.
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)
    try:
        app = make_app(make_service(read_settings()))
    except (OSError, ValueError, KeyError) as error:
        print(f"cannot start: {error}", file=sys.stderr)
        return 1
    web.run_app(app, port=int(os.environ.get("ROOMS_PORT", PORT)), access_log=None, print=None,
                shutdown_timeout=3.0, keepalive_timeout=75.0, handle_signals=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
