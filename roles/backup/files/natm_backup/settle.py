# SPDX-License-Identifier: AGPL-3.0-or-later
"""Makes a copied SQLite database whole, in one file. Runs as the platform's own user.

Reads `database` (and what lies beside it) in the folder it is started in, writes `whole`, and
prints how many rows each table has.
"""

import json
import sqlite3


def main():
    # Opening it takes back what was half written, exactly as after a power cut.
    with sqlite3.connect("database") as found, sqlite3.connect("whole") as whole:
        found.backup(whole)
        problem = whole.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if problem != "ok":
            raise SystemExit(f"the database is damaged: {problem[:200]}")
        names = [name for (name,) in whole.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        rows = {}
        for name in names:
            quoted = name.replace('"', '""')
            rows[name] = whole.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0]
    found.close()
    whole.close()
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
