#!/usr/bin/env bash
# Runs the sample workflow on the running platform; ./run does so at the end of its start. Again: eng/sample.sh
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ -f "$local_folder/run.json" ] || die "the platform is not running; start it with ./run"
sample=$root/artifacts/bin/Sample/release/Workflows.Sample.dll
if [ ! -f "$sample" ] || newer_than "$sample" "$root/eng/sample"; then
    step "build the sample" sample dotnet build "$root/eng/sample/Sample.csproj" -c Release --nologo -v q
fi
exec dotnet exec "$sample" "$local_folder/run.json"
