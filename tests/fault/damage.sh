#!/bin/sh
# damage.sh LARGEK SHIM [STEP] - files with flipped bits and cut files: refused by name, or
# made good by the predecessor, and kept to be looked at.
. "$(dirname "$0")/common.sh"
step=${3:-1499} # bytes between damages

sample -n 500 -o run.safetensors -q >/dev/null
sample -n 1000 -o run.safetensors -q >/dev/null
sample -n 3000 -o want.safetensors -q --format csv >want.csv
cp run.safetensors sound
cp run.safetensors.prev sound.prev
bytes=$(wc -c <sound)

damage() { # damage HOW AT: into the file `bad`
    cp sound bad
    if [ "$1" = cut ]; then
        head -c "$2" sound >bad
    else
        byte=$(od -An -tu1 -j "$2" -N 1 sound | tr -d ' ')
        printf "\\$(printf %03o $((byte ^ (1 << $2 % 8))))" |
            dd of=bad bs=1 seek="$2" conv=notrunc 2>/dev/null
    fi
}

at=0
while [ "$at" -lt "$bytes" ]; do
    for how in flip cut; do
        damage $how $at
        rm -f run.*
        cp bad run.safetensors
        status=0
        sample -n 3000 -o run.safetensors -q >/dev/null 2>said || status=$?
        [ "$status" = 5 ] || fail "$how $at: exit $status"
        cmp bad run.safetensors || fail "$how $at: the bad file was not kept"
        [ $how = cut ] || grep -qE 'header|index|threshold|attempts|successes|first_success|best_|histogram|done|guard_band|no result' said ||
            fail "$how $at: nothing named"
        cp sound.prev run.safetensors.prev
        sample -n 3000 -o run.safetensors --format csv 2>said | cmp - want.csv ||
            fail "$how $at: not recovered"
        grep -q warning said || fail "$how $at: no warning"
        cmp bad run.safetensors.damaged || fail "$how $at: the bad file was not kept"
    done
    at=$((at + step))
done
echo "no damage goes unseen"
