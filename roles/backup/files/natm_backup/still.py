# SPDX-License-Identifier: AGPL-3.0-or-later
"""Holds containers still for a moment, so that what is saved is of one moment."""

import os
import subprocess
import sys
import time

from engine import run

MOST_SECONDS = 60
"""No member waits longer than this for a backup, however much there is to save."""


WELL_SECONDS = 90
"""As long as the slowest of the platforms' own health checks may take to come round."""


def until_well(ids, seconds=WELL_SECONDS):
    """Wait until the engine has looked again at containers that were held.

    It calls one unwell from the moment it is held until its next look, and whoever asks in between
    would be told so. Nobody waits for this but the backup itself.
    """
    ends = time.monotonic() + seconds
    while ids and unwell(ids) and time.monotonic() < ends:
        time.sleep(1)


def unwell(ids):
    """Whether one of the containers runs and is said to be unwell."""
    done = run(["docker", "inspect", "--format",
                "{{.State.Running}} {{if .State.Health}}{{.State.Health.Status}}{{end}}", *ids],
               check=False, timeout=60)
    return "true unhealthy" in done.stdout.splitlines()


class Still:
    """Containers that stand still while this is open. Connections stay; nothing is lost.

    `held` says afterwards whether they did so all the time.
    """

    def __init__(self, ids, seconds=MOST_SECONDS):
        self.ids, self.limit = list(ids), seconds
        self.held, self.seconds = not self.ids, 0.0
        self.watcher = None

    def __enter__(self):
        self.began = time.monotonic()
        if not self.ids:
            return self
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "letgo.py")
        # Before anything is held: from here on, somebody will let it go.
        self.watcher = subprocess.Popen(
            [sys.executable, program, str(self.limit), *self.ids], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, start_new_session=True)
        if self.watcher.stdout.readline().strip() == b"ready":
            done = run(["docker", "pause", *self.ids], check=False, timeout=120)
            self.held = done.returncode == 0
        return self

    def __exit__(self, *_how):
        if self.watcher is not None:
            self.watcher.communicate(b"done")
            self.held = self.held and self.watcher.returncode == 0
            self.watcher = None
        self.seconds = time.monotonic() - self.began
