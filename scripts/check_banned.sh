#!/bin/sh
# check_banned.sh - functions that this project does not use, and why.
set -eu
cd "$(dirname "$0")/.."

bad=0
ban() { # ban REGEX WHY
    if grep -rnE --include='*.[ch]' --include='*.cu' --include='*.cuh' "\\b($1)[[:space:]]*\\(" \
        src include $(test -d cuda && echo cuda); then
        echo "banned: $2" && bad=1
    fi
}
ban 'atoi|atol|atof' "no way to see a failure; use src/cli/number.h"
ban 'sprintf|vsprintf|strcpy|strcat|gets' "no bound on what is written"
ban 'system|popen' "a shell reads what a user typed"
ban 'rand|srand|drand48' "every random number has an address; use largek/stream.h"
ban 'gsl_cdf_beta_[PQ]inv' "aborts or does not converge for large parameters"
ban 'gsl_(ran|cdf)_(binomial|poisson|hypergeometric|negative_binomial)[A-Za-z_]*' \
    "counts are 64 bit, these take unsigned int"
ban 'abort|exit' "the library reports, it does not end the program"
exit $bad
