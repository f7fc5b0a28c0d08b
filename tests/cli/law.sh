# `largek law`: laws evaluated, listed, and what is refused.
digits() { sed 's/\([0-9]\.[0-9]\{10\}\)[0-9]*/\1/g'; } # of those that all machines share
"$largek" law
"$largek" law beta --param alpha=0.2,beta=3.5 --k 1,100,1e15 | digits
"$largek" law levi --param alpha=5,beta=0.35 --k 1e4,1e6 --format csv | digits
"$largek" law zero-inflated-beta --param zero=0.1,alpha=0.3,beta=4 --k 10 --format json | digits
"$largek" law uniform --k 10 --format json | digits

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$largek" law delta --param p=0.5 --k 1,2 -o "$folder/out" --format csv
digits <"$folder/out"

refuse() { "$largek" law "$@" || echo "status $?"; }
refuse betta
refuse gamma-poisson
refuse beta --param alpha=1
refuse beta --param alpha=1,beta=0
refuse beta --param alpha=1,beta=2,gamma=3
refuse beta --param alpha=1,alpha=2,beta=2
refuse beta --param alpha=1,beta
refuse beta --param alpha=1,beta=two
refuse uniform --param a=0.5,b=0.5
refuse beta --param alpha=1,beta=2 --k 0
