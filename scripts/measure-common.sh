# shellcheck shell=bash
# Sourced by the measure scripts: builds everything once, and runs a verb of the load tests.

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)

build() {
  "$root/connect" --help >/dev/null # builds the ring's programs if they are older than their sources
  dotnet build "$root/loadtests/LoadTests.csproj" --configuration Release --nologo -verbosity:quiet -nodeReuse:false -p:UseSharedCompilation=false
}

measure() {
  dotnet "$root/artifacts/bin/LoadTests/release/Connect.LoadTests.dll" "$@"
}

# A folder for a ring that is measured; outside the checkout, so that no other ring is in the way.
ring_folder() {
  mktemp -d "${TMPDIR:-/tmp}/connect-measure.XXXXXX"
}

# Runs one measurement after the other and remembers the worst exit code: 3 (void) is worse than 1 (a target was missed).
worst=0
run() {
  local code=0
  measure "$@" || code=$?
  if ((code > worst)); then worst=$code; fi
}

# Runs a verb with the given options, on both engines unless they name one; on a ring of its own unless they name a folder.
run_engines() {
  local verb=$1 each
  shift
  local both=(mariadb mysql) named=" $* " place=() door=(--port 8800)
  if [[ $named == *" --engine"[\ =]* ]]; then both=(""); fi
  if [[ $named == *" --port"[\ =]* ]]; then door=(); fi
  for each in "${both[@]}"; do
    if [[ $named != *" --data"[\ =]* ]]; then place=(--data "$(ring_folder)"); fi
    run "$verb" ${each:+--engine "$each"} "${place[@]}" "${door[@]}" "$@"
  done
}
