# SPDX-License-Identifier: AGPL-3.0-or-later
"""Canaille with our key and our own few rules around it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import guard
import keys
import people
import said
import second
import second_page
from canaille import create_app
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader

SETTINGS = Path("/etc/canaille/house.json")


def make() -> Any:
    """The application, as it is served and as the set-up uses it."""
    settings = json.loads(SETTINGS.read_text("utf-8"))
    second.add_step()
    app = create_app(config={"CANAILLE_OIDC": {"ACTIVE_JWKS": [keys.read()]}})
    own = FileSystemLoader("/opt/natm/templates")
    upstream = app.jinja_loader
    app.jinja_loader = ChoiceLoader([own, PrefixLoader({"upstream": upstream}), upstream])
    app.jinja_env.globals["said"] = said.word
    people.attach(app)
    second_page.attach(app)
    guard.attach(app, settings["sign_out"])
    return app
