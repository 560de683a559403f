#!/usr/bin/env bash
# Becomes the given command after writing down who that is, so that reap.sh finds it even when the starting program
# dies between "started" and "remembered".
#
#   setsid launch.sh PIDFILE SIGNAL LOG COMMAND [ARGUMENT...]
#
# SIGNAL stops the command in an orderly way (TERM, INT, QUIT). LOG is a file, or - to keep this process's output.
# setsid in front keeps a terminal's Ctrl+C from reaching the command before its dependents have stopped.
# bash, not sh: dash drops variables whose names are no identifiers, and ConnectionStrings__my-cache is none.
pidfile=$1 signal=$2 log=$3
shift 3

# The start time tells this process from a later one with the same number; exec changes neither.
read -r stat </proc/$$/stat
stat=${stat##*) }
# shellcheck disable=SC2086
set_start_time() { start_time=${20}; }
set_start_time $stat
printf '%s %s %s\n' "$$" "$start_time" "$signal" >"$pidfile" || exit 126

[ "$log" = - ] || exec >>"$log" 2>&1
exec "$@" </dev/null
