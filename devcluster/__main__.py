"""`python -m devcluster` is the command line."""

import sys

from devcluster.cli import main

sys.exit(main(sys.argv[1:]))
