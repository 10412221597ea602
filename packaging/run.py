"""The one way in: prepares `.venv` and does what it is asked. Needs Python 3.11 and pip, no more.

Everything that an older Python cannot read stays out of this file, so that it can still say which
Python it needs; the rest of the work is in the modules beside it.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this file is read by whatever python3 is first
    sys.stderr.write(
        f"This needs Python 3.11 or newer, not {sys.version_info[0]}.{sys.version_info[1]}. "
        "Install a newer one and start again with it: python3.11 packaging/run.py\n"
    )
    raise SystemExit(2)

from verbs import main

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
