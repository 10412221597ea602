"""`python -m ginesys_sync` is `ginesys-sync`."""

import sys

from ginesys_sync.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
