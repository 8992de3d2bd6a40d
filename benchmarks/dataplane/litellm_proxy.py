"""The proxy of LiteLLM, in a separate environment in the cache folder."""

import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.dataplane.processes import Process, free_port, running
from devcluster.cache import cache_folder

VERSION = "1.106.2"
"""The newest version at the time of writing; requires no database for pass-through."""

_CONFIG = """
model_list:
  - model_name: {model}
    litellm_params:
      model: openai/{model}
      api_base: {teacher}/v1
      api_key: sk-bench
litellm_settings:
  telemetry: false
  drop_params: true
general_settings:
  disable_spend_logs: true
  dangerously_permit_weak_or_unset_master_key: true  # loopback, and no keys to check
"""


@contextmanager
def litellm(teacher: str, model: str, folder: Path) -> Iterator[Process]:
    """Run the proxy with one worker, as its documentation recommends for one core."""
    config = folder / "litellm.yaml"
    config.write_text(_CONFIG.format(model=model, teacher=teacher))
    port = free_port()
    command = [str(_installed() / "bin" / "litellm"), "--config", str(config)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    with running(command, port, log=folder / "litellm.log") as process:
        yield process


def _installed() -> Path:
    home = cache_folder("benchmarks") / f"litellm-{VERSION}"
    if not (home / "ready").exists():
        venv.create(home, with_pip=True, clear=True)
        wanted = f"litellm[proxy]=={VERSION}"
        command = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", wanted]
        subprocess.run(command, check=True, stdout=sys.stderr)  # noqa: S603 - a package of a pinned version
        (home / "ready").touch()
    return home
