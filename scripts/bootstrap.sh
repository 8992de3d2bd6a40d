#!/usr/bin/env bash
# Creates .venv from the locked requirements; needs only a new Debian or Ubuntu.
# Called by `make venv`; runs again only if a lock or pyproject.toml has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/say.sh

OLDEST='import sys; sys.exit(sys.version_info < (3, 11))'

find_python() {
  local name
  for name in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
    if command -v "$name" >/dev/null && "$name" -c "$OLDEST" 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  return 1
}

install_venv_module() {
  command -v apt-get >/dev/null || fail "Python's venv module is missing; install it"
  [ "$(id -u)" = 0 ] || fail "Python's venv module is missing; run: apt-get install python3-venv"
  say "installing python3-venv from the distribution"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
}

python=$(find_python) || fail "Python 3.11 or later not found; install it or set PYTHON=PATH"

if ! .venv/bin/python -c "$OLDEST" 2>/dev/null; then
  say "creating .venv with $("$python" --version)"
  "$python" -c 'import ensurepip' 2>/dev/null || install_venv_module
  "$python" -m venv --clear .venv
fi
if ! .venv/bin/python -m uv --version >/dev/null 2>&1; then
  say "installing uv"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check \
    --require-hashes -r requirements/bootstrap.lock
fi
say "installing the locked requirements"
.venv/bin/python -m uv pip sync --quiet --python .venv/bin/python --require-hashes \
  requirements/bootstrap.lock requirements/dev.lock
.venv/bin/python -m uv pip install --quiet --python .venv/bin/python \
  --no-deps --no-build-isolation --editable .
touch .venv/ready
say "Python environment ready"
