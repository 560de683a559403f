#!/bin/sh
# Becomes the parent of a PostgreSQL server: loopback only, passwords by SCRAM, durable, sized for a small machine. The first
# time it makes the data folder, with the superuser's password from POSTGRES_PASSWORD and the database POSTGRES_DB.
# What it has in common with the container is in postgresql.conf and initdb.options beside this script.
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
        --no-instructions $3' initdb "$bin/initdb" "$data.new" "$(cat "$here/initdb.options")" &&
        printf 'create database "%s";\n' "$POSTGRES_DB" | "$server" "$bin" "$data.new" "$bin/postgres" --single -D "$data.new" postgres >/dev/null &&
        mv "$data.new" "$data" || exit 1
fi
unset POSTGRES_PASSWORD POSTGRES_DB

memory=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
if [ "$memory" -ge 4096 ]; then buffers=512MB maintenance=256MB; else buffers=128MB maintenance=64MB; fi

set --
while read -r name _ value; do
    case $name in '' | '#'*) continue ;; esac
    set -- "$@" -c "$name=$value"
done <"$here/postgresql.conf"

# TERM, by which a process is stopped, would have PostgreSQL wait for its clients; INT ends their sessions and flushes everything.
trap 'kill -INT "$child"' TERM INT
"$server" "$bin" "$data" "$bin/postgres" -D "$data" -p "$port" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
    -c shared_buffers="$buffers" -c effective_cache_size=$((memory / 2))MB -c maintenance_work_mem="$maintenance" "$@" &
child=$!
status=0
wait "$child" || status=$?
while kill -0 "$child" 2>/dev/null; do wait "$child"; status=$?; done # wait ends early when a signal comes
exit "$status"
