#!/bin/sh
# Becomes a PostgreSQL or Redis program, never as root: postgres and initdb refuse that, and nothing needs it.
#
#   server.sh PROGRAMS_FOLDER DATA_FOLDER PROGRAM [ARGUMENT...]
#
# As root there are two ways down. setpriv makes the process "nobody" and hands it the data folder. Where nobody cannot
# reach the program or the folder (a clone below /root, mode 0700), a user namespace shows root's own id as an
# unprivileged one instead: files stay root's. Both exec, so the process id stays that of this script.
bin=$1 data=$2
shift 2

# The host's libraries and settings must not reach programs that bring their own C library and OpenSSL.
unset LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE PGDATA PGOPTIONS PGSERVICE
export OPENSSL_CONF=/dev/null LC_ALL=C.UTF-8
umask 077
mkdir -p "$data" || exit 1
cd "$data" || exit 1

[ "$(id -u)" = 0 ] || exec "$@"

nobody="--reuid=65534 --regid=65534 --clear-groups --inh-caps=-all"
# shellcheck disable=SC2086
if setpriv $nobody sh -c 'test -x "$1/postgres" && cd "$2/.."' - "$bin" "$data" 2>/dev/null; then
    [ "$(stat -c %u "$data")" = 65534 ] || chown -R 65534:65534 "$data" || exit 1
    exec setpriv $nobody "$@"
fi

# The folder may come from a run as nobody, or hold files that nobody made.
[ "$(stat -c %u "$data")" = 0 ] || chown -R 0:0 "$data" || exit 1
if unshare -U --map-user=65534 --map-group=65534 -- true 2>/dev/null; then
    exec unshare -U --map-user=65534 --map-group=65534 -- "$@"
fi

echo "server: ${1##*/} refuses to run as root, user 65534 cannot reach $bin or $data, and user namespaces are off here." >&2
echo "server: run as an ordinary user, or put the repository where every user can read it (for example below /var/lib)." >&2
exit 1
