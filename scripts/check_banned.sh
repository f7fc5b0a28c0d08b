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
ban 'gsl_sf_(lnpoch|poch|pochrel|lnbeta|beta_inc|hyperg_2F1)[A-Za-z_]*' \
    "cancels or is not implemented where counts are large; use src/stats/special.h"
ban 'gsl_sf_(ln)?(choose|fact|doublefact)[A-Za-z_]*' "counts are 64 bit, these take unsigned int"
ban '[lt]gamma|gsl_sf_(ln)?gamma[A-Za-z_]*' \
    "differences of them lose every digit; use src/stats/special.h"
ban 'gsl_cdf_beta_[PQ]' "NaN at a = 1e6, b = 2e6; use src/stats/beta.h"
ban 'abort|exit' "the library reports, it does not end the program"
exit $bad
