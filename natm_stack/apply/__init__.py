# SPDX-License-Identifier: AGPL-3.0-or-later
"""The fifth arrow: ansible-playbook on the bundle, and what it says while it works."""
