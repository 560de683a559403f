#!/usr/bin/env bash
# Runs a sample on the running platform. ./run does so at the end of its start: all but the company's on a platform that has
# none yet ('start'), later the first.
#
#   eng/sample.sh [all | start | order | approval | nightly | ussd | saga | fan-out | ai | company]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ -f "$local_folder/run.json" ] || die "the platform is not running; start it with ./run"
sample=$root/artifacts/bin/Sample/release/Workflows.Sample.dll
if [ ! -f "$sample" ] || newer_than "$sample" "$root/eng/sample"; then
    build "build the sample" sample "$root/eng/sample/Sample.csproj" -c Release
fi
exec dotnet exec "$sample" "$local_folder/run.json" "${1:-order}"
