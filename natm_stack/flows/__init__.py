# SPDX-License-Identifier: AGPL-3.0-or-later
"""The only place that chains the arrows. Flows return values and print nothing."""
