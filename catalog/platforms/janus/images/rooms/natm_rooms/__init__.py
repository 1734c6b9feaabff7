# SPDX-License-Identifier: AGPL-3.0-or-later
"""The service behind the video page: rooms, who may come in, and the narrow way to Janus."""
