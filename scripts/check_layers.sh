#!/bin/sh
# check_layers.sh - the layers, and proof that every #include points down them.
#
# A file may include public headers (largek/*.h), and private ones of its own folder or of
# a folder on a lower floor.  Folders on one floor do not know each other.
set -eu
cd "$(dirname "$0")/.."

floor() { # floor FOLDER: from 1; 0 where it is none of ours
    case $1 in
    base) echo 1 ;;
    io | stats | cost | plot) echo 2 ;;
    model | engine) echo 3 ;;
    backend | cluster) echo 4 ;;
    cli) echo 5 ;;
    *) echo 0 ;;
    esac
}

bad=0
for file in $(find src -name '*.[ch]'); do
    from=${file#src/} && from=${from%%/*}
    if [ "$(floor "$from")" = 0 ]; then
        echo "$file: src/$from is no layer" && bad=1 && continue
    fi
    for header in $(sed -n 's/^#include "\([a-z_]*\/[^"]*\)".*/\1/p' "$file"); do
        to=${header%%/*}
        if [ "$to" = largek ] || [ "$to" = "$from" ]; then continue; fi
        if [ "$(floor "$to")" = 0 ] || [ "$(floor "$to")" -ge "$(floor "$from")" ]; then
            echo "$file: includes $header, which does not lie below it" && bad=1
        fi
    done
done

forbid() { # forbid FOLDER HEADERS WHY
    if grep -rnE "#include \"largek/($2)\.h\"" "src/$1"; then
        echo "src/$1: $3" && bad=1
    fi
}
public='backend|mlp|model|problems|merge|rare|result|run|shared|sweep|tally|train|verify'
forbid stats "$public|safetensors|counts|outcomes" "statistics must not know engine, model or files"
forbid io "$public" "files must not know what is in them"
forbid plot "$public" "figures are made of plain numbers"
forbid model 'backend|tally|result|run|merge|rare|shared|sweep|verify' "models must not know who runs them"
forbid backend 'result|run|problems|merge|rare|shared|sweep|verify' "a backend knows its workload alone"
exit $bad
