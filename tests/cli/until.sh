# `largek sample --until`: outcomes decide the numbers of attempts, and nothing else does.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
{
    printf '\000\000\010\003\000\000\000\014\000\000\000\002\000\000\000\002'
    for i in 1 2 3 4 5 6; do printf '\000\100\200\377\377\100\200\000'; done
} >images.idx
"$largek" train vae --data images.idx --images 12 --hidden 8 --latent 2 --epochs 20 \
    -o m.safetensors -q >/dev/null
sample() { "$largek" sample -m m.safetensors -d images.idx -t 0.1,0.12,0.15 "$@"; }
status() { "$@" || echo "status $?"; }

echo "three rules, and other ways to the same counts"
rules="successes=5 successes=40@0.12 rel-width=0.4@0.15 budget=9999"
for rule in $rules; do
    sample -n 2000 --until $rule --block 100 -o $rule.safetensors -q --format csv >$rule.csv
    cut -d, -f1,2,8 $rule.csv
    "$largek" info result $rule.safetensors | grep '^until'
    sample -n 2000 --until $rule --block 100 -o other.safetensors -q --format csv --force \
        --threads 3 --tile 7 --isa baseline | cmp - $rule.csv
    sample -n 2000 --until $rule --block 100 -o $rule.safetensors 2>&1 >/dev/null
done

echo "a stricter rule goes on"
sample -n 2000 --until successes=9 -o whole.safetensors -q --format csv >want.csv
sample -n 2000 --until successes=9 -o successes=5.safetensors -q --format csv | cmp - want.csv
sample -n 500 --until budget=3000 --block 100 -o b.safetensors -q >/dev/null
sample -n 500 --until budget=4321 --block 100 -o b.safetensors -q --format csv >want.csv
sample -n 500 --until budget=4321 --block 100 -o c.safetensors -q --format csv | cmp - want.csv

echo "stopped and gone on with"
sample -n 4e4 --until successes=3000@0.15 -o s.safetensors -q --format csv >want.csv
cut -d, -f1,2 want.csv
code=75
i=1
while [ $code = 75 ]; do
    code=0
    sample -n 4e4 --until successes=3000@0.15 -o t.safetensors -q --format csv \
        --max-time "$(printf '%d.%02ds' $((i / 50)) $((2 * i % 100)))" >got.csv 2>/dev/null ||
        code=$?
    i=$((2 * i))
done
echo "status $code"
cmp got.csv want.csv

echo "statistics know"
status "$largek" passk s.safetensors --k 1 -t 0.15
status "$largek" passk s.safetensors --k 1 -t 0.1
status "$largek" plot passk s.safetensors -t 0.1 -o s.svg
status "$largek" fit s.safetensors -t 0.15 --law power-law
"$largek" fit s.safetensors -t 0.15 --law all --format csv -q | cut -d, -f2 | grep -cE 'power|levi' ||
    echo "and all leaves curves out"
"$largek" passk s.safetensors --k 1 -t 0.1 --estimator plugin --format csv | cut -d, -f1,2,7,8

echo "refused"
status sample -n 2000 --until successes=4 -o whole.safetensors
status sample -n 2000 -o whole.safetensors
status sample -n 2000 --until budget=9999 --block 100 -o whole.safetensors
status sample -n 501 --until budget=4321 --block 100 -o b.safetensors
status sample --until successes=3 --shard 1/2 -o x.safetensors 2>&1 | grep -v device
for rule in success=3 successes successes= successes=3@ successes=3@0.3 successes=3@-1 \
    successes=0 successes=x rel-width=0 rel-width=inf budget=0 draws=3 ''; do
    status sample --until "$rule" -o x.safetensors
done
status sample --until budget=100 --block 65537 -o x.safetensors
