# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lets held containers go on, whatever becomes of the one who held them.

Runs beside the program, in a session of its own. It waits for the end of its standard input, which
comes when the program says so and also when the program dies; and it waits no longer than the
seconds it was given.
"""

import os
import select
import signal
import subprocess
import sys
import time


def main():
    seconds, ids = float(sys.argv[1]), sys.argv[2:]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_given: sys.exit(0))
    told = False
    try:
        print("ready", flush=True)
        # A word says that the holder is through with it; the end without one, that they died.
        told = bool(select.select([sys.stdin], [], [], seconds)[0]) and os.read(0, 8) == b"done"
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        # Whoever died may have left a `docker pause` that is still on its way: look for a while.
        for _look in range(1 if told else 15):
            for id_ in ids:
                subprocess.run(["docker", "unpause", id_], capture_output=True, check=False)
            if not told:
                time.sleep(1)
    # 0: it was told, so all stood still up to that moment.
    sys.exit(0 if told else 3)


if __name__ == "__main__":
    main()
