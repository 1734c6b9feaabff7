# SPDX-License-Identifier: AGPL-3.0-or-later
"""python -m natm_stack"""

from .cli.main import main

main()
