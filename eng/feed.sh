#!/usr/bin/env bash
# Finds out once whether this machine's package feed carries every package that eng/stand-ins can stand in for, and
# writes the answer to eng/feed.props (git-ignored), which the build reads. Delete that file to have it ask again.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
answer=$root/eng/feed.props
[ ! -f "$answer" ] || exit 0

readonly LIMIT_SECONDS=90
probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT

packages=$(sed -nE 's/.*<StandIn Include="([^"]+)".*/\1/p' "$root/eng/stand-ins/StandIns.targets")
cp "$root/Directory.Packages.props" "$root/global.json" "$probe/"
cp "$root"/[Nn]u[Gg]et.config "$probe/" 2>/dev/null || true
{
    echo '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework><NuGetAudit>false</NuGetAudit></PropertyGroup><ItemGroup>'
    for package in $packages; do echo "<PackageReference Include=\"$package\" />"; done
    echo '</ItemGroup></Project>'
} >"$probe/Probe.csproj"

# The first package that is missing settles it; no use in asking for it again.
if NUGET_ENHANCED_MAX_NETWORK_TRY_COUNT=1 timeout "$LIMIT_SECONDS" \
    dotnet restore "$probe/Probe.csproj" --nologo -v q >"$probe/log" 2>&1; then
    complete=true use=false
else
    complete=false use=true
fi
cat >"$answer.new" <<PROPS
<Project>
  <!-- Written by eng/feed.sh. Delete this file to have the feed probed again. -->
  <PropertyGroup>
    <FeedIsComplete>$complete</FeedIsComplete>
    <UseStandIns Condition="'\$(UseStandIns)' == ''">$use</UseStandIns>
  </PropertyGroup>
</Project>
PROPS
mv "$answer.new" "$answer"
