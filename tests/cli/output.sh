# Output that cannot be written is exit 4, and a failure leaves nothing half done.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf 'id,n,c\na,10,1\nb,20,3\n' >counts.csv

"$largek" passk counts.csv >/dev/full || echo "status $?"
"$largek" help >/dev/full || echo "status $?"
"$largek" --version >&- || echo "status $?"
"$largek" passk counts.csv -o kept.csv --format csv >&- || echo "status $?"
"$largek" passk counts.csv --k 1,99 -o left.csv || echo "status $?"
"$largek" passk counts.csv --k 1,99 --format json || echo "status $?"
(ulimit -f 0; "$largek" passk counts.csv -o limited.csv 2>&1 || echo "status $?") | cat
ls
