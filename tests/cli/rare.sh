# `largek rare`: estimates that do not depend on how they are made, and say so when unsound.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
{
    printf '\000\000\010\003\000\000\000\006\000\000\000\002\000\000\000\002'
    for i in 1 2 3; do printf '\000\100\200\377\377\100\200\000'; done
} >images.idx
"$largek" train vae --data images.idx --images 6 --hidden 8 --latent 2 --epochs 20 \
    -o m.safetensors -q >/dev/null
rare() { "$largek" rare -m m.safetensors -d images.idx -t 0.03,0.1,0.2 "$@"; }
status() { "$@" || echo "status $?"; }

echo "one run, and others that must be the same"
rare -o whole.safetensors -q --rel-error 0.05 --format csv >whole.csv
cut -d, -f1-7 whole.csv
rare -o a.safetensors -q --rel-error 0.05 --format csv --threads 2 --tile 7 --isa baseline |
    cmp - whole.csv
rare -o a.safetensors --rel-error 0.05 2>&1 >/dev/null

echo "each estimate"
rare -o whole.safetensors -q --rel-error 0.05 --per-problem --format csv | head -n 1
rare -o whole.safetensors -q --rel-error 0.05 --per-problem --format csv |
    cut -d, -f1-3 | sed 1d | sort | uniq -c | wc -l

echo "held against counts"
"$largek" sample -m m.safetensors -d images.idx -t 0.1,0.2 -n 20000 -o run.safetensors \
    -q >/dev/null
rare -o whole.safetensors --rel-error 0.05 --check run.safetensors --strict \
    --format csv 2>&1 >/dev/null
"$largek" sample -m m.safetensors -d images.idx -t 0.1,0.2 -n 100 -T 2 -o t.safetensors \
    -q >/dev/null
status rare -o whole.safetensors --rel-error 0.05 --check t.safetensors -q 2>&1

echo "a budget that is too small"
status rare -o c.safetensors -q --rel-error 0.001 --budget 6000 --strict --format csv |
    cut -d, -f1-7

echo "what is refused"
status rare -o whole.safetensors --rel-error 0.05 --starts 3
status rare -o whole.safetensors --rel-error 0.05 --seed 2
status rare -o run.safetensors
status rare -o images.idx
status rare -o x.safetensors --rel-error 2
status rare -o x.safetensors --starts 1000
status "$largek" passk m.safetensors 2>&1 | head -n 1
