#!/bin/sh
# Becomes the parent of a PostgreSQL server: loopback only, passwords by SCRAM, durable, sized for a small machine. The first
# time it makes the data folder, with the superuser's password from POSTGRES_PASSWORD and the database POSTGRES_DB.
#
#   postgres.sh PROGRAMS_FOLDER DATA_FOLDER PORT
bin=$1 data=$2 port=$3
here=$(dirname "$0")
server=$here/server.sh

# Whoever comes by `dotnet run` has not provisioned anything. Redis waits at the same lock.
[ -x "$bin/postgres" ] || "$here/provision.sh" "$(dirname "$bin")" || exit 1

# The folder gets its name once it is complete. The password goes through a pipe of the user that initdb
# runs as: arguments are visible to everybody. The builtin provider's C.UTF-8 sorts by code point, with no library of the host.
if [ ! -d "$data" ]; then
    rm -rf "$data.new"
    # shellcheck disable=SC2016
    "$server" "$bin" "$data.new" /bin/sh -c 'printf %s "$POSTGRES_PASSWORD" | "$1" -D "$2" -U postgres --auth=scram-sha-256 --pwfile=/dev/stdin \
        -E UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C.UTF-8 --lc-messages=C --no-instructions' \
        initdb "$bin/initdb" "$data.new" &&
        printf 'create database "%s";\n' "$POSTGRES_DB" | "$server" "$bin" "$data.new" "$bin/postgres" --single -D "$data.new" postgres >/dev/null &&
        mv "$data.new" "$data" || exit 1
fi
unset POSTGRES_PASSWORD POSTGRES_DB

memory=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
if [ "$memory" -ge 4096 ]; then buffers=512MB maintenance=256MB; else buffers=128MB maintenance=64MB; fi

# TERM, by which a process is stopped, would have PostgreSQL wait for its clients; INT ends their sessions and flushes everything.
# jit: short statements gain nothing. Parallel builds of HNSW indexes overflow a buffer before pgvector 0.8.2 (CVE-2026-3172).
trap 'kill -INT "$child"' TERM INT
"$server" "$bin" "$data" "$bin/postgres" -D "$data" -p "$port" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 \
    -c shared_buffers="$buffers" -c effective_cache_size=$((memory / 2))MB -c maintenance_work_mem="$maintenance" \
    -c fsync=on -c full_page_writes=on -c synchronous_commit=on \
    -c max_wal_size=4GB -c checkpoint_timeout=15min -c checkpoint_completion_target=0.9 -c wal_compression=lz4 \
    -c jit=off -c max_parallel_maintenance_workers=0 -c random_page_cost=1.1 -c shared_preload_libraries=pg_stat_statements \
    -c autovacuum_naptime=15s -c autovacuum_vacuum_scale_factor=0.05 -c autovacuum_vacuum_insert_scale_factor=0.05 \
    -c autovacuum_analyze_scale_factor=0.02 -c autovacuum_vacuum_cost_limit=2000 \
    -c 'log_line_prefix=%m [%p] ' -c log_checkpoints=off &
child=$!
status=0
wait "$child" || status=$?
while kill -0 "$child" 2>/dev/null; do wait "$child"; status=$?; done # wait ends early when a signal comes
exit "$status"
