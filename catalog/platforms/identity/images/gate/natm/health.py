# SPDX-License-Identifier: AGPL-3.0-or-later
"""Healthy: the gate answers, and so does the directory behind it."""

from __future__ import annotations

import urllib.request

with urllib.request.urlopen("http://127.0.0.1:8080/gate/health", timeout=8) as answer:
    assert answer.status == 200
