# `largek info`: build and features, in lines and as JSON.
"$largek" info | cut -d' ' -f1
"$largek" info --threads 3 --format json | grep -oE '^\{"schema":1,"command":"info"|"threads":3'
"$largek" info model /no/such/file || echo "status $?"
"$largek" info result /no/such/file || echo "status $?"
"$largek" info --format xml || echo "status $?"
