# SPDX-License-Identifier: AGPL-3.0-or-later
"""The verifier's entry: a request on standard input, the answer as the last line of output.

Exit code 0: the proofs were carried out, whatever came of them. 2: they could not be.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from .job import JobError, read_job
from .runner import run


def main() -> int:
    """Read, run, answer. Nothing of the request is ever printed but by way of the redactor."""
    folder = os.environ.get("NATM_PROOFS", "/natm/proofs")
    try:
        job = read_job(json.load(sys.stdin))
        if not os.access(job.platforms[0].stack.ca_file if job.platforms else folder, os.R_OK):
            raise JobError("the file with the certificates that members trust cannot be read")
        if not Path(folder).is_dir():
            raise JobError(f"there is no folder of proofs at {folder}")
    except json.JSONDecodeError:
        print("natm verifier: the request is not JSON", file=sys.stderr)
        return 2
    except JobError as error:
        print(f"natm verifier: {error}", file=sys.stderr)
        return 2
    print(json.dumps(run(job, folder)), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
