# SPDX-License-Identifier: AGPL-3.0-or-later
"""Once a day, away with tokens that are worth nothing any more."""

from __future__ import annotations

import threading
import time
from typing import Any

from canaille.app import models

FIRST_S = 600
EVERY_S = 24 * 3600


def begin(app: Any) -> None:
    """In a thread of its own, for as long as Canaille runs."""
    threading.Thread(target=_go_on, args=(app,), daemon=True).start()


def _go_on(app: Any) -> None:
    time.sleep(FIRST_S)
    while True:
        try:
            clean(app)
        except Exception:  # whatever it was, tomorrow is another day
            app.logger.exception("old tokens were not taken away")
        time.sleep(EVERY_S)


def clean(app: Any) -> None:
    """What `canaille clean` does."""
    with app.app_context():
        for model in (models.Token, models.AuthorizationCode):
            for entry in app.backend.query(model):
                if entry.is_expired():
                    app.backend.delete(entry)
