# Estimates in passk, tails and plot rare.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
{
    printf '\000\000\010\003\000\000\000\006\000\000\000\002\000\000\000\002'
    for i in 1 2 3; do printf '\000\100\200\377\377\100\200\000'; done
} >images.idx
"$largek" train vae --data images.idx --images 6 --hidden 8 --latent 2 --epochs 20 \
    -o m.safetensors -q >/dev/null
"$largek" rare -m m.safetensors -d images.idx -t 0.03,0.1,0.2 -q -o r.safetensors \
    >/dev/null
"$largek" sample -m m.safetensors -d images.idx -t 0.03,0.1,0.2 -n 20000 -q \
    -o run.safetensors >/dev/null
status() { "$@" || echo "status $?"; }

echo "passk: columns, and no k too large"
"$largek" passk r.safetensors --k 1,1e30 --format csv -q | cut -d, -f1,2,9-12
"$largek" passk r.safetensors -t 0.2 --format csv -q | wc -l
"$largek" passk r.safetensors --with run.safetensors --k 1 --format csv 2>&1 >/dev/null
status "$largek" passk r.safetensors --k 0.5
status "$largek" passk r.safetensors --k 1:1e30
status "$largek" passk r.safetensors --per-problem
status "$largek" passk run.safetensors --k 1e30
status "$largek" passk run.safetensors --with r.safetensors
status "$largek" passk r.safetensors -t 0.5

echo "tails"
"$largek" tails r.safetensors --format csv --replicates 9 | cut -d, -f1-4
"$largek" tails r.safetensors --list --quantiles 0,0.5,1 --format csv | cut -d, -f1-4
status "$largek" tails r.safetensors --list --quantiles 2
status "$largek" tails run.safetensors

echo "fit"
"$largek" fit r.safetensors -t 0.2 --law all --format csv -q | cut -d, -f1-4,12
"$largek" fit r.safetensors -t 0.2 --law lognormal --goodness 9 --format json -q |
    grep -oE '"(law|problems|exponent|status)":[^,]*'
status "$largek" fit r.safetensors -t 0.2 --law beta-binomial
status "$largek" fit r.safetensors -t 0.2 --group x
status "$largek" fit r.safetensors -t 0.2 --folds 2

echo "forecast: as passk, and attempts for a target"
"$largek" forecast r.safetensors --k 1,1e30 --format csv -q | cut -d, -f1-3,9,13-15
"$largek" passk r.safetensors --k 1:1e6:log=1 --resamples 1000 --format csv -q |
    cut -d, -f1-3,5-6 >p.csv
"$largek" forecast r.safetensors --k 1:1e6:log=1 --format csv -q |
    cut -d, -f1,3-6 | cmp - p.csv
k=$("$largek" forecast r.safetensors -t 0.2 --target 0.995 --format csv -q |
    sed 1d | cut -d, -f4)
"$largek" passk r.safetensors -t 0.2 --k "$k" --format csv -q | sed 1d | cut -d, -f3 | cut -c1-6
"$largek" forecast r.safetensors -t 0.1 --target 0.9 --format csv -q | cut -d, -f1-4,7,12
status "$largek" forecast r.safetensors -t 0.1 --target 0.9 --strict -q >/dev/null
status "$largek" forecast r.safetensors --law levi
status "$largek" forecast r.safetensors --k 0.1
status "$largek" forecast r.safetensors --resamples 0

echo "plot rare"
status "$largek" plot rare r.safetensors --with run.safetensors -o f.svg --keep kept
grep -c '<svg' f.svg
ls kept
grep -c '^# distribution' kept/rare.dat
status "$largek" plot rare r.safetensors -o f.xyz

echo "commands of counts say who takes estimates"
status "$largek" plot passk r.safetensors -o f.svg
