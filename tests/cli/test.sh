# `largek test independence`: outcomes, traces and counts, and what it refuses.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >outcomes.jsonl <<'END'
{"id": "a", "outcomes": [0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1], "x": 1}
{"task_id": 7, "outcomes": [true, true, null, false, false, true, true, false, false, 1.0, 1]}
{"id": "never", "outcomes": [0, 0, 0]}
END
printf 'model,id,n,c\nm,a,10,3\nm,b,10,4\nm,c,10,6\nm,d,10,7\nz,a,9,0\nz,b,9,0\n' >counts.csv

echo "# outcomes in order, from a file, packed, and from standard input"
"$largek" test independence outcomes.jsonl --blocks 4
gzip -k outcomes.jsonl
"$largek" test independence outcomes.jsonl --blocks 4 --format json -q >1
"$largek" test independence outcomes.jsonl.gz --blocks 4 --format json -q --threads 3 >2
"$largek" test independence - --blocks 4 --format json -q <outcomes.jsonl >3
mkfifo pipe
timeout 10 cat outcomes.jsonl >pipe &
timeout 10 "$largek" test independence pipe --blocks 4 --format json -q >4
wait
cmp 1 2 && cmp 1 3 && cmp 1 4

echo "# a matrix: a header of 64 bytes, two rows of bool"
{
    printf '\223NUMPY\001\000\066\000'
    printf '%-53s\n' "{'descr':'|b1','fortran_order':False,'shape':(2,6)}"
    printf '\000\001\000\001\000\001\001\001\001\000\000\000'
} >m.npy
"$largek" test independence m.npy --blocks 2 --format csv

echo "# counts"
"$largek" test independence counts.csv --from counts --format csv

refuse() { "$largek" test independence "$@" || echo "status $?"; }
refuse counts.csv
refuse counts.csv --from counts --group nodel
refuse outcomes.jsonl --threshold 1
refuse outcomes.jsonl --group model
refuse outcomes.jsonl --blocks 1
refuse none.jsonl
printf '{"id":"a","outcomes":[0,2]}\n' >two.jsonl
refuse two.jsonl
printf '{"id":"a","outcomes":[0,1]}\n{"id":"a","outcomes":[1]}\n' >twice.jsonl
refuse twice.jsonl
printf '{"outcomes":[0,1]}\n' >id.jsonl
refuse id.jsonl
printf '{"id":"a","outcomes":[]}\n' >empty.jsonl
refuse empty.jsonl
printf '{"id":"a","outcomes":[0,0]}\n' >zero.jsonl
refuse zero.jsonl
