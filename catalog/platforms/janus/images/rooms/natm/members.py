# SPDX-License-Identifier: AGPL-3.0-or-later
"""The members program, as natm calls it by its path."""

import sys

from natm_rooms.members import main

sys.exit(main())
