# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm-stack: a community's own platforms, on its own server."""

__version__ = "0.1.0"
