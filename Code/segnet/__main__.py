"""`python -m segnet ...` is the `segnet` command."""

import sys

from segnet.cli import main

if __name__ == "__main__":
    sys.exit(main())
