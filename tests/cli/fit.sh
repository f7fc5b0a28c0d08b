# `largek fit`: fits as a table, CSV and JSON, and what counts cannot tell.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
{
    echo model,id,n,c
    i=0
    for c in 0 0 0 0 1 1 2 3 4 5 7 9 12 15 20 26 33 41 55 80 0 2 6 11 18 29; do
        i=$((i + 1))
        echo "small,$i,200,$c"
        echo "large,$i,$((100 + i)),$((c * 3 / 4 + i))"
    done
} >counts.csv

echo "# the numbers are tested elsewhere; here, their places"
"$largek" fit counts.csv | cut -c 1-62
"$largek" fit counts.csv --law beta-binomial,discretised-beta --group '' --interval none \
    --folds 4 --goodness 19 --format csv | sed 's/\([0-9]\.[0-9]\{6\}\)[0-9]*/\1/g'
"$largek" fit counts.csv --law scaled-beta-binomial --scale 0.7 --interval wald \
    --format json >fit.json
sed 's/\([0-9]\.[0-9][0-9][0-9]\)[0-9]*/\1/g' fit.json

echo "# threads change nothing"
"$largek" fit counts.csv --law kumaraswamy-binomial --threads 1 >1
"$largek" fit counts.csv --law kumaraswamy-binomial --threads 3 -o 3
cmp 1 3

refuse() { "$largek" fit "$@" || echo "status $?"; }
echo "# what counts cannot tell"
printf 'id,n,c\na,10,0\nb,10,0\n' >none.csv
printf 'id,n,c\na,10,1\n' >one.csv
printf 'id,n,c\na,9,3\nb,9,3\nc,9,3\n' >same.csv
refuse none.csv --format json
refuse one.csv --format csv
refuse same.csv --format csv --interval none | cut -d , -f 1-4,12
refuse same.csv --format csv --interval none --strict --quiet -o strict.csv
wc -l <strict.csv
echo "# usage"
refuse counts.csv --law beta-binominal
refuse counts.csv --law beta-binomial,beta-binomial
refuse counts.csv --law ''
refuse counts.csv --scale 2
refuse counts.csv --scale some
refuse counts.csv --level 1
refuse counts.csv --goodness 1e9
refuse none
