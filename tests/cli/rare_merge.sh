# `largek rare --shard`, `largek merge` of estimates and what `largek info result` says of them:
# parts of a run, in any order, are the run.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
{
    printf '\000\000\010\003\000\000\000\006\000\000\000\002\000\000\000\002'
    for i in 1 2 3; do printf '\000\100\200\377\377\100\200\000'; done
} >images.idx
"$largek" train vae --data images.idx --images 6 --hidden 8 --latent 2 --epochs 20 \
    -o m.safetensors -q >/dev/null
rare() {
    "$largek" rare -m m.safetensors -d images.idx -t 0.03,0.1,0.2 --rel-error 0.05 -q \
        --format csv "$@"
}
merge() { "$largek" merge "$@"; }
status() { "$@" || echo "status $?"; }
facts() { sed 's/[0-9a-f]\{32\}/DIGEST/g' | grep -vE '^(device|path|seconds) ' | tr -s ' '; }

echo "four shards, and the run they are"
rare -o whole.safetensors --per-problem >whole.csv
for i in 3 1 4 2; do rare -o run.safetensors --shard $i/4 --threads 1 >/dev/null; done
ls run.*
rare -o run.safetensors --shard 2/4 --per-problem | cut -d, -f1,2
merge run.shard-*.safetensors -o run.safetensors --format csv
rare -o run.safetensors --per-problem | cmp - whole.csv
"$largek" passk whole.safetensors --format csv -q >whole.passk
"$largek" passk run.safetensors --format csv -q | cmp - whole.passk

echo "what they hold"
"$largek" info result run.shard-2-of-4.safetensors | facts
"$largek" info result run.safetensors --format json | grep -o '"problems_done":6'

echo "again, with the merged one, and held against counts: the same"
merge run.shard-*.safetensors -o run.safetensors 2>&1 | grep nothing
"$largek" sample -m m.safetensors -d images.idx -t 0.1,0.2 -n 20000 -o counts.safetensors \
    -q >/dev/null
rare -o run.safetensors --check counts.safetensors >/dev/null
rare -o run.safetensors --shard 1/4 --check counts.safetensors --strict >/dev/null
merge run.shard-3-of-4.safetensors run.safetensors -o again.safetensors --format csv
rare -o again.safetensors --per-problem >again.csv
rare -o run.safetensors --per-problem | cmp - again.csv

echo "what is missing is told, and made by the command without --shard"
merge run.shard-1-of-4.safetensors run.shard-3-of-4.safetensors -o gap.safetensors \
    --format json
status "$largek" passk gap.safetensors
rare -o gap.safetensors --per-problem | cut -d, -f1-16,18 >gap.csv
cut -d, -f1-16,18 whole.csv | cmp - gap.csv

echo "what is refused"
merge gap.safetensors run.safetensors -o all.safetensors -q >/dev/null
status merge run.shard-2-of-4.safetensors -o gap.safetensors
status merge run.safetensors -o images.idx
status merge run.safetensors counts.safetensors -o x.safetensors
status merge counts.safetensors run.safetensors -o x.safetensors 2>&1 | head -n 2
rare -o seed.safetensors --seed 2 >/dev/null
status merge run.safetensors seed.safetensors -o x.safetensors
rare -o few.safetensors --problems 0:5 >/dev/null
status merge run.safetensors few.safetensors -o x.safetensors 2>&1 |
    sed 's/[0-9a-f]\{32\}/DIGEST/g'
"$largek" rare -m m.safetensors -d images.idx -t 0.03,0.1,0.2 --rel-error 0.04 -q \
    -o error.safetensors >/dev/null
status merge run.safetensors error.safetensors -o x.safetensors
"$largek" rare -m m.safetensors -d images.idx -t 0.03,0.1,0.2 --rel-error 0.05 -q \
    --starts 3 -o starts.safetensors >/dev/null
status merge run.safetensors starts.safetensors -o x.safetensors
status merge run.safetensors missing.safetensors -o x.safetensors
ls x.safetensors 2>/dev/null || echo "no x.safetensors"
merge run.shard-2-of-4.safetensors -o gap.safetensors --force -q >/dev/null
for text in 0/3 4/3 auto; do status rare -o y.safetensors --shard "$text"; done
SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=2 \
    rare -o slurm.safetensors --shard auto >/dev/null
ls slurm*
rare -o tiny.safetensors --shard 9/10 | cut -d, -f1-3 # no problem is dealt to it

echo "a pipe is read once"
printf 'id,n,c\na,10,3\nb,10,0\n' >counts.csv
mkfifo pipe
cat counts.csv >pipe &
"$largek" passk pipe --k 1 --format csv | cut -d, -f1-3
cat counts.csv >pipe &
status "$largek" passk pipe --with counts.safetensors 2>&1
cat <pipe >/dev/null
