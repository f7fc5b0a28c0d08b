# `largek forecast`: forecasts, targets, backtests, and what it refuses.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
awk 'BEGIN { print "id,n,c"; for (i = 0; i < 40; i++) print i ",200," int(200 * (i / 45) ^ 5) }' >counts.csv
printf 'id,n,c\na,10,0\nb,10,0\n' >none.csv
printf 'id,n,c\na,10,3\n' >one.csv
# numbers to three digits, so that another machine's last digits do not matter
round() { awk -F, -v OFS=, '{ for (i = 1; i <= NF; i++) if ($i ~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/) $i = sprintf("%.3g", $i); print }'; }

echo "# two laws, new problems and these"
"$largek" forecast counts.csv --k 1,1e3,1e12 --law beta-binomial,levi --resamples 200 --format csv | round
"$largek" forecast counts.csv -q --k 1,1e6 --of these --format csv | round
echo "# a target; none of the bootstrap"
"$largek" forecast counts.csv --target 0.9 --law beta-binomial,power-law --resamples 0 --format csv | round
echo "# a backtest"
"$largek" forecast counts.csv --backtest --attempts 20 --share 0.75 --repeats 20 --law beta-binomial,power-law --format csv | round
echo "# threads change nothing"
"$largek" forecast counts.csv -q --resamples 50 --threads 1 --format json >1
"$largek" forecast counts.csv -q --resamples 50 --threads 3 --format json -o 2
cmp 1 2
head -c 60 1 && echo

refuse() { "$largek" forecast "$@" || echo "status $?"; }
refuse none.csv --k 1 --format csv
refuse one.csv --k 1 --format csv
refuse one.csv --k 1 --law exp-power-law --resamples 0 --strict -q --format csv | round
refuse counts.csv -q --k 1e6 --resamples 0 --strict --format csv | round
refuse counts.csv --k 0
refuse counts.csv --k 2^63
refuse counts.csv --law beta 2>&1 | cut -c1-50
refuse counts.csv --law levi,levi
refuse counts.csv --law levi --of these
refuse counts.csv --target 1
refuse counts.csv --backtest --target 0.5
refuse counts.csv --backtest --share 2
refuse counts.csv --backtest --k 201
refuse counts.csv --backtest --attempts 300
refuse counts.csv --law power-law --grid 1:300:log
