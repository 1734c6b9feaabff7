# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which snapshots go. Pure: from a list, the rules and the day to the ids that may be dropped."""

import datetime

from house import moment

PARTS_DAYS = 30
"""How long snapshots of single platforms stay, and those made before a restore or a purge."""


YOUNG_HOURS = 48
"""How long all stay: one is often taken before something is tried, and found wanted after it."""


def to_drop(snapshots, keep, stay, today):
    """Ids of snapshots that no rule keeps.

    `snapshots` are oldest first. The newest whole one stays whatever the rules say, and so do
    those of the runs in `stay`: the last one that a restore was proven with, the one just made.
    """
    whole = [one for one in snapshots if one["kind"] == "whole"]
    kept = {one["id"] for one in whole[-1:]} | {one["id"] for one in snapshots[-1:]}
    kept |= {one["id"] for one in snapshots if one["run"] in stay}
    fresh = today - datetime.timedelta(hours=YOUNG_HOURS)
    kept |= {one["id"] for one in snapshots if moment(one["at"]) > fresh}
    for many, period in ((keep["daily"], "%Y-%m-%d"), (keep["weekly"], "%G-%V"),
                         (keep["monthly"], "%Y-%m")):
        kept |= last_of_each(whole, many, period)
    young = today - datetime.timedelta(days=PARTS_DAYS)
    kept |= {one["id"] for one in snapshots
             if one["kind"] != "whole" and moment(one["at"]) > young}
    return [one["id"] for one in snapshots if one["id"] not in kept]


def last_of_each(snapshots, many, period):
    """Ids of the last snapshot of each of the latest `many` days, weeks or months."""
    newest = {moment(one["at"]).strftime(period): one["id"] for one in snapshots}
    return set(list(newest.values())[-many:] if many else [])
