#!/bin/sh
# check_help.sh LARGEK - help, man page and completion of every command agree: an option
# that one of them has, all have; and the man pages are clean roff.
set -eu

largek=$1
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
bad=0

complain() {
    echo "$1" && bad=1
}

"$largek" help --completion bash >"$folder/completion"
if command -v bash >/dev/null; then
    bash -n "$folder/completion" || complain "completion: not valid bash"
fi
"$largek" help | sed -n 's/^  \([a-z]*\( [a-z]*\)\{0,1\}\)   *.*/\1/p' >"$folder/commands"
[ -s "$folder/commands" ] || complain "largek help lists no commands"

options() { # every --option at the head of an entry
    grep -oE -- '^(-[A-Za-z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort
}

while read -r command; do
    # shellcheck disable=SC2086 # a command may be two words
    "$largek" help $command >"$folder/help" </dev/null
    # shellcheck disable=SC2086
    "$largek" $command --help </dev/null | cmp -s - "$folder/help" ||
        complain "$command: --help is not help $command"
    # shellcheck disable=SC2086
    "$largek" help --man $command >"$folder/page" </dev/null

    sed -n 's/^  \(-\)/\1/p' "$folder/help" | options >"$folder/1"
    sed -n 's/^\.B //p' "$folder/page" | sed 's/\\-/-/g' | options >"$folder/2"
    sed -n "/^_largek_words/,/^}/s/^ *'$command') words='\(.*\)' ;;/\1/p" \
        "$folder/completion" | tr ' ' '\n' | options >"$folder/3"
    [ -s "$folder/1" ] || complain "$command: help shows no options"
    cmp -s "$folder/1" "$folder/2" || complain "$command: help and man page differ"
    cmp -s "$folder/1" "$folder/3" || complain "$command: help and completion differ"
    sed -n '/^set(LK_COMMANDS/,/)/p' "$root/CMakeLists.txt" | tr -d '")' | tr -s ' ' |
        grep -qx -- " $command" ||
        complain "$command: no man page in CMakeLists.txt"
    awk -v c="$command" 'length > 79 && !/^  largek/ { print c ": over 79 columns: " $0; bad = 1 }
        END { exit bad }' "$folder/help" || bad=1

    if command -v groff >/dev/null; then
        groff -man -ww -Tutf8 "$folder/page" 2>&1 >/dev/null | grep . &&
            complain "$command: groff warns"
    fi
done <"$folder/commands"
exit $bad
