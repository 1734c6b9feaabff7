# SPDX-License-Identifier: AGPL-3.0-or-later
"""Small programs that run on the community's server, with Python's standard library alone.

They are sent over the one connection and never installed. Each reads one line of JSON from standard
input and prints one line of JSON.
"""
