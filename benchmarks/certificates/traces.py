"""The labelled data sets of the benchmarks, in the folder TRACER_DATA."""

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
    """A data set, in the order of its file."""

    texts: NDArray[np.str_]
    """The inputs."""
    labels: NDArray[np.str_]
    """The labels of the teacher."""
    splits: NDArray[np.str_]
    """The part of the set of each row."""
    vectors: NDArray[np.float32] | None
    """MiniLM embeddings of the inputs, if requested."""


def data_folder() -> Path:
    """Return the folder of the data sets."""
    named = os.environ.get("TRACER_DATA")
    if not named:
        sys.exit("TRACER_DATA must be the folder with the data sets and embeddings/")
    return Path(named)


def read_labelled(name: str, *, vectors: bool) -> Labelled:
    """Read a data set."""
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
