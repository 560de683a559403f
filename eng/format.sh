#!/usr/bin/env bash
# Checks that C# files are laid out as .editorconfig says. Rules of style and naming need no run of their own: they are build errors.
#
#   eng/format.sh          names what is laid out otherwise; fails if there is any
#   eng/format.sh --fix    lays it out
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# By folder, not by solution: nothing has to be restored or compiled, and files of no project are seen, too.
format() { dotnet format whitespace "$root" --folder --exclude "$root/artifacts" "$local_folder" "$@"; }

case ${1:-} in
    '') step "layout of the code" format format --verify-no-changes ;;
    --fix) step "lay the code out" format format ;;
    -h | --help) sed -nE '2,/^set /{/^#/s/^# ?//p}' "$0" ;;
    *) die "unknown argument '$1'; there is --fix" ;;
esac
