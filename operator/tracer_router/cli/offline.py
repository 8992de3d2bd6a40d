"""The verbs that need no cluster: `fit` and `predict`, with the training Job's code."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tracer_router.api import Percent
from tracer_router.errors import SpecError

__all__ = ["add_offline_verbs"]

_REFUSED = 3


def add_offline_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add `fit` and `predict` to the root parser."""
    fit = verbs.add_parser("fit", help="train and certify on a file of traces")
    fit.add_argument("traces", type=Path, help="JSONL, .gz, .zst, or a folder of them")
    fit.add_argument("--target", type=_percent, required=True, help="such as 95%%")
    fit.add_argument("--confidence", type=_percent, default=Percent("95%"))
    fit.add_argument("--minimum", type=int, default=100, help="labelled rows needed")
    fit.add_argument("--seed", type=int, default=1)
    fit.add_argument("--out", type=Path, required=True, help="folder for the bundle")
    fit.set_defaults(run=_fit)
    predict = verbs.add_parser("predict", help="decide inputs with a bundle")
    predict.add_argument("bundle", type=Path, help="folder that fit wrote")
    predict.add_argument("inputs", type=Path, nargs="?", help="default: standard input")
    predict.set_defaults(run=_predict)


def _percent(text: str) -> Percent:
    try:
        return Percent(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _fit(arguments: argparse.Namespace) -> int:
    offline = _training()
    learned, faults = offline.fit_traces(
        arguments.traces,
        offline.Terms(
            target=arguments.target.fraction,
            confidence=arguments.confidence.fraction,
            minimum=arguments.minimum,
            seed=arguments.seed,
        ),
        arguments.out,
    )
    for fault in faults:
        print(f"unreadable, left out: {fault.text}", file=sys.stderr)
    if learned.certificate is None:
        print(f"refused: {learned.reason}")
        return _REFUSED
    held = learned.certificate
    print(f"certified: k = {held.k} of n = {held.n}, coverage {held.coverage:.1%}")
    print(held.sentence)
    print(f"bundle: {arguments.out}")
    return 0


def _predict(arguments: argparse.Namespace) -> int:
    predictor = _training().open_bundle(arguments.bundle)
    for text in _inputs(arguments.inputs):
        found = predictor.decide(text)
        decision = {
            "input": text,
            "label": found.label,
            "score": found.score,
            "accepted": found.accepted,
            "cell": found.cell,
        }
        print(json.dumps(decision, ensure_ascii=False))
    return 0


def _inputs(path: Path | None) -> Iterator[str]:
    lines = sys.stdin if path is None else path.read_text().splitlines()
    for line in lines:
        text = line.rstrip("\n")
        yield str(json.loads(text)["input"]) if text.startswith("{") else text


def _training() -> Any:
    try:
        from tracer_bentos.training import offline  # noqa: PLC0415 - optional extra
    except ImportError as error:
        raise SpecError(
            f"this verb needs the extra: pip install 'tracer-router[train]' ({error})"
        ) from None
    return offline
