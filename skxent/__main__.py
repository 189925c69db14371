"""The command `skxent`, as ``python -m skxent``."""

import sys

from skxent.cli import main

if __name__ == "__main__":
    sys.exit(main())
