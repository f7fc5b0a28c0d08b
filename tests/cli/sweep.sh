# `largek sample` over several temperatures and models: one result, cell by cell.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
{
    printf '\000\000\010\003\000\000\000\014\000\000\000\002\000\000\000\002'
    for i in 1 2 3 4 5 6; do printf '\000\100\200\377\377\100\200\000'; done
} >images.idx
for i in 20 40; do
    "$largek" train vae --data images.idx --images 12 --hidden 8 --latent 2 --epochs $i \
        -o m$i.safetensors -q >/dev/null
done
sample() { "$largek" sample -d images.idx -t 0.1,0.15 "$@"; }
one() { sample -m m20.safetensors "$@"; }
both() { sample -m m20.safetensors,m40.safetensors "$@"; }
status() { "$@" || echo "status $?"; }

echo "every cell is a run of its own"
one -n 900 -T 0.9,1.1,1.3 -o s.safetensors -q --format csv >s.csv
cut -d, -f1-4 s.csv
for t in 0.9 1.1 1.3; do
    one -n 900 -T $t -o t.safetensors --force -q --format csv | tail -n +2
done >t.csv
tail -n +2 s.csv | cut -d, -f2- | cmp - t.csv
one -n 900 -T 0.9,1.1,1.3 -o s.safetensors --format csv 2>&1 >again.csv
cmp again.csv s.csv

echo "more draws, more temperatures, more models"
one -n 500 -T 1.1 -o g.safetensors -q >/dev/null
one -n 500 -T 0.9,1.1 -o g.safetensors 2>&1 >/dev/null | grep cell
one -n 900 -T 0.9,1.1,1.3 -o g.safetensors -q --format csv | cmp - s.csv
both -n 900 -T 0.9,1.1,1.3 -o g.safetensors -q --format csv | cut -d, -f1-5
"$largek" info result g.safetensors | sed 's/digest [0-9a-f]*/digest D/'

echo "stopped and gone on with"
code=75
i=1
while [ $code = 75 ]; do
    code=0
    both -n 20000 -T 0.9,1.1,1.3 -o k.safetensors -q --format csv \
        --max-time "$(printf '%d.%02ds' $((i / 50)) $((2 * i % 100)))" >k.csv 2>/dev/null ||
        code=$?
    i=$((2 * i))
done
echo "status $code"
both -n 20000 -T 0.9,1.1,1.3 -o w.safetensors -q --format csv --threads 2 --tile 7 | cmp - k.csv

echo "statistics by cell"
"$largek" passk s.safetensors --k 1,10 -t 0.15 --interval delta --format csv | cut -d, -f1-3,8,9
"$largek" passk g.safetensors --k 10 -t 0.15 --group model --format csv | cut -d, -f1-3,8
if command -v gnuplot >/dev/null; then
    "$largek" plot passk s.safetensors -t 0.15 -o s.svg --keep figure && grep -c '^# curve' figure/passk.dat
else
    echo 3
fi

echo "--until holds for each cell"
one -n 900 -T 0.9,1.1 --until successes=20@0.15 -o u.safetensors -q --format csv | cut -d, -f1-3,9
one -n 900 -T 1.1 --until successes=20@0.15 -o v.safetensors -q --format csv | cut -d, -f1,2,8

echo "refused"
status one -n 900 -T 0.9,1.1 -o s.safetensors 2>&1 | sed 's/digest [0-9a-f]*/digest D/'
status one -n 900 -T 0.9,1.1,1.3 -o s.safetensors --seed 2
status one -n 900 -T 1.1 -o s.safetensors
status one -n 900 -T 0.9,1.1 --shard 1/2 -o x.safetensors
status one -n 900 -T 0.9,1.1 --trace 3 -o x.safetensors
status one -n 900 -T 0.9,-1 -o x.safetensors
status sample -m m20.safetensors,m20.safetensors -n 900 -o x.safetensors
status sample -m m20.safetensors, -n 900 -o x.safetensors
status sample -m m20.safetensors,none.safetensors -n 900 -o x.safetensors
status both -n 10 -o m40.safetensors --force
status "$largek" merge s.safetensors -o y.safetensors
cp s.safetensors d.safetensors
printf 'X' | dd of=d.safetensors bs=1 seek=5000 conv=notrunc 2>/dev/null
status one -n 900 -T 0.9,1.1,1.3 -o d.safetensors 2>&1 | grep -oE 'damaged|status 5'
