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
[[ $folder == /* ]] || folder=$PWD/$folder
dynalite=dynalite@4.0.0

refuse() { echo "dynamodb emulator: $1" >&2; exit 1; }

answers() {
  curl -s -m 5 -o /dev/null -X POST "http://127.0.0.1:$port/" -H 'content-type: application/x-amz-json-1.0' -H 'x-amz-target: DynamoDB_20120810.ListTables' \
    -H 'x-amz-date: 20260101T000000Z' -H 'authorization: AWS4-HMAC-SHA256 Credential=x/20260101/x/dynamodb/aws4_request, SignedHeaders=host, Signature=x' -d '{}'
}

alive() { [ -f "$folder/pid" ] && ps -o command= -p "$(cat "$folder/pid")" 2>/dev/null | grep -q "dynamodb.js $port"; }

# Its own session, so that it outlives whoever started it.
apart() { if command -v setsid >/dev/null; then exec setsid "$@"; else exec nohup "$@"; fi; }

start() {
  if ! alive; then
    command -v node >/dev/null || refuse 'node is not installed'
    command -v curl >/dev/null || refuse 'curl is not installed'
    ! answers || refuse "something else listens on port $port"
    mkdir -p "$folder" || refuse "cannot make $folder"
    if [ ! -d "$folder/node_modules/dynalite" ]; then
      command -v npm >/dev/null || refuse 'npm is not installed'
      echo '{"private":true}' >"$folder/package.json"
      (cd "$folder" && npm install --ignore-scripts --no-audit --no-fund --no-save "$dynalite") >"$folder/npm.log" 2>&1 ||
        refuse "npm cannot install $dynalite: $(grep -iE 'err' "$folder/npm.log" | head -n 1)"
    fi
    DYNALITE_FROM=$folder/package.json apart node "$here/dynamodb.js" "$port" >"$folder/log" 2>&1 </dev/null &
    echo $! >"$folder/pid"
  fi
  for _ in $(seq 100); do
    if answers; then
      echo "FRAZIL_TEST_DYNAMODB=http://127.0.0.1:$port"
      return
    fi
    alive || refuse "it ended: $(tail -n 1 "$folder/log")"
    sleep 0.1
  done
  refuse "it does not answer; see $folder/log"
}

stop() {
  alive || return 0
  local pid
  pid=$(cat "$folder/pid")
  kill "$pid"
  for _ in $(seq 50); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null
  rm -f "$folder/pid"
}

case $action in
  start) start ;;
  stop) stop ;;
  *) echo "$usage" >&2; exit 2 ;;
esac
