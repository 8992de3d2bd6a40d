"""The labelled sets that benchmarks read, from a folder that the environment names."""

import gzip
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["Labelled", "data_folder", "read_labelled"]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A set, in the order of its file."""

    texts: NDArray[np.str_]
    """The inputs."""
    labels: NDArray[np.str_]
    """What the teacher said."""
    splits: NDArray[np.str_]
    """The part of the set that each row belongs to."""
    vectors: NDArray[np.float32] | None
    """Their MiniLM embeddings, where asked for."""


def data_folder() -> Path:
    """Give the folder of the sets."""
    named = os.environ.get("TRACER_DATA")
    if not named:
        sys.exit("TRACER_DATA names no folder: it must hold the sets and embeddings/")
    return Path(named)


def read_labelled(name: str, *, vectors: bool) -> Labelled:
    """Read a set."""
    folder = data_folder()
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    file = folder / "embeddings" / f"{name}.minilm.f16.npy"
    return Labelled(
        texts=np.array([row["input"] for row in rows]),
        labels=np.array([row["teacher"] for row in rows]),
        splits=np.array([row.get("split", "") for row in rows]),
        vectors=np.load(file).astype(np.float32) if vectors else None,
    )
