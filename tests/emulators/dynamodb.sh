#!/usr/bin/env bash
# The DynamoDB emulator: dynalite, an npm package, with dynamodb.js in front of it.
#
#   dynamodb.sh start FOLDER PORT   starts it on 127.0.0.1:PORT, waits until it answers, prints FRAZIL_TEST_DYNAMODB=URL; does nothing more when it runs already
#   dynamodb.sh stop FOLDER PORT    ends it
#
# Everything it keeps is under FOLDER; tables are in memory only. Exits 1, with the reason on the last line, when it cannot start.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
usage='usage: dynamodb.sh start|stop FOLDER PORT'
action=${1:?$usage} folder=${2:?$usage} port=${3:?$usage}
dynalite=dynalite@4.0.0
# shellcheck source=npm.sh
. "$here/npm.sh"

answers() {
  curl -s -m 5 -o /dev/null -X POST "http://127.0.0.1:$port/" -H 'content-type: application/x-amz-json-1.0' -H 'x-amz-target: DynamoDB_20120810.ListTables' \
    -H 'x-amz-date: 20260101T000000Z' -H 'authorization: AWS4-HMAC-SHA256 Credential=x/20260101/x/dynamodb/aws4_request, SignedHeaders=host, Signature=x' -d '{}'
}

alive() { [ -f "$folder/pid" ] && ps -o command= -p "$(cat "$folder/pid")" 2>/dev/null | grep -q "dynamodb.js $port"; }

start() {
  if ! alive; then
    install "$dynalite"
    DYNALITE_FROM=$folder/package.json apart node "$here/dynamodb.js" "$port" >"$folder/log" 2>&1 </dev/null &
    echo $! >"$folder/pid"
  fi
  wait_until_it_answers
  echo "FRAZIL_TEST_DYNAMODB=http://127.0.0.1:$port"
}

run
