"""`python -m tracer_router` is the command line."""

import sys

from tracer_router.cli import main

sys.exit(main())
