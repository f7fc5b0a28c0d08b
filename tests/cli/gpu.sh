# GPUs that are absent, busy or lost, and plugins that are none: `auto` takes the cpu with one
# warning where there is a plugin, `cuda` ends with 6 and the reason, and nothing is lost.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
{
    printf '\000\000\010\003\000\000\000\014\000\000\000\002\000\000\000\002'
    for i in 1 2 3 4 5 6; do printf '\000\100\200\377\377\100\200\000'; done
} >images.idx
"$largek" train vae --data images.idx --images 12 --hidden 8 --latent 2 --epochs 5 \
    -o m.safetensors -q >/dev/null
plugins=${LARGEK_TEST_PLUGINS:?}
sample() { "$largek" sample -m m.safetensors -d images.idx -t 0.02,0.05 "$@"; }

# Messages without the program's folders and what the cpu is called.
gpu() {
    echo "$1, $2:"
    kind=$1 device=$2 code=0
    shift 2
    LARGEK_PLUGIN_DIR=$plugins/$kind sample -n 10 -o r.safetensors --force \
        --device "$device" "$@" >/dev/null 2>said || code=$?
    sed -e "s|$plugins|PLUGINS|g" -e 's/sample: device: .*/sample: device: the cpu/' \
        -e 's/ABI [0-9]*/ABI N/' -e '/ attempts in all; /d' -e 's/^/    /' said
    [ $code = 0 ] || echo "    exit $code"
}

for kind in missing foreign empty broken sound; do
    for device in auto cuda; do gpu $kind $device; done
done
export LARGEK_TEST_DEVICES=1
echo "one that is busy"
for device in auto cuda cuda:0,1 cuda:1; do gpu sound $device; done
echo "one without memory"
export LARGEK_TEST_DEVICES=full
for device in auto cuda; do gpu sound $device; done
unset LARGEK_TEST_DEVICES

echo "one that is lost in a run: the last checkpoint stays, another device goes on"
sample -n 20000 -o want.safetensors -q --format csv --device cpu >want.csv
for device in auto cuda; do
    code=0
    LARGEK_PLUGIN_DIR=$plugins/faulty sample -n 20000 -o f.safetensors --force --tile 64 \
        --checkpoint-every 0.000001s --device $device 2>said >/dev/null || code=$?
    grep -v 'device: ' said
    echo "exit $code"
    "$largek" info result f.safetensors |
        awk '/^attempts_total/ { print($2 > 0 && $2 < 240000 ? "some attempts" : "no checkpoint") }'
done
sample -n 20000 -o f.safetensors -q --format csv --device cpu | cmp - want.csv

echo "the library path is cuda's alone, and says what it is"
status=0
sample -n 10 -o l.safetensors --path library --device cpu || status=$?
echo "exit $status"
status=0
sample -n 10 -o want.safetensors --path library --device cpu || status=$?
echo "exit $status"
