"""``python -m wattline_cost`` is ``wattline-cost``."""

import sys

from wattline_cost.cli import main

if __name__ == "__main__":
    sys.exit(main())
