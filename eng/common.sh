# shellcheck shell=bash
# What run and test share: where things are, the tools a machine must have, steps with their times, builds, server programs.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root
readonly local_folder=$root/.local
mkdir -p "$local_folder/logs"
chmod 700 "$local_folder/logs" # lines may hold data

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
export MSBUILDDISABLENODEREUSE=1 # a build leaves no process behind
export MSBUILDTERMINALLOGGER=off

say() { printf '%s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Seconds with one decimal since $1 (a value of EPOCHREALTIME).
since() { awk -v from="${1/,/.}" -v to="${EPOCHREALTIME/,/.}" 'BEGIN { printf "%.1f s", to - from }'; }

# step "what" LOG COMMAND...: one line with its time; the log's end when the command fails.
step() {
    local what=$1 log=$local_folder/logs/$2.log started=$EPOCHREALTIME
    shift 2
    printf '  %-34s' "$what"
    if "$@" >"$log" 2>&1; then
        say "$(since "$started")"
    else
        say "failed after $(since "$started")"
        { grep -E '(: |^)error' "$log" | sort -u | head -n 20 | grep . || tail -n 40 "$log"; } >&2
        die "$what failed; all of its output is in ${log#"$root"/}"
    fi
}

# build WHAT LOG PROJECT [ARGUMENT...]: one step. The compiler stays warm for all projects of the build, and ends with it.
build() {
    local what=$1 log=$2 id=workflows-$$
    shift 2
    step "$what" "$log" dotnet build "$@" --nologo -v q -p:UseSharedCompilation=true -p:SharedCompilationId=$id
    pkill -f -- "-pipename:$id" || true
}

check_tools() {
    command -v dotnet >/dev/null || die "the .NET 10 SDK is missing"
    dotnet --list-sdks | grep -q '^10\.' || die "the .NET 10 SDK is missing; there is only: $(dotnet --list-sdks | cut -d' ' -f1 | tr '\n' ' ')"
}

# Why the console cannot be built here; nothing where it can.
lacks_node() {
    command -v node >/dev/null && command -v npm >/dev/null || { say "Node.js 20.19 or newer with npm is missing"; return; }
    local major minor
    IFS=. read -r major minor _ < <(node --version | tr -d v)
    [ "$major" -gt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -ge 19 ]; } ||
        say "Node.js 20.19 or newer is needed; there is $(node --version)"
}

# The tools of .config/dotnet-tools.json. Restored in parallel for the first time, the SDK takes one tool's commands for another's.
restore_tools() { step "tools" tools dotnet tool restore --disable-parallel --tool-manifest "$root/.config/dotnet-tools.json"; }

# PostgreSQL and Redis in .local/servers, unless the environment names others.
provision_servers() {
    [ -z "${WORKFLOWS_SERVERS_BIN:-}" ] || return 0
    export WORKFLOWS_SERVERS_BIN=$local_folder/servers/bin
    step "PostgreSQL and Redis" provision "$root/eng/provision/provision.sh" "$local_folder/servers"
}

# newer_than STAMP FOLDER...: whether anything below the folders, a removed file included, changed after the stamp.
newer_than() {
    local stamp=$1
    shift
    [ ! -f "$stamp" ] || [ -n "$(find "$@" -mindepth 1 \
        \( -name node_modules -o -name dist -o -path "$root/Console/coverage" \) -prune -o -newer "$stamp" -print -quit)" ]
}

build_console() {
    local lack
    lack=$(lacks_node)
    [ -z "$lack" ] || die "$lack; the console is built with it"
    local installed=$local_folder/console.installed built=$local_folder/console.built
    if [ ! -d "$root/Console/node_modules" ] || [ ! -f "$installed" ] || [ "$root/Console/package-lock.json" -nt "$installed" ]; then
        step "install the console's packages" console-install npm --prefix "$root/Console" ci --no-audit --no-fund
        touch "$installed"
    fi
    if newer_than "$built" "$root/Console"; then
        local started=$local_folder/console.building
        touch "$started"
        step "build the console" console-build npm --prefix "$root/Console" run build
        mv "$started" "$built"
    fi
}
