#!/usr/bin/env bash
# The emulator of Azure Storage: azurite, an npm package. Blobs on PORT, tables on PORT + 2 (queues, which nobody asks, on PORT + 1).
#
#   azurite.sh start FOLDER PORT   starts it on 127.0.0.1, waits until it answers, prints FRAZIL_TEST_AZURITE_BLOBS=URL and FRAZIL_TEST_AZURITE_TABLES=URL
#   azurite.sh stop FOLDER PORT    ends it
#
# Everything it keeps is under FOLDER. Exits 1, with the reason on the last line, when it cannot start. The account is azurite's well-known devstoreaccount1.
set -uo pipefail
usage='usage: azurite.sh start|stop FOLDER PORT'
action=${1:?$usage} folder=${2:?$usage} port=${3:?$usage}
[[ $folder == /* ]] || folder=$PWD/$folder
azurite=azurite@3.37.0

refuse() { echo "azurite emulator: $1" >&2; exit 1; }

answers() { curl -s -m 5 -o /dev/null "http://127.0.0.1:$port/" && curl -s -m 5 -o /dev/null "http://127.0.0.1:$((port + 2))/"; }

alive() { [ -f "$folder/pid" ] && ps -o command= -p "$(cat "$folder/pid")" 2>/dev/null | grep -q "azurite.*$port"; }

# Its own session, so that it outlives whoever started it.
apart() { if command -v setsid >/dev/null; then exec setsid "$@"; else exec nohup "$@"; fi; }

start() {
  if ! alive; then
    command -v node >/dev/null || refuse 'node is not installed'
    command -v curl >/dev/null || refuse 'curl is not installed'
    ! answers || refuse "something else listens on port $port"
    mkdir -p "$folder/data" || refuse "cannot make $folder"
    if [ ! -d "$folder/node_modules/azurite" ]; then
      command -v npm >/dev/null || refuse 'npm is not installed'
      echo '{"private":true}' >"$folder/package.json"
      (cd "$folder" && npm install --ignore-scripts --no-audit --no-fund --no-save "$azurite") >"$folder/npm.log" 2>&1 ||
        refuse "npm cannot install $azurite: $(grep -iE 'err' "$folder/npm.log" | head -n 1)"
    fi
    apart node "$folder/node_modules/azurite/dist/src/azurite.js" --silent --skipApiVersionCheck --disableTelemetry --location "$folder/data" \
      --blobPort "$port" --queuePort "$((port + 1))" --tablePort "$((port + 2))" >"$folder/log" 2>&1 </dev/null &
    echo $! >"$folder/pid"
  fi
  for _ in $(seq 300); do
    if answers; then
      echo "FRAZIL_TEST_AZURITE_BLOBS=http://127.0.0.1:$port/devstoreaccount1"
      echo "FRAZIL_TEST_AZURITE_TABLES=http://127.0.0.1:$((port + 2))/devstoreaccount1"
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
