# SPDX-License-Identifier: AGPL-3.0-or-later
"""Speaks with the member programs in the platforms' containers, side by side.

Names, and passwords above all, go by standard input; nothing of them stands in any argument.
"""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor


def call(asked):
    words = ["docker", "exec", "--interactive", asked["container"], *asked["command"],
             asked["action"]]
    try:
        done = subprocess.run(words, input=json.dumps(asked["data"]), capture_output=True,
                              text=True, timeout=asked.get("timeout", 120), check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return {"ok": False, "code": "no-answer", "message": type(error).__name__}
    try:
        return json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        said = (done.stderr.strip() or done.stdout.strip())[-300:]
        return {"ok": False, "code": "no-answer", "message": said}


def chain(calls):
    return [call(asked) for asked in calls]


def main():
    asked = json.loads(sys.stdin.readline())
    chains = asked["chains"]
    with ThreadPoolExecutor(max(1, len(chains))) as pool:
        answers = list(pool.map(chain, chains.values()))
    print(json.dumps(dict(zip(chains, answers, strict=True))))


main()
