#!/usr/bin/env bash
# check_quickstart.sh FOLDER - whether the quick start wrote what it says it writes.
set -euo pipefail

out=$1
fail() { echo "check_quickstart.sh: $*" >&2 && exit 1; }

for file in vae.safetensors run.safetensors passk.csv passk.svg passk.png; do
    [ -s "$out/$file" ] || fail "$out/$file is missing or empty"
done
head -c 8 "$out/passk.png" | od -An -tx1 | grep -q '89 50 4e 47 0d 0a 1a 0a' ||
    fail "passk.png is no PNG"
grep -q '</svg>' "$out/passk.svg" || fail "passk.svg does not end"
head -n 1 "$out/passk.csv" | grep -q '^threshold,k,pass,se,lo,hi,problems,method,interval$' ||
    fail "passk.csv has another header: $(head -n 1 "$out/passk.csv")"

# Every estimate lies in its interval, and pass@k does not fall with k.
awk -F, 'NR > 1 {
    if (!($3 >= $5 - 1e-12 && $3 <= $6 + 1e-12)) { print "row " NR ": outside its interval"; bad = 1 }
    if ($1 == threshold && $3 < pass - 1e-12) { print "row " NR ": pass@k falls"; bad = 1 }
    threshold = $1; pass = $3; rows++
} END { if (rows < 12) { print "only " rows + 0 " rows"; bad = 1 } exit bad }' "$out/passk.csv" ||
    fail "passk.csv makes no sense"
echo "quick start: all files are there and sound" >&2
