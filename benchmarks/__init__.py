# SPDX-License-Identifier: AGPL-3.0-or-later
"""How fast natm is, as ratios measured side by side in one run: `python -m benchmarks`."""
