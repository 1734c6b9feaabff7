# SPDX-License-Identifier: AGPL-3.0-or-later
"""The natm command: one file per command; it reads options, calls one flow, shows the result."""
