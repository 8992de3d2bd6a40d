"""The entry point of `python -m tracer_cli`."""

import sys

from tracer_cli import main

sys.exit(main())
