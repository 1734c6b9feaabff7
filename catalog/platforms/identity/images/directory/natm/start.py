# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lay out the tree if there is none, start slapd, bring the services' accounts up to date."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import ldap
import services
from connection import SOCKET, connect

DATA = Path("/var/lib/directory")
CONFIG = "/opt/natm/slapd.conf"
READY = Path("/tmp/ready")


def lay_out() -> None:
    """The empty tree, made beside and moved in place: nothing half-made is ever left."""
    if (DATA / "data.mdb").exists():
        return
    new = Path("/tmp/new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    config = new / "slapd.conf"
    text = Path(CONFIG).read_text("utf-8").replace(f"directory {DATA}", f"directory {new}")
    config.write_text(text.replace("maxsize 1073741824", "maxsize 16777216"), "utf-8")
    subprocess.run(["/usr/sbin/slapadd", "-q", "-f", str(config), "-l", "/opt/natm/tree.ldif"],
                   check=True)
    shutil.copyfile(new / "data.mdb", DATA / "data.new")
    with (DATA / "data.new").open("rb") as file:
        os.fsync(file.fileno())
    (DATA / "data.new").replace(DATA / "data.mdb")


def bring_up_to_date() -> None:
    """In a process of its own beside slapd: wait until it answers, then set the accounts."""
    for _ in range(100):
        try:
            services.update(connect())
        except ldap.SERVER_DOWN:
            time.sleep(0.1)
        else:
            READY.touch()
            return
    sys.exit("directory: slapd does not answer")


def main() -> None:
    """slapd becomes the main process, so that stopping it is stopping the container."""
    os.umask(0o077)
    READY.unlink(missing_ok=True)
    Path("/run/slapd").mkdir(exist_ok=True)
    lay_out()
    if os.fork() == 0:
        bring_up_to_date()
        os._exit(0)
    listens = f"ldap://0.0.0.0:1389 {SOCKET}"
    os.execv("/usr/sbin/slapd", ["slapd", "-f", CONFIG, "-h", listens, "-d", "0"])


if __name__ == "__main__":
    main()
