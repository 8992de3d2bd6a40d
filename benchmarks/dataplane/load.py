"""Load by wrk: closed loop, one thread, the same requests for all targets."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.dataplane.processes import REST_ON, pinned

_SCRIPT = """
local asked = {}
local number = 0
init = function(arguments)
%s
end
request = function()
  number = number %% #asked + 1
  return asked[number]
end
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '{"requests":%%d,"us":%%d,"p50":%%f,"p90":%%f,"p99":%%f,"p999":%%f,"failed":%%d}\\n',
    summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(90),
    latency:percentile(99), latency:percentile(99.9),
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True)
class Asked:
    """One request."""

    body: Mapping[str, Any]
    """The JSON document."""
    path: str = "/v1/chat/completions"
    """The path."""
    headers: Mapping[str, str] | None = None
    """Additional headers."""

    @property
    def all_headers(self) -> dict[str, str]:
        """Return the headers that a client of OpenAI sends."""
        usual = {
            "authorization": "Bearer sk-bench",
            "content-type": "application/json",
            "accept": "application/json",
            "user-agent": "bench",
        }
        return usual | dict(self.headers or {})


@dataclass(frozen=True)
class Measured:
    """The result of one run of wrk; latencies in milliseconds."""

    requests: int
    rps: float
    p50: float
    p90: float
    p99: float
    p999: float
    failed: int

    def record(self) -> dict[str, Any]:
        """Return the fields for the JSON document."""
        return asdict(self)


def load(
    url: str, asked: Sequence[Asked], connections: int, seconds: float
) -> Measured:
    """Send the requests in turn, repeatedly, and return the measurements."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_SCRIPT % "\n".join(_lua(each) for each in asked))
        script.flush()
        said = _wrk(url, connections, seconds, Path(script.name))
    found = json.loads(said.splitlines()[-1])
    times = {name: found[name] / 1000 for name in ("p50", "p90", "p99", "p999")}
    rps = found["requests"] / found["us"] * 1e6
    return Measured(found["requests"], rps, failed=found["failed"], **times)


def _wrk(url: str, connections: int, seconds: float, script: Path) -> str:
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("wrk not found; run apt-get install wrk")
    command = [wrk, "-t1", f"-c{connections}", f"-d{max(round(seconds), 1)}s"]
    command += ["--timeout", "30s", "-s", str(script), url]
    ended = subprocess.run(  # noqa: S603 - found on PATH on purpose
        pinned(REST_ON, command), capture_output=True, text=True, check=True
    )
    return ended.stdout


def _lua(asked: Asked) -> str:
    headers = ", ".join(
        f"[{json.dumps(name)}] = {json.dumps(value)}"
        for name, value in asked.all_headers.items()
    )
    body = f"[==[{json.dumps(asked.body)}]==]"
    path = json.dumps(asked.path)
    return f"  asked[#asked + 1] = wrk.format('POST', {path}, {{{headers}}}, {body})"
