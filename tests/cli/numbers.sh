# Numbers on the command line: exact, or refused with option, value and reason.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf 'id,n,c\na,1000,10\nb,2000,0\n' >counts.csv

k() { "$largek" passk counts.csv --k "$1" --format csv | cut -d, -f2 | tr '\n' ' ' && echo; }
k 1e2
k 2^4,1k
k 1:5
k 1:10:3
k 1:1000:log
k 1:1k:log=1
printf '5 10\n1e2\n' >ks
k @ks

refuse() { "$largek" passk counts.csv "$@" || echo "status $?"; }
refuse --k 1.5
refuse --k 0
refuse --k -1
refuse --k 1_000
refuse --k 5:1
refuse --k 0:10:log
refuse --k 2^63
refuse --k 1:1e9
refuse --k 1,two
refuse --k @none
refuse --k 1 --k 2
refuse --level 95
refuse --resamples 0
refuse --seed 18446744073709551616
refuse --threshold 0.1:0.2
