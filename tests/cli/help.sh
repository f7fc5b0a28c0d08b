# `largek help`: what there is, and what somebody may have meant.
"$largek" help
"$largek" --version
"$largek" help passk | sed -n 1,3p
"$largek" passk --help | sed -n 1p
"$largek" help train vae | sed -n 1p
"$largek" help train | sed -n 1p
"$largek" help --man passk | sed -n 2,6p
"$largek" help --completion bash | grep -c '^complete'

complain() { "$largek" "$@" || echo "status $?"; }
complain >/dev/null 2>&1
complain pask
complain trian
complain train
complain train vea
complain info modle
complain frobnicate
complain help pask
complain help passk now
complain passk
complain passk a.csv --trheshold 1
complain passk a.csv --format jsno
complain passk a.csv extra
complain passk --help=no
