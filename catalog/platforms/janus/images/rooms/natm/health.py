# SPDX-License-Identifier: AGPL-3.0-or-later
"""Good while the service answers and Janus answers it."""

import sys
import urllib.request

try:
    with urllib.request.urlopen("http://127.0.0.1:8080/api/health", timeout=4) as answer:
        sys.exit(0 if answer.status == 200 else 1)
except OSError as error:
    print(error, file=sys.stderr)
    sys.exit(1)
