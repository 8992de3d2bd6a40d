"""`python -m tracer_router.api.crd` writes the CRDs and the API reference."""

import sys

from tracer_router.api.crd.generator import main

sys.exit(main())
