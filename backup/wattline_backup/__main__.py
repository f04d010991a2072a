"""``python -m wattline_backup``."""

import sys

from wattline_backup.cli import main

if __name__ == "__main__":
    sys.exit(main())
