#!/usr/bin/env bash
# Breaks the code of a project in one small way after the other and counts how many of these mutants its tests notice (Stryker.NET).
#
#   eng/mutate.sh PROJECT [FOLDER] [--tests PATH] [--gently]
#
#   PROJECT        Engine or Jsonata; a whole project takes hours
#   FOLDER         one folder of it, e.g. Templates; "." is the files of none
#   --tests PATH   only tests below this path of the test project: minutes instead of hours, and a lower bound of the score
#   --gently       at the lowest priority, on one core, with all tests for each mutant. Which tests reach a mutant is found out
#                  by a handshake within 10 s per test; beside other work it fails for most, so that it only costs time
#
# Works on a copy below .local/mutants, so that the usual build is not touched. The report for the browser is
# .local/mutants/PROJECT/reports/mutation-report.html. What the scores were, and what they mean, is in docs/mutation.md.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

project='' folder='' tests='' gently=''
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) sed -nE '2,/^set /{/^#/s/^# ?//p}' "$0"; exit 0 ;;
        --tests) [ $# -ge 2 ] || die "--tests wants a path"; tests=$2; shift ;;
        --gently) gently=yes ;;
        -*) die "unknown argument '$1'; there are --tests PATH and --gently" ;;
        *) if [ -z "$project" ]; then project=$1; else folder=$1; fi ;;
    esac
    shift
done
case $project in
    Engine | Jsonata) ;;
    *) die "'$project' is no project whose mutants are tested; there are Engine and Jsonata" ;;
esac
[ -z "$folder" ] || [ -d "$root/$project/$folder" ] || die "there is no folder $project/$folder"
[ -z "$tests" ] || [ -e "$root/tests/$project.Tests/$tests" ] || die "there is no tests/$project.Tests/$tests"

readonly output=$local_folder/mutants/$project
readonly copy=$output/source
copy_source() {
    rm -rf "$output"
    mkdir -p "$copy"
    (cd "$root" && git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -T - -cf -) | tar -xf - -C "$copy"
    [ -z "$tests" ] || find "$copy/tests/$project.Tests" -name '*.cs' ! -path "*/$project.Tests/$tests*" -delete
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
case $folder in
    '') ;;
    .) options+=(--mutate "*.cs") ;;
    *) options+=(--mutate "$folder/**/*.cs") ;;
esac
"${run[@]}" dotnet stryker "${options[@]}" >"$local_folder/logs/mutate-$project.log" 2>&1 ||
    { tail -n 20 "$local_folder/logs/mutate-$project.log" >&2; die "the run failed; all of its output is in .local/logs/mutate-$project.log"; }

# Counts by status. A score without a killed mutant would be that of a runner that never switched one on.
awk -v project="$project" -v folder="$folder" -v tests="$tests" -v took="$(since "$started")" '
    { while (match($0, /"status": *"[A-Za-z]+"/)) { split(substr($0, RSTART, RLENGTH), part, "\""); count[part[4]]++; $0 = substr($0, RSTART + RLENGTH) } }
    END {
        caught = count["Killed"] + count["Timeout"]; tested = caught + count["Survived"] + count["NoCoverage"]
        printf "%s%s%s: %d mutants, %d killed, %d timed out, %d survived, %d not covered; %.1f %% caught; %s\n", project,
            folder == "" ? "" : "/" folder, tests == "" ? "" : " by " tests, tested, count["Killed"], count["Timeout"], count["Survived"], count["NoCoverage"],
            tested == 0 ? 0 : 100 * caught / tested, took
        exit count["Killed"] == 0
    }' "$output/reports/mutation-report.json" || die "no mutant was killed: the runner does not switch them on"
