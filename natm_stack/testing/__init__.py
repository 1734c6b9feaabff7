# SPDX-License-Identifier: AGPL-3.0-or-later
"""What tests need: stand-ins for effects, a sample stack, and a throwaway server."""
