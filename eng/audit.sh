#!/usr/bin/env bash
# Audits the NuGet packages of the whole solution, transitive ones included.
#
#   eng/audit.sh             known vulnerabilities and licences; fails when one is found that nobody decided on
#   eng/audit.sh --outdated  also what has newer versions, which is no failure
#
# Vulnerabilities are what the package source knows of; of a source without such data the audit says so. Licences come from a bill
# of materials, .local/audit/sbom.xml (CycloneDX). Which ones are accepted, and why, is in eng/licences.allow.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

readonly solution=$root/Workflows.Aspire.slnx audit=$local_folder/audit decided=$root/eng/licences.allow
outdated=''
case ${1:-} in
    '') ;;
    --outdated) outdated=yes ;;
    -h | --help) sed -nE '2,/^set /{/^#/s/^# ?//p}' "$0"; exit 0 ;;
    *) die "unknown argument '$1'; there is --outdated" ;;
esac

# Whether the sources have vulnerability data at all: named as audit sources, NuGet warns (NU1905) of one that has none.
probe_sources() {
    local probe=$audit/probe package
    mkdir -p "$probe"
    package=$(grep -oE '"Npgsql" Version="[^"]+"' "$root/Directory.Packages.props")
    for file in Directory.Build.props Directory.Build.targets Directory.Packages.props; do echo '<Project />' >"$probe/$file"; done
    printf '<Project Sdk="Microsoft.NET.Sdk">\n  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>\n%s\n</Project>\n' \
        "  <ItemGroup><PackageReference Include=$package /></ItemGroup>" >"$probe/Probe.csproj"
    {
        printf '<configuration>\n  <auditSources>\n    <clear />\n'
        dotnet nuget list source --format short | sed -nE 's/&/\&amp;/g; s/^E (.*)/    <add key="\1" value="\1" \/>/p'
        printf '  </auditSources>\n</configuration>\n'
    } >"$probe/nuget.config"
    dotnet restore "$probe/Probe.csproj" --force
}

# One line per package, "NAME VERSION LICENCE"; the licence is "none" where the metadata names no identifier or expression.
list_licences() {
    awk '
        /<component type="library"/ && match($0, /pkg:nuget\/[^"]+/) {
            package = substr($0, RSTART + 10, RLENGTH - 10); at = index(package, "@"); licence = ""
        }
        package == "" { next }
        match($0, /<id>[^<]+/) { licence = (licence == "" ? "" : licence " AND ") substr($0, RSTART + 4, RLENGTH - 4) }
        match($0, /<expression>[^<]+/) { licence = substr($0, RSTART + 12, RLENGTH - 12) }
        /^    <\/component>/ {
            print substr(package, 1, at - 1), substr(package, at + 1), licence == "" ? "none" : licence
            package = ""
        }' "$1"
}

# Prints the table by licence and what is undecided; its exit code says whether nothing is.
judge_licences() {
    awk '
        FNR == NR && $1 == "licence" { accepted[$2] = 1 }
        FNR == NR && $1 == "package" { by_hand[$2 " " $3] = $4 }
        FNR == NR { next }
        {
            package = $1 " " $2; licence = $0; sub(/^[^ ]+ [^ ]+ /, "", licence)
            if (package in by_hand) { single[++singles] = package; label = by_hand[package] " (read)" }
            else if (licence in accepted) label = licence
            else { undecided[++open] = package ": " licence; label = "undecided" }
            count[label]++; total++
        }
        END {
            for (label in count) printf "  %-34s%d\n", label, count[label] | "sort"
            close("sort")
            for (i = 1; i <= singles; i++) printf "  decided one by one                %s\n", single[i]
            for (i = 1; i <= open; i++) printf "  undecided                         %s\n", undecided[i]
            if (total == 0) print "  the bill of materials is empty"
            exit open > 0 || total == 0
        }' "$decided" "$1"
}

cd "$root"
check_tools
mkdir -p "$audit"
failed=0
restore_tools
step "restore the packages" audit-restore dotnet restore "$solution" -v q

if ! probe_sources >"$local_folder/logs/audit-probe.log" 2>&1 || grep -q NU190[05] "$local_folder/logs/audit-probe.log"; then
    say "  no data about vulnerabilities, so that the next line proves little:"
    { grep -oE '(NU1|error|warning)[A-Z0-9]*: .*' "$local_folder/logs/audit-probe.log" || tail -n 3 "$local_folder/logs/audit-probe.log"; } |
        sort -u | head -n 5 | sed 's/^/    /'
fi
step "look for vulnerable packages" audit-vulnerable dotnet list "$solution" package --vulnerable --include-transitive --no-restore
if grep -E '^ +> ' "$local_folder/logs/audit-vulnerable.log" >"$audit/vulnerable.txt"; then
    sort -u "$audit/vulnerable.txt" | sed 's/^/  vulnerable/'
    failed=1
else
    say "  vulnerable                        none known"
fi

step "write the bill of materials" audit-sbom dotnet CycloneDX "$solution" --disable-package-restore -o "$audit" -fn sbom.xml -F Xml
list_licences "$audit/sbom.xml" >"$audit/licences.txt"
judge_licences "$audit/licences.txt" || failed=1

if [ -n "$outdated" ]; then
    step "look for newer versions" audit-outdated dotnet list "$solution" package --outdated --no-restore
    { grep -E '^ +> ' "$local_folder/logs/audit-outdated.log" || true; } | sort -u
fi
[ "$failed" -eq 0 ] || die "the audit found what nobody decided on; eng/licences.allow says how to"
