# `largek passk`: tables, CSV and JSON from counts, and what it refuses.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >counts.csv <<'END'
id,n,c
a,10,1
b,10,3
c,20,20
END
cat >groups.csv <<'END'
model,split,id,n,c,threshold
m1,x,1,10,5,0.1
m1,x,2,10,1,0.1
m1,y,1,10,0,0.1
m1,y,2,10,1,0.1
m2,x,1,10,10,0.1
m2,x,2,10,9,0.1
m1,x,1,10,7,0.2
m1,x,2,10,4,0.2
END

echo "# as a table, as CSV, as JSON"
"$largek" passk counts.csv
"$largek" passk counts.csv --k 2,10 --interval delta --format csv
"$largek" passk counts.csv --k 10 --interval percentile --per-problem --format json
"$largek" passk - --k 1 --format csv <counts.csv

echo "# groups, pooled groups, thresholds"
"$largek" passk groups.csv --k 1 --interval delta
"$largek" passk groups.csv --k 1 --interval delta --group model --format csv
"$largek" passk groups.csv --k 1 --interval delta --group '' --threshold 0.2 --format json

echo "# one problem; all fail; all succeed; the plug-in beyond n"
printf 'id,n,c\na,10,1\n' >one.csv
printf 'id,n,c\na,10,0\nb,10,0\n' >none.csv
printf 'id,n,c\na,10,10\nb,10,10\n' >all.csv
"$largek" passk one.csv --k 1,10 --format csv
"$largek" passk one.csv --k 1 --binomial jeffreys --format csv
"$largek" passk none.csv --k 1 --format csv
"$largek" passk all.csv --k 1 --format csv
"$largek" passk one.csv --k 100 --estimator plugin --format csv

echo "# threads and output change nothing"
"$largek" passk groups.csv --threads 1 >1
"$largek" passk groups.csv --threads 2 >2
"$largek" passk groups.csv -o 3
cmp 1 2
cmp 1 3

refuse() { "$largek" passk "$@" || echo "status $?"; }
refuse counts.csv --k 11
refuse groups.csv --threshold 0.3
refuse counts.csv --threshold 0.3
refuse groups.csv --group nodel
refuse groups.csv --group model,model
refuse none
printf 'id,n,c\na,10,1\na,5,5\n' >twice.csv
refuse twice.csv
"$largek" passk twice.csv --k 1 --on-duplicate sum --format csv
"$largek" passk twice.csv --k 1 --on-duplicate first --format csv
printf 'id,n,c\na,10,1\nb,0,0\n' >empty.csv
refuse empty.csv
printf 'id,n,c\na,10,11\n' >more.csv
refuse more.csv
refuse counts.csv -o no/such/folder/out.csv

# A pipe with a name can be read once, and is.
cat groups.csv | "$largek" passk /dev/stdin >4
cmp 1 4
gzip -c groups.csv | "$largek" passk /dev/stdin >5
cmp 1 5
