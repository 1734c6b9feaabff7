# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the words of natm-stack mean: files that people write, and our own values."""
