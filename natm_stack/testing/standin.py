# SPDX-License-Identifier: AGPL-3.0-or-later
"""A catalog of tiny stand-in platforms, for tests and for measuring what their number costs."""

from __future__ import annotations

from pathlib import Path

PLATFORM = """\
id: standin-{n}
name: Stand-in {n}
version: "1"
category: tool
title: {{en: "Stand-in {n}"}}
summary: {{en: A container that answers one line and does nothing else.}}
licence: AGPL-3.0-or-later
homepage: https://example.org
uid: {uid}
needs: {{memory_mb: 8, disk_mb: 1}}
images:
  standin: {{build: image}}
services:
  web: {{image: standin, memory_mb: 24, pids: 8, networks: [front]}}
routes:
  - {{name: standin-{n}, service: web, port: 8080}}
"""
COMPOSE = """\
services:
  web:
    {{ service("web") }}
    command: [python3, -m, http.server, "8080", --directory, /srv]
"""
# The same recipe for all, so that the engine's cache builds it once.
DOCKERFILE = """\
ARG BASE
FROM ${BASE}
RUN apt-get update && apt-get install -y --no-install-recommends python3-minimal \
      libpython3-stdlib && rm -rf /var/lib/apt/lists/* && touch /srv/index.html
"""
FIRST_UID = 59000


def make_catalog(folder: Path, count: int) -> list[str]:
    """Write the catalog; returns the ids of its platforms."""
    for n in range(count):
        platform = folder / "platforms" / f"standin-{n}"
        (platform / "image").mkdir(parents=True)
        (platform / "platform.yml").write_text(PLATFORM.format(n=n, uid=FIRST_UID + 10 * n))
        (platform / "compose.yml.j2").write_text(COMPOSE)
        (platform / "image" / "Dockerfile").write_text(DOCKERFILE)
    return [f"standin-{n}" for n in range(count)]
