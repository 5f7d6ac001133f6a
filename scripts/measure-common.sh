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
