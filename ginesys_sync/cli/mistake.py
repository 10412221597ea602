"""A mistake of the program at the front door: the traceback to the log, a short code to the person,
and never the exit code of a run that is done.
"""

from __future__ import annotations

import logging
import secrets
import sys


def tell_mistake() -> int:
    """Tell of the exception that is being handled. Returns the exit code."""
    code = secrets.token_hex(3).upper()
    logging.getLogger(__name__).exception("a mistake of the program, code %s", code)
    sys.stderr.write(
        f"The program made a mistake (code {code}). Try again; if it comes back, send the log file "
        "in the `logs` folder of the home and this code to whoever looks after your system.\n"
    )
    return 2
