# `largek passk`: other metrics, posteriors, and what decided the numbers of attempts.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf 'id,n,c\na,5,3\nb,5,4\n' >scorio.csv
printf 'id,n,c\na,10,3\nb,25,3\nc,40,1\n' >until.csv
cut='cut -d, -f2-6,8-'

echo "# the example of the scorio library at k = 2: .95, .45, .839286 with sd .097263"
"$largek" passk scorio.csv --k 2 --interval delta --format csv | $cut
"$largek" passk scorio.csv --k 2 --metric pass^k --interval bayes --format csv | $cut
"$largek" passk scorio.csv --k 2,100 --estimator bayes --interval bayes --per-problem
"$largek" passk scorio.csv --k 2 --estimator bayes --format json

echo "# shares of attempts: at least 2 of 4, the mean over shares, at c/n"
"$largek" passk scorio.csv --k 4 --metric g-pass@k=0.5 --per-problem --format csv | $cut
"$largek" passk scorio.csv --k 4 --metric mg-pass@k --per-problem --format json
"$largek" passk scorio.csv --k 4,1e6 --metric g-pass@k=0.7 --estimator plugin --format csv | $cut

echo "# until the third success, or 40 attempts: 2/9, 2/24, 1/40"
"$largek" passk until.csv --design until=3 --k 1,40 --per-problem --format csv | $cut
"$largek" passk until.csv --design stopped --estimator plugin --k 1 --per-problem --format csv | $cut

echo "# one problem"
printf 'id,n,c\na,10,0\n' >one.csv
"$largek" passk one.csv --k 1,1e18 --estimator bayes --format csv | $cut
"$largek" passk one.csv --k 1 --binomial bayes --format csv | $cut
"$largek" passk one.csv --k 10 --design until=1 --format csv | $cut

refuse() { "$largek" passk "$@" || echo "status $?"; }
refuse until.csv --design stopped
refuse until.csv --design until=2
refuse until.csv --design until=0
refuse until.csv --design until=3 --k 41
refuse until.csv --design until=3 --metric pass^k
refuse until.csv --design sometimes
refuse scorio.csv --metric pass
refuse scorio.csv --metric g-pass@k=1.5
refuse scorio.csv --metric pass^k --k 6
refuse scorio.csv --metric mg-pass@k --estimator bayes
refuse scorio.csv --metric mg-pass@k --interval bayes
refuse scorio.csv --k 0
refuse scorio.csv --k 2^63 --estimator bayes
printf 'id,n,c\na,9007199254740992,3\n' >large.csv
refuse large.csv --k 1 --estimator bayes
