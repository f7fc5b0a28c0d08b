# `largek train vae`: repeatable, careful with files, stoppable.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
# 12 images of 2 x 2 pixels
{
    printf '\000\000\010\003\000\000\000\014\000\000\000\002\000\000\000\002'
    for i in 1 2 3 4 5 6; do printf '\000\100\200\377\377\100\200\000'; done
} >images.idx
train() {
    "$largek" train vae --data images.idx --images 12 --hidden 8,4 --latent 2 --batch 4 "$@"
}

train -o m1.safetensors --epochs 5 --threads 1 | grep -v '^loss'
train -o m2.safetensors --epochs 5 --threads 2 -q >/dev/null
cmp m1.safetensors m2.safetensors
train -o m3.safetensors --epochs 5 --seed 2 --format json |
    grep -cE '"images":12,"epochs":5,"loss":[0-9.]+'
cmp -s m1.safetensors m3.safetensors || echo "another seed is another model"
"$largek" info model m1.safetensors | grep -E '^(latent|pixels|decoder|encoder|mu|logvar) '
"$largek" info model m1.safetensors | grep -o '"epochs":5.*"seed":"1"'

refuse() { train "$@" || echo "status $?"; }
refuse -o m1.safetensors --epochs 5
refuse -o - --epochs 5
refuse -o no/such/folder/m.safetensors --epochs 5
refuse -o m4.safetensors --problems 0:4
refuse -o m4.safetensors --activation rlu
"$largek" train vae --data images.idx -o m4.safetensors || echo "status $?"
"$largek" train vae --data images.idx -o m4.safetensors --problems 3,12 || echo "status $?"
"$largek" train vae --data none -o m4.safetensors || echo "status $?"
"$largek" train vae --data images.idx || echo "status $?"
train -o m1.safetensors --epochs 6 --force -q >/dev/null
cmp -s m1.safetensors m2.safetensors || echo "forced"

# Ten million epochs: only the signal can end them.
"$largek" train vae --data images.idx --images 12 -o m5.safetensors --epochs 1e7 -q &
pid=$!
sleep 1
kill -TERM $pid
wait $pid || echo "status $?"
ls
