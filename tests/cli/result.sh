# From images to a figure: every command that takes a result takes this one.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
{
    printf '\000\000\010\003\000\000\000\014\000\000\000\002\000\000\000\002'
    for i in 1 2 3 4 5 6; do printf '\000\100\200\377\377\100\200\000'; done
} >images.idx
"$largek" train vae --data images.idx --images 12 --hidden 8 --latent 2 --epochs 20 \
    -o m.safetensors -q >/dev/null
"$largek" sample --model m.safetensors --data images.idx --draws 1000 --threshold 0.05,0.1 \
    -o run.safetensors -q >/dev/null

"$largek" passk run.safetensors --format csv | cut -d, -f1,2,7,8 | sed -n '1,3p;$p'
"$largek" passk run.safetensors --threshold 0.1 --k 1 --format csv | wc -l
"$largek" passk run.safetensors --k 1001 || echo "status $?"
"$largek" passk run.safetensors --threshold 0.07 || echo "status $?"
"$largek" info result run.safetensors | grep -E '^(problems |score|thresholds|seed|attempts|draws|done|gaps|missing|first_gap|checkpoints)'
"$largek" sample --model m.safetensors --data images.idx --draws 1e5 --problems 0:11 \
    --threshold 0.00123456789012:0.9:log=22 -o many.safetensors -q >/dev/null
"$largek" info result many.safetensors | grep attempts_total # all digits
"$largek" info result many.safetensors | grep '^thresholds' | tr ',' '\n' | sed -n '$=;$p'
"$largek" info result m.safetensors 2>/dev/null || echo "status $?"
head -c 3000 run.safetensors >cut.safetensors # no counts, but a damaged result
{ "$largek" passk cut.safetensors 2>&1 || echo "status $?"; } | sed 's/ of [0-9]*$//'
if command -v gnuplot >/dev/null; then
    "$largek" plot passk run.safetensors -o run.svg
    grep -qF 'threshold (mse)' run.svg
    grep -qF '12 problems, n = 1000 attempts each' run.svg
fi
