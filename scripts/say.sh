# Sourced by the other scripts: one log line for each step, with the time since the
# start of `make`.
SAID_AT=${TRACER_STARTED:-$(date +%s)}

say() {
  local elapsed=$(($(date +%s) - SAID_AT))
  printf '[%02d:%02d] %s\n' $((elapsed / 60)) $((elapsed % 60)) "$*"
}

fail() {
  say "$*" >&2
  exit 1
}
