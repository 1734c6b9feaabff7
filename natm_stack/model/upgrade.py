# SPDX-License-Identifier: AGPL-3.0-or-later
"""What platform.yml says of upgrades."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from .base import FileModel, Identifier, Text

VERSION = r"^[0-9A-Za-z.+~-]{1,30}$"


class UpgradeStep(FileModel):
    """A program that brings data into the form of a newer version, run once it has started."""

    service: Identifier
    command: list[str] = Field(min_length=1)
    says: Text = Field(description="What it does, for people.")


class UpgradeSpec(FileModel):
    """How data of earlier versions come along."""

    takes: list[Annotated[str, StringConstraints(pattern=VERSION)]] = Field(
        default=[], description="Earlier versions whose data it takes over in one step; from "
        "others the way leads through one of these. None: whatever was there.")
    steps: list[UpgradeStep] = Field(
        default=[], description="What is run beside what happens by itself at its start.")
    live: bool = Field(
        default=False, description="Nothing in it is written by people, so it is switched while "
        "it serves, and going back leaves its data as they are.")
