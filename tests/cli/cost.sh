# `largek cost`: costs by hand, budgets, contours, coverage, and what it refuses.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
awk 'BEGIN { print "id,n,c"; for (i = 0; i < 40; i++) print i ",200," int(200 * (i / 45) ^ 5) }' >counts.csv
# numbers to six digits, so that another machine's last digits do not matter
round() { awk -F, -v OFS=, '{ for (i = 1; i <= NF; i++) if ($i ~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/) $i = sprintf("%.6g", $i); print }'; }
model='--flops-per-token 2e9 --prompt-tokens 200 --answer-tokens 500 --rate 1e12 --prompt-price 3 --answer-price 15'

echo "# k attempts: 2e9 (200 + 500 k) FLOPs; without a cache 2e9 700 k"
"$largek" cost $model --k 1,10,1000
"$largek" cost $model --no-cache --k 10 --format json
"$largek" cost --params 12e9 --layers 36 --dim 5120 --context 2048 --k 1 --format csv
"$largek" cost --answer-tokens 7 --k 3 --format csv

echo "# with pass@k, by the estimator and by a law"
"$largek" cost counts.csv $model --k 1,200 --format csv | round
"$largek" cost counts.csv $model --k 1,1e6 --law beta-binomial --format csv | round

echo "# budgets: 1.4e12, 2.4e12 and 1.004e14 FLOPs buy 1, 2 and 100 attempts"
"$largek" cost counts.csv $model --budget 1e9,1.4e12,2.4e12,1.004e14 --format csv | round
"$largek" cost $model --budget 0.0081,0.0156 --unit money --format csv
"$largek" cost counts.csv $model --budget 1e13,1e14 --contour tokens=100,1000 --law levi --format csv | round
"$largek" cost counts.csv $model --budget 1e13 --contour flops-per-token=1e9:1e11:log=1 --format csv | round

echo "# coverage"
"$largek" cost counts.csv $model --coverage --k 1,10,200 --format csv | round
"$largek" cost counts.csv --answer-tokens 10 --coverage --k 1,1e3,1e9 --law beta-binomial --format csv | round

refuse() { "$largek" cost "$@" || echo "status $?"; }
refuse counts.csv --k 201
refuse --coverage
refuse --law levi
refuse --params 1e9 --flops-per-token 1e9
refuse --params 1e9 --layers 3
refuse --budget 1e9
refuse --params 1e9 --budget 1 --unit money
refuse --params 1e9 --budget 1 --k 1
refuse --params 1e9 --contour tokens=1
refuse --params 1e9 --budget 1 --contour token=1
refuse --params 1e9 --budget 1 --contour tokens=0
refuse --params -1
printf 'id,n,c\na,10,0\nb,10,0\n' >none.csv
refuse none.csv --law beta-binomial
"$largek" cost none.csv --coverage --k 1,10 --format csv
