# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lets held containers go on, whatever becomes of the one who held them.

Runs beside the program, in a session of its own. It waits for the end of its standard input, which
comes when the program says so and also when the program dies; and it waits no longer than the
seconds it was given.
"""

import select
import signal
import subprocess
import sys


def main():
    seconds, ids = float(sys.argv[1]), sys.argv[2:]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_given: sys.exit(0))
    told = False
    try:
        print("ready", flush=True)
        told = bool(select.select([sys.stdin], [], [], seconds)[0])
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for id_ in ids:
            subprocess.run(["docker", "unpause", id_], capture_output=True, check=False)
    # 0: it was told, so all stood still up to that moment.
    sys.exit(0 if told else 3)


if __name__ == "__main__":
    main()
