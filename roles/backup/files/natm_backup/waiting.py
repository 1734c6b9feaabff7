# SPDX-License-Identifier: AGPL-3.0-or-later
"""The dead man's timer: takes an upgrade back when nobody says in time that it is good, and at once
when the program that was at it has died. It needs no laptop."""

import os
import subprocess
import sys
import time

import lock


def wait_beside(house, id_):
    """Start the one who waits, where it outlives both this program and the connection."""
    words = [sys.executable, "-B", str(house.own / "natm_backup"), "wait", id_]
    if os.path.isdir("/run/systemd/system"):
        unit = f"{house.plan['prefix']}-upgrade-{id_}-{os.getpid()}"
        done = subprocess.run(["systemd-run", "--quiet", "--collect", f"--unit={unit}", *words],
                              capture_output=True, check=False, timeout=60)
        if done.returncode == 0:
            return
    subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL, start_new_session=True)


def wait(house, id_):
    """Wait until somebody ended it, or until it is to be ended here."""
    import upgrading

    token = None
    while True:
        # Held by whoever is at it; when they die the kernel gives it on.
        with upgrading.alone(house):
            state = upgrading.state_of(house, id_)
            if state is None or token not in (None, state["token"]):
                return
            token = state["token"]
            left = state["deadline"] - time.time() if state["phase"] == "trial" else 0
            if left <= 0:
                with lock.working(house):
                    lock.audit(house, f"upgrade {id_}", "taken back")
                    upgrading.settle(house, state)
                return
        time.sleep(min(left, 5))
