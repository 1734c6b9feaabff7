# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the house has set, and the secrets it mounted. Read once at the start."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path

MOST_PEOPLE = 20
"""People on this server at once: each needs two of the 48 published media ports, a screen one."""


@dataclass(frozen=True)
class OneAccount:
    """Where members look after the account they have for all platforms, sign in and sign out."""

    home: str
    sign_in: str
    sign_out: str


@dataclass(frozen=True)
class Settings:
    """Everything the service is told from outside."""

    origin: str
    host: str
    home: str
    community: str
    languages: tuple[str, ...]
    edge_address: str
    inner: IPv4Network
    room_people: int
    bitrate_kbit: int
    data: Path
    page: Path
    janus_secret: str = field(repr=False)
    admin_key: str = field(repr=False)
    turn_secret: str = field(repr=False)
    account: OneAccount | None = None
    most_people: int = MOST_PEOPLE
    janus: str = "janus"
    janus_port: int = 8188


def read_settings() -> Settings:
    """The settings of this container; an error here should end the start with its words."""
    given = json.loads(Path(os.environ.get("ROOMS_SETTINGS", "/etc/natm/rooms.json")).read_bytes())
    secrets = Path(os.environ.get("ROOMS_SECRETS", "/run/secrets"))
    return Settings(
        origin=given["origin"].rstrip("/"), host=given["host"], home=given["home"],
        community=given["community"], languages=tuple(given["languages"]),
        edge_address=given["edge_address"], inner=IPv4Network(given["inner"]),
        room_people=int(given["room_people"]), bitrate_kbit=int(given["bitrate_kbit"]),
        data=data_folder(), page=Path(os.environ.get("ROOMS_PAGE", "/opt/natm/page")),
        janus_secret=_secret(secrets / "janus_api"), admin_key=_secret(secrets / "janus_admin"),
        turn_secret=_secret(secrets / "turn"), account=_one_account(given.get("account")),
        janus=given.get("janus", "janus"), janus_port=int(given.get("janus_port", 8188)),
    )


def _one_account(given: dict[str, str] | None) -> OneAccount | None:
    return OneAccount(given["home"], given["sign_in"], given["sign_out"]) if given else None


def data_folder() -> Path:
    """Where rooms and accounts are kept; the members program knows nothing else."""
    return Path(os.environ.get("ROOMS_DATA", "/data"))


def _secret(path: Path) -> str:
    value = path.read_text("utf-8").strip()
    if len(value) < 16:
        raise ValueError(f"{path} holds no secret")
    return value
