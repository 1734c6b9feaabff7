# SPDX-License-Identifier: AGPL-3.0-or-later
"""Proofs."""


def test_nothing(stack):
    """A member waits for proofs to be written."""
