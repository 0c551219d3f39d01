"""`python -m bytestride`."""

import sys

from bytestride.cli import main

if __name__ == "__main__":
    sys.exit(main())
