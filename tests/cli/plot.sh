# `largek plot passk`: pictures of three types, the data behind them, and what it refuses.
command -v gnuplot >/dev/null || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir tmp
export TMPDIR="$folder/tmp"
cat >counts.csv <<'END'
id,n,c,threshold
a,100,1,0.1
b,100,30,0.1
c,100,0,0.1
a,100,50,0.2
b,100,99,0.2
c,100,20,0.2
END

"$largek" plot passk counts.csv -o out.svg --keep kept --title "it's {a} <b> & \"c\" \\d"
"$largek" plot passk counts.csv -o out.png
"$largek" plot passk counts.csv -o out.pdf
head -c 4 out.pdf && echo
head -c 4 out.png | tail -c 3 && echo
if command -v xmllint >/dev/null; then xmllint --noout out.svg; else grep -q '</svg>' out.svg; fi
for text in 'threshold' '0.1' '0.2' 'pass@k (share of problems)' 'attempts per problem, k' \
    "it's {a} &lt;b" 'mean over all problems' '2 single problems' \
    '3 problems, n = 100 attempts each'; do
    grep -qF "$text" out.svg || echo "no '$text' in out.svg"
done
if grep -qE 'href="(https?:|file:|/)' out.svg; then echo "out.svg wants other files"; fi

echo "# the data: blocks of k pass lo hi, the mean, the two problems with a success"
ls kept tmp
grep '^#' kept/passk.dat
"$largek" passk counts.csv --k 10 --threshold 0.1 --format csv | cut -d, -f2-3
grep '^10 ' kept/passk.dat | cut -d' ' -f1,2 | cut -c1-12
(cd kept && gnuplot passk.gp && ls)

echo "# labels: whole characters of UTF-8, no line ends; what is not drawn is counted"
long=a23456789012345678901234567
printf 'model,id,n,c\n\303\251%s\303\251,1,9,0\n"a\n\n\nb",1,9,2\n"a\n\n\nb",2,9,9\n' \
    $long >long.csv
"$largek" plot passk long.csv -o long.svg --keep kept
if command -v iconv >/dev/null; then iconv -f UTF-8 -t UTF-8 long.svg >/dev/null; fi
grep '^# curve' kept/passk.dat
grep -o 'intervals (.*)' long.svg
"$largek" plot passk long.csv --group '' -o pooled.svg
grep -oE '[0-9]+ (single problem|without a .*shown)' pooled.svg | sort -u
awk 'BEGIN { print "id,n,c"; for (i = 0; i < 100; i++) print i ",300," 2 * i }' >many.csv
"$largek" plot passk many.csv -o many.svg
grep -oE '[0-9]+ (single problem.* of [0-9]+|without a .*shown)' many.svg | sort -u
printf 'id,n,c\na,10,3\n' >one.csv
"$largek" plot passk one.csv -o one.svg
grep -o 'bands.*)' one.svg

echo "# 64 curves: some of the labels, none over another"
awk 'BEGIN { print "id,n,c,threshold"; for (i = 0; i < 64; i++) print "a,99," (i < 32 ? 0 : i) ",0." i + 10 }' >64.csv
"$largek" plot passk 64.csv -o 64.svg --keep kept
grep -E "^set label [1-9][0-9]" kept/passk.gp | sed 's/.*graph 1.04,\([-0-9.]*\).*/\1/' |
    sort -n | awk '$1 < 0 || (NR > 1 && $1 - last < 0.05) { print "bad place" } { last = $1 } END { print NR }'

echo "# every estimate 0: still a picture"
printf 'id,n,c\na,10,0\nb,10,0\n' >none.csv
"$largek" plot passk none.csv -o none.svg
grep -c 'nothing to draw' none.svg

refuse() { "$largek" plot passk "$@" || echo "status $?"; }
refuse counts.csv -o out.gif
refuse counts.csv
refuse counts.csv -o no/such/folder/out.svg
refuse counts.csv -o out2.svg --k 101
PATH=/none refuse counts.csv -o out2.svg
ls . tmp
