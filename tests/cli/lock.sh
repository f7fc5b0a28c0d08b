# One process at a time writes a result, and a dead one is in nobody's way.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
{
    printf '\000\000\010\003\000\000\000\014\000\000\000\002\000\000\000\002'
    for i in 1 2 3 4 5 6; do printf '\000\100\200\377\377\100\200\000'; done
} >images.idx
"$largek" train vae --data images.idx --images 12 --hidden 8 --latent 2 --epochs 20 \
    -o m.safetensors -q >/dev/null
sample() { "$largek" sample -m m.safetensors -d images.idx -t 0.02,0.05,0.1 -q "$@"; }
status() { "$@" || echo "status $?"; }
anonymous() { sed 's/process [0-9]* on [^ ]* since [^ ]*Z/process N on HOST since TIME/'; }

"$largek" sample -m m.safetensors -d images.idx -t 0.02,0.05,0.1 -q -n 1e12 \
    -o run.safetensors --checkpoint-every 1s &
pid=$!
while ! [ -e run.safetensors ]; do sleep 0.1; done
grep -c "^process $pid on " run.safetensors.lock
status sample -n 10 -o run.safetensors 2>&1 | anonymous
status sample -n 10 -o ./run.safetensors --force 2>&1 | anonymous
cp run.safetensors other.safetensors
status "$largek" merge other.safetensors -o run.safetensors 2>&1 | anonymous
"$largek" info result run.safetensors >/dev/null # reading is free
kill -9 $pid
wait $pid 2>/dev/null || echo "status $?"
ls run.safetensors.lock

echo "after a kill -9: temporaries go, the run goes on"
: >run.safetensors.tmp.123
sample -n 10 -o run.safetensors >/dev/null
ls run.safetensors* | grep -v prev

echo "a kill between two renames, without hard links: the predecessor goes on"
sample -n 2000 -o a.safetensors --format csv >want.csv
mv a.safetensors a.safetensors.prev
"$largek" sample -m m.safetensors -d images.idx -t 0.02,0.05,0.1 -n 2000 \
    -o a.safetensors --format csv 2>a.txt | cmp - want.csv
grep -E 'gone|goes on' a.txt
ls a.safetensors*
mv a.safetensors a.safetensors.prev
sample -n 10 -o a.safetensors --seed 7 --format csv | cut -d, -f3 | tail -n 1 # another run
