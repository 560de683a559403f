#!/usr/bin/env bash
# Tries the worst that is known on the platform that ./run --detach has started, and says of each whether it held.
# Exit code 0 when all held, 1 when one did not. Less than five minutes; only loopback; two tenants of its own, which are
# suspended at the end.
#
#   eng/attack.sh [all | NAME]      eng/attack.sh help names them
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

run_file=${ATTACK_RUN_FILE:-$local_folder/run.json}
[ -f "$run_file" ] || die "the platform is not running; start it with ./run --detach"
attack=$root/artifacts/bin/Attack/release/Workflows.Attack.dll
if [ ! -f "$attack" ] || newer_than "$attack" "$root/eng/attack"; then
    build "build the attacks" attack "$root/eng/attack/Attack.csproj" -c Release
fi

# A database server of the attacking tenant's own, where there are programs for one.
bin=${WORKFLOWS_SERVERS_BIN:-$local_folder/servers/bin}
if [ -x "$bin/postgres" ]; then
    folder=$(mktemp -d /tmp/workflows-attack-XXXXXX) port=$((20000 + RANDOM % 20000))
    chmod 711 "$folder"
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    POSTGRES_PASSWORD=$password POSTGRES_DB=attack setsid "$root/eng/provision/postgres.sh" "$bin" "$folder/data" "$port" \
        >"$local_folder/logs/attack-postgres.log" 2>&1 &
    server=$!
    trap 'kill -TERM "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
    for _ in $(seq 300); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
        sleep 0.1
    done
    export ATTACK_POSTGRES="Host=127.0.0.1;Port=$port;Username=postgres;Password=$password;Database=attack"
fi

dotnet exec "$attack" "$run_file" "${1:-all}"
