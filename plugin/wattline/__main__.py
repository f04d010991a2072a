"""``python -m wattline``."""

import sys

if __name__ == "__main__":
    try:
        from wattline.cli import main
    except KeyboardInterrupt:
        # Nothing has begun that could be ended.
        sys.exit()
    sys.exit(main())
