"""The Bento of every revision: the data plane's application, hosted by BentoML.

`bentoml serve` on an exported Bento runs it on one machine; without a bundle beside
this file it passes everything to the teacher. Settings come from the environment, as
in a pod: TRACER_TEACHER_URL is the one that must be set.
"""

from pathlib import Path

import bentoml

from tracer_bentos.serving.hosting import build_app


@bentoml.asgi_app(build_app(Path(__file__).parent / "bundle"), path="/")
@bentoml.service(
    name="tracer-router",
    workers=1,
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
    traffic={"timeout": 3600},
)
class Router:
    """Hosts the application; it has no methods of its own."""
