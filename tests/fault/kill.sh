#!/bin/sh
# kill.sh LARGEK SHIM [RANDOM_KILLS] - kill -9 at every step of a write and at random, and
# the signals that ask: nothing is lost but an interval, nothing is counted twice.
. "$(dirname "$0")/common.sh"
random_kills=${3:-0}

sample -n 3000 -o want.safetensors -q --format csv >want.csv

# Within every write, before and after every rename, link, fsync and creation.
for kind in open:KILL open:DIED write:KILL write:DIED fsync:KILL rename:KILL rename:DIED \
    link:KILL link:DIED; do
    call=${kind%:*} what=${kind#*:} n=0
    while :; do
        n=$((n + 1))
        rm -f run.*
        sample -n 500 -o run.safetensors -q >/dev/null
        sample -n 1000 -o run.safetensors -q >/dev/null
        faulty "$call:$n:$what" -n 3000 -o run.safetensors
        [ -e fired ] || break
        [ "$status" = 137 ] || fail "$call:$n:$what: exit $status"
        [ "$(attempts run.safetensors)" -ge 12000 ] || fail "$call:$n:$what: lost"
        sample -n 3000 -o run.safetensors --format csv 2>said | cmp - want.csv ||
            fail "$call:$n:$what: other counts"
        [ -z "$(litter)" ] || fail "$call:$n:$what: left $(litter)"
    done
    [ "$n" -gt 1 ] || fail "$call: never called"
done

# The same where there are no hard links, so that the file is gone for a moment.
cat >nolinks.txt <<'END'
1 KILL
1 DIED
2 KILL
2 DIED
END
while read -r n what; do
    rm -f run.*
    sample -n 1000 -o run.safetensors -q >/dev/null
    export LARGEK_NO_LINKS=1
    faulty "rename:$n:$what" -n 3000 -o run.safetensors
    unset LARGEK_NO_LINKS
    [ "$status" = 137 ] || fail "no links, rename:$n:$what: exit $status"
    sample -n 3000 -o run.safetensors --format csv 2>said | cmp - want.csv ||
        fail "no links, rename:$n:$what: other counts"
    if [ "$n$what" = 1DIED ] || [ "$n$what" = 2KILL ]; then
        grep -q 'goes on with run.safetensors.prev' said ||
            fail "no links, rename:$n:$what: started anew"
    fi
done <nolinks.txt

# SIGTERM and SIGINT end the run within two seconds with a checkpoint, from its first
# moments on; the second SIGINT at once, also while a write hangs.
for signal in TERM:143 INT:130; do
    for after in 0 1.2; do
        for trace in 1 1e7; do # the longer one takes minutes
            rm -f run.* said
            become_sample -n 1e12 -o run.safetensors --trace $trace >/dev/null 2>said &
            pid=$!
            while ! grep -qs device: said; do sleep 0.01; done
            sleep $after
            begin=$(date +%s%N)
            kill -"${signal%:*}" $pid
            status=0
            wait $pid || status=$?
            [ $(($(date +%s%N) - begin)) -lt 2000000000 ] || fail "$signal: too late"
            [ $status = "${signal#*:}" ] || fail "$signal: exit $status"
            "$largek" info result run.safetensors >/dev/null || fail "$signal: no file"
        done
    done
done
rm -f run.*
LARGEK_FAULT=fsync:1+:SLEEP LD_PRELOAD=$shim "$largek" sample -m m.safetensors \
    -d images.idx -o run.safetensors -n 1e12 -q --checkpoint-every 0.1s >/dev/null 2>said &
pid=$!
sleep 1
kill -INT $pid
sleep 0.5
begin=$(date +%s%N)
kill -INT $pid
status=0
wait $pid || status=$?
[ $status = 130 ] || fail "second SIGINT: exit $status"
[ $(($(date +%s%N) - begin)) -lt 1000000000 ] || fail "second SIGINT: too late"

# Random kills during a run that writes twenty checkpoints a second; then the run is brought
# to an end and is the same as one without any.
if [ "$random_kills" -gt 0 ]; then
    rm -f run.*
    seed=1 previous=0
    for i in $(seq "$random_kills"); do
        seed=$(((seed * 1103515245 + 12345) % 2147483648))
        become_sample -n 1e12 -o run.safetensors -q --checkpoint-every 0.05s >/dev/null 2>said &
        pid=$!
        sleep "0.$(printf %03d $((seed / 65536 % 450)))"
        kill -9 $pid
        wait $pid 2>/dev/null || true
        [ -e run.safetensors ] || continue
        now=$(attempts run.safetensors) || fail "kill $i: unreadable"
        [ "$now" -ge "$previous" ] || fail "kill $i: $previous attempts became $now"
        previous=$now
    done
    end=$("$largek" info result run.safetensors | sed -n 's/^draws_end *//p')
    sample -n "$end" -o run.safetensors -q --format csv >got.csv
    "$largek" sample -m m.safetensors -d images.idx -t 0.02,0.05,0.1 --threads 2 \
        -n "$end" -o whole.safetensors -q --format csv | cmp - got.csv ||
        fail "random kills: other counts"
    echo "$random_kills random kills, $end attempts a problem: the counts of one run"
fi
echo "kills cost an interval at most"
