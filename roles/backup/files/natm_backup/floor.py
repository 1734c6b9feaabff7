# SPDX-License-Identifier: AGPL-3.0-or-later
"""A backup must never fill the disk that members' platforms write to."""

import subprocess
import threading
import time

from engine import last_words
from house import Refused, free_mb

LEAST_MB = 512
LONGEST = 24 * 3600
"""Seconds. Whatever hangs must not keep everybody else from the server for ever."""


class Guarded:
    """Runs a program and ends it when the disk that holds `path` gets full."""

    def __init__(self, path, least=LEAST_MB, every=1.0, seconds=LONGEST):
        self.path, self.least, self.every, self.seconds = path, least, every, seconds
        self.full = self.slow = False

    def run(self, argv, *, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, **more):
        """(exit code, standard output as text or None, standard error)"""
        self.refuse_full()
        try:
            process = subprocess.Popen(argv, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE,
                                       **more)
        except FileNotFoundError as error:
            raise Refused("backup.missing-program", "this server lacks the program {program}",
                          "`natm deploy --full` puts it there", program=argv[0]) from error
        over = threading.Event()
        watch = threading.Thread(target=self._watch, args=(process, over), daemon=True)
        watch.start()
        try:
            out, err = process.communicate()
        finally:
            over.set()
            if process.poll() is None:  # Whoever runs this is being ended.
                process.terminate()
                process.wait()
        watch.join()
        if self.slow:
            raise Refused("backup.too-slow", "{program} took longer than {n} s",
                          program=" ".join(argv[:3]), n=self.seconds)
        self.refuse_full()
        text = None if out is None else out.decode("utf-8", "replace")
        return process.returncode, text, err.decode("utf-8", "replace")

    def _watch(self, process, over):
        ends = time.monotonic() + self.seconds
        while not over.wait(self.every):
            self.full = free_mb(self.path) < self.least
            self.slow = time.monotonic() > ends
            if self.full or self.slow:
                process.terminate()
                if not over.wait(30):
                    process.kill()
                return

    def refuse_full(self):
        """Refuse to go on where there is no room, or where it ran out on the way."""
        if self.full or free_mb(self.path) < self.least:
            raise Refused(
                "backup.disk-full", "the server's disk is nearly full: {n} MB are left in {path}",
                "make room there; natm leaves {least} MB to the platforms", n=free_mb(self.path),
                path=str(self.path), least=self.least)


def told(code, err):
    """How a program ended, in its own words."""
    return last_words(err) or f"exit code {code}"
