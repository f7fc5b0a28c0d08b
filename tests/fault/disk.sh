#!/bin/sh
# disk.sh LARGEK SHIM - a disk that fails: at every call, once and for good.
. "$(dirname "$0")/common.sh"

sample -n 1000 -o first.safetensors -q --format csv >first.csv
sample -n 3000 -o want.safetensors -q --format csv >want.csv

start() { # a result with 1000 attempts and its predecessor
    rm -f run.*
    sample -n 500 -o run.safetensors -q >/dev/null
    sample -n 1000 -o run.safetensors -q >/dev/null
}

# A call that fails once, for every call that there is: before the run it is exit 4, and
# later it is a warning, another try, and the same counts.
for kind in open:EIO open:ENOSPC write:ENOSPC write:EIO write:EDQUOT write:HALF fsync:EIO \
    fsync:ENOSPC rename:EIO rename:ENOSPC link:EPERM link:EIO; do
    call=${kind%:*} what=${kind#*:} n=0 tried=0
    while :; do
        n=$((n + 1))
        start
        faulty "$call:$n:$what" -n 3000 -o run.safetensors
        [ -e fired ] || break
        tried=$((tried + 1))
        case $status in
        0) sample -n 3000 -o run.safetensors -q --format csv | cmp - want.csv ||
            fail "$call:$n:$what: other counts" ;;
        4) [ "$call" = open ] || fail "$call:$n:$what: exit 4"
            grep -q goes.on said && fail "$call:$n:$what: found after sampling"
            [ "$(attempts run.safetensors)" = 12000 ] || fail "$call:$n:$what: lost" ;;
        *) fail "$call:$n:$what: exit $status" ;;
        esac
        [ -z "$(litter)" ] || fail "$call:$n:$what: left $(litter)"
    done
    [ "$tried" -gt 0 ] || fail "$call: never called"
    [ "$status" = 0 ] || fail "$call:$n: exit $status without a fault"
done

# A disk that stays full, or broken: exit 4 after some patience, the last checkpoint as it
# was, and once there is room the run goes on.
for fault in write:1+:ENOSPC write:2+:EIO fsync:1+:EIO rename:2+:EDQUOT open:3+:EROFS; do
    start
    cp run.safetensors kept
    faulty "$fault" -n 3000 -o run.safetensors --patience 0.3s
    [ "$status" = 4 ] || fail "$fault: exit $status"
    grep -q warning said || fail "$fault: no warning"
    cmp kept run.safetensors || fail "$fault: the checkpoint changed"
    [ -z "$(litter)" ] || fail "$fault: left $(litter)"
    sample -n 3000 -o run.safetensors -q --format csv | cmp - want.csv
done

# Full for a moment in the middle of a run: a checkpoint warns, the run goes on, and a
# stop later saves what there is.
rm -f run.*
faulty write:3:ENOSPC -n 1e12 -o run.safetensors --checkpoint-every 0.1s --max-time 4s
[ "$status" = 75 ] || fail "full for a while: exit $status"
grep -q 'warning: .*No space left' said || fail "full for a while: no warning"
[ "$(attempts run.safetensors)" -gt 1000 ] || fail "full for a while: nothing saved"

# A real short write: no file may grow over 4 kB.
start
cp run.safetensors kept
status=0
(ulimit -f 8 && sample -n 3000 -o run.safetensors --patience 0.1s >/dev/null 2>said) ||
    status=$?
[ "$status" = 4 ] || fail "a limit on file sizes: exit $status"
cmp kept run.safetensors || fail "a limit on file sizes: the checkpoint changed"
[ -z "$(litter)" ] || fail "a limit on file sizes: left $(litter)"

# No place to write is found before any work: no device is opened, nothing is sampled.
for output in no/such/folder/r.safetensors m.safetensors/r.safetensors /proc/r.safetensors; do
    status=0
    sample -n 1e12 -o "$output" 2>said || status=$?
    [ "$status" = 4 ] || fail "$output: exit $status"
    grep -q device: said && fail "$output: found after the device was opened"
done

# Standard output that is full or closed: exit 4, and the result is there.
for closed in full closed; do
    rm -f run.*
    status=0
    if [ $closed = full ]; then
        sample -n 10 -o run.safetensors -q >/dev/full 2>said || status=$?
    else
        sample -n 10 -o run.safetensors -q >&- 2>said || status=$?
    fi
    [ "$status" = 4 ] || fail "standard output $closed: exit $status"
    [ "$(attempts run.safetensors)" = 120 ] || fail "standard output $closed: no result"
done

# `merge` writes as `sample` does.
start
faulty_merge() {
    status=0
    LARGEK_FAULT=$1 LD_PRELOAD=$shim "$largek" merge first.safetensors run.safetensors \
        want.safetensors -o merged.safetensors -q >/dev/null 2>said || status=$?
}
cp run.safetensors merged.safetensors
for fault in write:1:ENOSPC fsync:1:EIO rename:2:EIO; do
    faulty_merge $fault
    [ "$status" = 4 ] || fail "merge, $fault: exit $status"
    cmp run.safetensors merged.safetensors || fail "merge, $fault: the output changed"
    [ -z "$(litter)" ] || fail "merge, $fault: left $(litter)"
done
faulty_merge none
[ "$status" = 0 ] || fail "merge: exit $status"
echo "a failing disk costs nothing but warnings"
