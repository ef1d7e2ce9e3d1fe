"""Run the command line as ``python -m cds_service.cli``."""

import sys

from cds_service.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
