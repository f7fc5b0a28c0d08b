# `largek sample --shard` and `largek merge`: parts of a run, in any order, are the run.
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
merge() { "$largek" merge "$@"; }
status() { "$@" || echo "status $?"; }
no_digests() { sed 's/[0-9a-f]\{32\}/DIGEST/g'; }

echo "three shards, and the run they are"
sample -n 9000 -o whole.safetensors --format csv >whole.csv
sample -n 9000 -o run.safetensors --shard 3/3 >/dev/null
sample -n 9000 -o run.safetensors --shard 1/3 --trace 4 >/dev/null
sample -n 2000 -o run.safetensors --shard 2/3 --trace 4 >/dev/null
sample -n 9000 -o run.safetensors --shard 2/3 --trace 4 >/dev/null # extended
ls run.*
merge run.shard-*.safetensors -o run.safetensors --format csv
sample -n 9000 -o run.safetensors --format csv | cmp - whole.csv
"$largek" info result run.safetensors | grep -E '^attempts_(total|traced)' | tr -s ' '

echo "again, and with the merged one among them: the same"
cp run.safetensors kept.safetensors
merge run.shard-*.safetensors -o run.safetensors 2>&1 | grep nothing
merge run.shard-1-of-3.safetensors run.safetensors run.shard-1-of-3.safetensors \
    -o run.safetensors --format csv 2>&1
merge run.safetensors -o run.safetensors -q >/dev/null
cmp kept.safetensors run.safetensors

echo "a gap is reported, and filled by sample"
merge run.shard-1-of-3.safetensors run.shard-3-of-3.safetensors -o gap.safetensors \
    --format json
"$largek" info result gap.safetensors | grep -E '^(draws|done|gaps|missing|first_gap)' | tr -s ' '
sample -n 9000 -o gap.safetensors --format csv | cmp - whole.csv

echo "what is refused"
sample -n 9000 -o two.safetensors --shard 1/2 >/dev/null
status merge two.shard-1-of-2.safetensors run.shard-2-of-3.safetensors -o x.safetensors
sample -n 100 -o seed.safetensors --seed 2 >/dev/null
status merge whole.safetensors seed.safetensors -o x.safetensors
sample -n 100 -o few.safetensors --problems 0:5 >/dev/null
status merge whole.safetensors few.safetensors -o x.safetensors 2>&1 | no_digests
status merge run.shard-1-of-3.safetensors -o whole.safetensors
status merge whole.safetensors -o images.idx
status merge whole.safetensors m.safetensors -o x.safetensors
status merge whole.safetensors missing.safetensors -o x.safetensors
status merge whole.safetensors -o no/such/folder/x.safetensors
status merge whole.safetensors -o -
status merge -o x.safetensors
ls x.safetensors 2>/dev/null || echo "no x.safetensors"
merge run.shard-1-of-3.safetensors -o whole.safetensors --force -q >/dev/null
ls whole.safetensors.prev

echo "shards by hand and by Slurm"
for text in 0/3 4/3 2 a/b 1/65537 1/ /2 auto; do
    status sample -n 10 -o y.safetensors --shard "$text"
done
export SLURM_ARRAY_TASK_ID=9 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_MAX=11
export SLURM_ARRAY_TASK_STEP=2 SLURM_ARRAY_TASK_COUNT=5
sample -n 10 -o slurm.safetensors --shard auto >/dev/null
ls slurm.*
SLURM_ARRAY_TASK_COUNT=3 status sample -n 10 -o y.safetensors --shard auto
SLURM_ARRAY_TASK_ID=8 status sample -n 10 -o y.safetensors --shard auto
SLURM_ARRAY_TASK_ID=x status sample -n 10 -o y.safetensors --shard auto
SLURM_ARRAY_TASK_MIN=9 SLURM_ARRAY_TASK_MAX=9 SLURM_ARRAY_TASK_COUNT=1 \
    status sample -n 10 -o y.safetensors --shard auto
sample -n 1 -o tiny --shard 999/1000 --format csv # nothing is dealt to it
ls tiny*
