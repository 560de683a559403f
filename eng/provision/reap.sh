#!/bin/sh
# Outlives the program that started it and leaves no orphan of it behind, whatever killed it.
#
#   reap.sh FOLDER [--delete]      with a pipe as standard input whose other end only the guarded program holds
#
# The pipe ends when that program ends, also by kill -9. Then every process named by FOLDER/*.pid (written by launch.sh,
# named so that the newest sorts last) gets its signal, newest first, and is killed when it outstays the grace. After
# an orderly stop the folder is empty and this ends at once. --delete removes FOLDER too: it held scratch data.
# PR_SET_PDEATHSIG would not do: it fires when the starting *thread* ends.
folder=$1 delete=$2
grace_tenths=300
trap '' INT TERM HUP
cat >/dev/null

# True while the process of this pid file lives; a zombie does not.
alive() {
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    stat=${stat##*) }
    start_time() { state=$1; shift 19; started=$1; }
    # shellcheck disable=SC2086
    start_time $stat
    [ "$started" = "$2" ] && [ "$state" != Z ]
}

stop() {
    pid=$1 start=$2 signal=$3 waited=0
    while alive "$pid" "$start"; do
        [ "$waited" -gt 0 ] || kill "-$signal" "$pid" 2>/dev/null
        if [ "$waited" -ge "$grace_tenths" ]; then
            kill -KILL "$pid" 2>/dev/null
            waited=1
        fi
        sleep 0.1
        waited=$((waited + 1))
    done
}

for file in $(find "$folder" -maxdepth 1 -name '*.pid' -printf '%f\n' 2>/dev/null | sort -r); do
    read -r pid start signal <"$folder/$file" && stop "$pid" "$start" "$signal"
    rm -f "$folder/$file"
done
[ "$delete" != --delete ] || rm -rf "$folder"
