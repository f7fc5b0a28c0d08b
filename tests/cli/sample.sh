# `largek sample`: the same counts however it is run, careful with files, stoppable.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
{
    printf '\000\000\010\003\000\000\000\014\000\000\000\002\000\000\000\002'
    for i in 1 2 3 4 5 6; do printf '\000\100\200\377\377\100\200\000'; done
} >images.idx
"$largek" train vae --data images.idx --images 12 --hidden 8 --latent 2 --epochs 20 \
    -o m.safetensors -q >/dev/null
sample() { "$largek" sample -m m.safetensors -d images.idx -t 0.02,0.05,0.1 "$@"; }
status() { "$@" || echo "status $?"; }

echo "one run, and others that must be the same"
sample -n 3000 -o whole.safetensors -q --format csv >whole.csv
cut -d, -f1-3 whole.csv
sample -n 3000 -o a.safetensors -q --format csv --threads 2 --tile 7 --path blas |
    cmp - whole.csv
sample -n 3000 -o b.safetensors -q --format csv --isa baseline --problems 11,3,0:3,4:11 |
    cmp - whole.csv
sample -n 1000 -o c.safetensors -q >/dev/null
sample -n 3000 -o c.safetensors -q --format csv | cmp - whole.csv
sample -n 3000 -o c.safetensors 2>&1 >/dev/null
cp c.safetensors.prev kept.prev
sample -n 3000 -o c.safetensors -q >/dev/null
cmp c.safetensors.prev kept.prev # nothing was written

echo "another spec is refused"
status sample -n 10 -o c.safetensors --seed 2
status sample -n 10 -o c.safetensors -T 1.2
status sample -n 10 -o c.safetensors --problems 0:3 2>&1 | sed 's/[0-9a-f]\{32\}/DIGEST/g'
cp images.idx other.idx
status sample -n 10 -o other.idx
sample -n 10 -o c.safetensors --seed 2 --force -q --format csv | cut -d, -f3 | tail -n 1

echo "a damaged result is kept, and its predecessor used"
cp whole.safetensors d.safetensors
sample -n 3500 -o d.safetensors -q >/dev/null
printf 'X' | dd of=d.safetensors bs=1 seek=5000 conv=notrunc 2>/dev/null
sample -n 3500 -o d.safetensors 2>&1 >/dev/null |
    grep -oE '(warning|goes on with|damaged file).*' | sed 's/: digest.*//'
ls d.safetensors*
sample -n 3500 -o e.safetensors -q --format csv >want.csv
sample -n 3500 -o d.safetensors -q --format csv | cmp - want.csv
printf 'X' | dd of=d.safetensors bs=1 seek=5000 conv=notrunc 2>/dev/null
rm d.safetensors.prev
status sample -n 3500 -o d.safetensors 2>&1 | sed 's/: digest.*//'

echo "stopped early"
status sample -n 1e9 -o f.safetensors --max-time 1s -q
"$largek" sample -m m.safetensors -d images.idx -t 0.02,0.05,0.1 -n 1e9 -o f.safetensors -q &
pid=$!
sleep 1
kill -TERM $pid
wait $pid || echo "status $?"
"$largek" info result f.safetensors | grep -c attempts_least


echo "SIGUSR1 writes a checkpoint and goes on; SIGINT writes one and stops"
"$largek" sample -m m.safetensors -d images.idx -t 0.02,0.05,0.1 -n 1e9 -o u.safetensors -q \
    --checkpoint-every 1h &
pid=$!
sleep 1
kill -USR1 $pid
sleep 1
"$largek" info result u.safetensors | awk '/^attempts_total/ { print($2 > 0 ? "saved" : "empty") }'
kill -INT $pid
wait $pid || echo "status $?"

echo "bad input"
status sample -n 10 -o no/such/folder/r.safetensors
status sample -n 10 -o r.safetensors --device cuda
status sample -n 10 -o r.safetensors --device gpu
status sample -n 10 -o r.safetensors --device cuda:x
status sample -n 10 -o -
status sample -n 10 -o r.safetensors --path fused
status "$largek" sample -m m.safetensors -d images.idx -o r.safetensors -t 0,0.1
status sample -n 10 -o r.safetensors --problems 0:13
status sample -n 10 -o r.safetensors --problems 1,1
status sample -n 1e19 -o r.safetensors
status sample -n 10 -o /dev/null
status "$largek" sample -m images.idx -d images.idx -o r.safetensors
status "$largek" sample -m m.safetensors -d m.safetensors -o r.safetensors
code=0
sample -n 10 -o g.safetensors -q >/dev/full || code=$?
echo "a full standard output: status $code, and $(ls g.safetensors) is there"

echo "the output is never the input"
status sample -n 10 -o m.safetensors --force
status sample -n 10 -o images.idx --force
status "$largek" train vae --data images.idx -o ./images.idx --force

echo "a GPU that is not there, or is busy"
if [ -n "${LARGEK_TEST_PLUGINS:-}" ]; then
    export LARGEK_PLUGIN_DIR="$LARGEK_TEST_PLUGINS/sound"
    gpu() { sample -n 10 -o i.safetensors --force "$@" 2>&1 >/dev/null | grep -v '[0-9] s$'; }
    gpu --device auto | sed 's/sample: device: .*/sample: device: the cpu/'
    status sample -n 10 -o i.safetensors --force --device cuda
    export LARGEK_TEST_DEVICES=1
    gpu --device auto | sed 's/sample: device: .*/sample: device: the cpu/'
    status sample -n 10 -o i.safetensors --force --device cuda
    status sample -n 10 -o i.safetensors --force --device cuda:0,1
fi

echo "latents of the prior, another score"
sample -n 1000 -o h.safetensors --latent prior --score rel-l2 -q --format csv | wc -l
