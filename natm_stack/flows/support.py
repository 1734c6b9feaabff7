# SPDX-License-Identifier: AGPL-3.0-or-later
"""How long what platforms stand on still gets security fixes. Pure: the day is given."""

from __future__ import annotations

from datetime import date

from ..i18n import _
from ..model.deployment import Deployment
from ..model.results import Probe

WARN_DAYS = 180
"""Half a year is time enough to wait for a newer version of a platform, and to take it."""


def support_probes(deployment: Deployment, day: date) -> tuple[Probe, ...]:
    """A probe for each part whose end of support is known."""
    return tuple(
        _probe(instance.id, spec.what, spec.until, day)
        for instance in deployment.instances for spec in instance.platform.support)


def _probe(platform: str, what: str, until: date, day: date) -> Probe:
    name, left = f"support of {what}", (until - day).days
    if left < 0:
        return Probe(platform, name, "failed", _(
            "no security fixes since {day}; look for a newer natm, or take the platform out"
        ).format(day=until))
    if left < WARN_DAYS:
        return Probe(platform, name, "warning", _(
            "security fixes end on {day}, in {left} day(s); look for a newer natm"
        ).format(day=until, left=left))
    return Probe(platform, name, "ok", _("security fixes until {day}").format(day=until))
