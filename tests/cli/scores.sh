# `largek sample` by several scores: each draw made once, counts as of runs apart.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
{
    printf '\000\000\010\003\000\000\000\014\000\000\000\002\000\000\000\002'
    for i in 1 2 3 4 5 6; do printf '\000\100\200\377\377\100\200\000'; done
} >images.idx
"$largek" train vae --data images.idx --images 12 --hidden 8 --latent 2 --epochs 20 \
    -o m.safetensors -q >/dev/null
sample() { "$largek" sample -m m.safetensors -d images.idx "$@"; }
lists='mse:0.1,0.15;l2:0.6,0.8;rel-l2:0.5,0.6'
all() { sample --score mse,l2,rel-l2 -t "$lists" "$@"; }
status() { "$@" || echo "status $?"; }

echo "every cell is a run of its own"
all -n 900 -T 0.9,1.1 -o s.safetensors --format csv 2>s.err >s.csv
grep -o 'cell.*' s.err
cut -d, -f1-5 s.csv
for t in 0.9 1.1; do
    for score in mse:0.1,0.15 l2:0.6,0.8 rel-l2:0.5,0.6; do
        sample -n 900 -T $t --score "${score%%:*}" -t "$score" -o t.safetensors --force \
            -q --format csv | tail -n +2
    done
done >t.csv
tail -n +2 s.csv | cut -d, -f3- | cmp - t.csv
all -n 900 -T 0.9,1.1 -o s.safetensors --format csv 2>&1 >again.csv
cmp again.csv s.csv

echo "a score, a temperature and draws more"
sample -n 500 -T 1.1 --score l2 -t 0.6,0.8 -o g.safetensors -q >/dev/null
sample -n 700 -T 1.1 --score mse,l2 -t "${lists%;*}" -o g.safetensors 2>&1 >/dev/null | grep -o 'cell.*'
all -n 900 -T 0.9,1.1 -o g.safetensors -q --format csv | cmp - s.csv
"$largek" info result g.safetensors | sed 's/digest [0-9a-f]*/digest D/'

echo "stopped and gone on with"
code=75
i=1
while [ $code = 75 ]; do
    code=0
    all -n 20000 -o k.safetensors -q --format csv \
        --max-time "$(printf '%d.%02ds' $((i / 50)) $((2 * i % 100)))" >k.csv 2>/dev/null ||
        code=$?
    i=$((2 * i))
done
echo "status $code"
all -n 20000 -o w.safetensors -q --format csv --threads 2 --tile 7 | cmp - k.csv

echo "statistics by score"
"$largek" passk s.safetensors --k 10 --format csv | cut -d, -f1-4,9
"$largek" passk s.safetensors --k 10 -t 0.6 --format csv | cut -d, -f1-4,9

echo "more thresholds than a run counts are made in two"
sample -n 50 --score mse,sse --threshold 0.01:0.4:0.01 -o many.safetensors 2>&1 >/dev/null |
    grep -o 'cell.*'

echo "refused"
status sample -o x.safetensors --score mse,l3
status sample -o x.safetensors --score mse,
status sample -o x.safetensors --score mse,l2,mse
status sample -o x.safetensors --score mse,l2 -t 'mse:0.1'
status sample -o x.safetensors --score mse,l2 -t 'mse:0.1;l2:1;mse:2'
status sample -o x.safetensors --score mse -t 'mse:0.1;l2:1'
status sample -o x.safetensors --score mse,l2 -t 'mse:0.1,0.2;l2:1'
status sample -o x.safetensors --score mse,l2 -t 'mse:0.1;l2'
status sample -o x.safetensors --score mse,l2 -t 'mse:0.1;l2:x'
status sample -o x.safetensors --score mse,l2 -t 'mse:0.1;l2:-1'
status sample -o x.safetensors --score mse,l2 -t 0.1 --until successes=3
status sample -o s.safetensors -n 900 -T 0.9,1.1 --score mse,l2 -t "${lists%;*}" 2>&1 |
    sed 's/digest [0-9a-f]*/digest D/'
