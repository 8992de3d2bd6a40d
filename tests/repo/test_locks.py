"""The locks alone decide what is installed."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_no_setting_of_uv_replaces_a_pin_of_a_lock() -> None:
    # An override wins over a lock too: a newer release then has no hash there, and
    # every new machine fails until somebody locks again.
    # Without the table at all uv would take that of a folder above ours.
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]

    assert not set(settings) & {"override-dependencies", "constraint-dependencies"}
