#!/usr/bin/env bash
# Runs the official clients against the stub teacher and through routers. Their
# environment has its own lock and is created again only if the lock has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/say.sh

venv=.venv/conformance
node=tests/conformance/node
lock=requirements/conformance.lock

if ! cmp -s "$lock" "$venv/installed.lock"; then
  say "installing the clients of the conformance suite"
  .venv/bin/python -m uv venv --quiet --clear --python .venv/bin/python "$venv"
  .venv/bin/python -m uv pip sync --quiet --python "$venv/bin/python" --require-hashes "$lock"
  cp "$lock" "$venv/installed.lock"
fi
if ! cmp -s "$node/package-lock.json" "$node/node_modules/installed.json"; then
  say "installing the Node client"
  PATH="$PWD/$venv/bin:$PATH" npm ci --prefix "$node" --no-progress --silent
  cp "$node/package-lock.json" "$node/node_modules/installed.json"
fi
say "official clients, directly and through routers"
cd tests/conformance
exec "../../$venv/bin/python" -m pytest -q "$@"
