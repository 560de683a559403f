#!/bin/sh
# Becomes a Redis server: loopback only, with the password from REDIS_PASSWORD, and an append-only file.
#
#   redis.sh PROGRAMS_FOLDER DATA_FOLDER PORT
bin=$1 data=$2 port=$3
here=$(dirname "$0")
password=$REDIS_PASSWORD
unset REDIS_PASSWORD

# Whoever comes by `dotnet run` has not provisioned anything. PostgreSQL waits at the same lock.
[ -x "$bin/redis-server" ] || "$here/provision.sh" "$(dirname "$bin")" || exit 1

# Everybody may read a process's arguments, so the password comes by standard input. The append-only file loses at most a second
# where a snapshot loses a minute; sessions live here.
exec "$here/server.sh" "$bin" "$data" "$bin/redis-server" - <<END
port $port
bind 127.0.0.1
dir "$data"
appendonly yes
appendfsync everysec
save 60 1
daemonize no
requirepass "$password"
END
