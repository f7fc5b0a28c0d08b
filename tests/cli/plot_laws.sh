# `largek plot fit` and `plot forecast`: pictures, the data behind them, and refusals.
command -v gnuplot >/dev/null || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir tmp
export TMPDIR="$folder/tmp"
awk 'BEGIN { print "model,id,n,c"; for (i = 0; i < 40; i++) print "it'\''s,",i ",200," int(200 * (i / 45) ^ 5); print "b,1,10,3" }' | tr -d ' ' >counts.csv

for kind in fit forecast; do
    "$largek" plot $kind counts.csv --pick "it's" -o $kind.svg --keep $kind --resamples 20 \
        --law beta-binomial,exp-power-law,levi
    "$largek" plot $kind counts.csv --pick "it's" -o $kind.png --resamples 0 --law levi-hazard
    if command -v xmllint >/dev/null; then xmllint --noout $kind.svg; fi
    for text in 'pass@k (share of problems)' 'attempts per problem, k' 'data, unbiased' \
        'beta-binomial' 'exp-power-law' '40 problems, n = 200 attempts each'; do
        grep -qF "$text" $kind.svg || echo "no '$text' in $kind.svg"
    done
    grep -c '^#' $kind/$kind.dat
    (cd $kind && gnuplot $kind.gp && ls)
done
head -c 4 fit.png | tail -c 3 && echo
grep -qF 'share of attempts that succeeded, c/n' fit.svg
grep -qF -e '-log pass@k' forecast.svg

echo "# shares of problems add up to 1, as seen and by the law; curves have none"
sed -n '/^# bin/,$p' fit/fit.dat | awk '!/^#/ { a += $2; b += $3; c = $4 } END { printf "%.6f %.6f %s\n", a, b, c }'
sed -n '/^# bin/,$p' fit/fit.dat | awk 'NR == 2 { print $1, $2 * 40 }'
awk -F, '$4 == 0' counts.csv | wc -l | tr -d ' '
awk 'NF == 7 && !/^#/ { k = $1 } END { print k }' forecast/forecast.dat

refuse() { "$largek" plot "$@" || echo "status $?"; }
refuse fit counts.csv -o out.svg
refuse forecast counts.csv --pick c -o out.svg
refuse fit counts.csv --pick b -o out.svg
refuse fit counts.csv --pick "it's" -o out.svg --law no-law 2>&1 | cut -c1-50
refuse forecast counts.csv --pick "it's" -o out.gif
ls . tmp
