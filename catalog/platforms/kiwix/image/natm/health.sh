#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Well means that the list of books is told.
exec python3 -c '
import urllib.request
with urllib.request.urlopen("http://127.0.0.1:8080/catalog/v2/entries?count=1", timeout=4) as told:
    raise SystemExit(0 if b"<entry>" in told.read() else 1)
'
