#!/usr/bin/env bash
# Breaks the code of a project in one small way after the other and counts how many of these mutants its tests notice (Stryker.NET).
#
#   eng/mutate.sh PROJECT [PART...] [--tests PATH]... [--gently]
#
#   PROJECT        Engine, Jsonata or Worker; a whole project takes hours
#   PART           a folder or a file of it, e.g. Templates or Executions/Backoff.cs; "." is the files of no folder
#   --tests PATH   only tests below these paths of the test project: minutes instead of hours, and a lower bound of the
#                  score. Worker has its tests that need no server when none are named, and is always done gently
#   --gently       at the lowest priority, on one core, with all tests for each mutant. Which tests reach a mutant is found out
#                  by a handshake within 10 s per test; beside other work it fails for most, so that it only costs time
#
# Works on a copy below .local/mutants, so that the usual build is not touched. The report for the browser is
# .local/mutants/PROJECT/reports/mutation-report.html. What the scores were, and what they mean, is in docs/mutation.md.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

project='' parts=() tests=() gently=''
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) sed -nE '2,/^set /{/^#/s/^# ?//p}' "$0"; exit 0 ;;
        --tests) [ $# -ge 2 ] || die "--tests wants a path"; tests+=("$2"); shift ;;
        --gently) gently=yes ;;
        -*) die "unknown argument '$1'; there are --tests PATH and --gently" ;;
        *) if [ -z "$project" ]; then project=$1; else parts+=("$1"); fi ;;
    esac
    shift
done
case $project in
    Engine | Jsonata) ;;
    Worker) gently=yes ;;
    *) die "'$project' is no project whose mutants are tested; there are Engine, Jsonata and Worker" ;;
esac
for part in "${parts[@]}"; do [ -e "$root/$project/$part" ] || die "there is no $project/$part"; done
for path in "${tests[@]}"; do
    [ -e "$root/tests/$project.Tests/$path" ] || die "there is no tests/$project.Tests/$path"
done

# A server would start for each mutant. Whatever names one, or the fixtures around one, is left out.
if [ "$project" = Worker ] && [ ${#tests[@]} -eq 0 ]; then
    mapfile -t tests < <(cd "$root/tests/$project.Tests" && find . -name '*.cs' -printf '%P\n' | sort |
        xargs -d '\n' grep -LE '[A-Za-z]+Server\b|[A-Za-z]+Bed\b|ObjectStore|TestAuthority|WorkerHost|WorkerProcess')
fi

readonly output=$local_folder/mutants/$project
readonly copy=$output/source
copy_source() {
    rm -rf "$output"
    mkdir -p "$copy"
    (cd "$root" && git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -T - -cf -) | tar -xf - -C "$copy"
    [ ${#tests[@]} -eq 0 ] || remove_other_tests
}

remove_other_tests() {
    local path kept=()
    for path in "${tests[@]}"; do kept+=(! -path "*/$project.Tests/$path*"); done
    find "$copy/tests/$project.Tests" -name '*.cs' "${kept[@]}" -delete
}

check_tools
step "copy the source" mutate-copy copy_source
restore_tools

# Random tests run in each test of a mutant: a short time of them is enough, the others are what is measured.
export JSONATA_FUZZ_CASES=50 WORKFLOWS_MODEL_SECONDS=1
started=$EPOCHREALTIME
cd "$copy/tests/$project.Tests"
run=(env)
if [ -n "$gently" ]; then
    sed -i 's/"perTest"/"off"/' stryker-config.json
    run=(nice -n 19)
fi
options=(--output "$output" --skip-version-check)
[ -z "$gently" ] || options+=(--concurrency 1)
for part in "${parts[@]}"; do
    case $part in
        .) options+=(--mutate "*.cs") ;;
        *.cs) options+=(--mutate "$part") ;;
        *) options+=(--mutate "$part/**/*.cs") ;;
    esac
done
"${run[@]}" dotnet stryker "${options[@]}" >"$local_folder/logs/mutate-$project.log" 2>&1 ||
    { tail -n 20 "$local_folder/logs/mutate-$project.log" >&2; die "the run failed; all of its output is in .local/logs/mutate-$project.log"; }

# Counts by status. A score without a killed mutant would be that of a runner that never switched one on.
awk -v project="$project" -v parts="${parts[*]}" -v tests="${tests[*]}" -v took="$(since "$started")" '
    { while (match($0, /"status": *"[A-Za-z]+"/)) { split(substr($0, RSTART, RLENGTH), part, "\""); count[part[4]]++; $0 = substr($0, RSTART + RLENGTH) } }
    END {
        caught = count["Killed"] + count["Timeout"]; tested = caught + count["Survived"] + count["NoCoverage"]
        printf "%s%s%s: %d mutants, %d killed, %d timed out, %d survived, %d not covered; %.1f %% caught; %s\n", project,
            parts == "" ? "" : " " parts, tests == "" ? "" : " by " tests, tested, count["Killed"], count["Timeout"], count["Survived"], count["NoCoverage"],
            tested == 0 ? 0 : 100 * caught / tested, took
        exit count["Killed"] == 0
    }' "$output/reports/mutation-report.json" || die "no mutant was killed: the runner does not switch them on"
