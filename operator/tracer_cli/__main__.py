"""`python -m tracer_cli` is the command line."""

import sys

from tracer_cli import main

sys.exit(main())
