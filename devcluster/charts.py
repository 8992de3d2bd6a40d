"""The Helm chart of Envoy Gateway, from the Go module of its binary."""

import shutil
from pathlib import Path
from string import Template

from devcluster.cache import cache_folder, key_of, locked
from devcluster.go_build import ENVOY_GATEWAY, module_folder
from devcluster.own_images import ENVOY_GATEWAY_IMAGE

MODULE = "github.com/envoyproxy/gateway"


def gateway_chart() -> Path:
    """Return the chart with its values; it is copied once per version."""
    reference = ENVOY_GATEWAY_IMAGE.reference
    chart = cache_folder("charts") / f"gateway-{key_of([reference, ENVOY_GATEWAY.key])}"
    with locked("gateway-chart"):
        if not chart.exists():
            _copy(module_folder(ENVOY_GATEWAY, MODULE), chart, reference)
    return chart


def _copy(module: Path, chart: Path, reference: str) -> None:
    partial = chart.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(
        module / "charts" / "gateway-helm", partial, copy_function=shutil.copyfile
    )
    values = Template((partial / "values.tmpl.yaml").read_text())
    filled = values.safe_substitute(
        GatewayImage=reference, GatewayImagePullPolicy="IfNotPresent"
    )
    (partial / "values.yaml").write_text(filled)
    partial.rename(chart)
