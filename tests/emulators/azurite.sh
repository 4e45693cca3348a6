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
azurite=azurite@3.37.0
# shellcheck source=npm.sh
. "$(dirname "${BASH_SOURCE[0]}")/npm.sh"

answers() { curl -s -m 5 -o /dev/null "http://127.0.0.1:$port/" && curl -s -m 5 -o /dev/null "http://127.0.0.1:$((port + 2))/"; }

alive() { [ -f "$folder/pid" ] && ps -o command= -p "$(cat "$folder/pid")" 2>/dev/null | grep -q "azurite.*$port"; }

start() {
  if ! alive; then
    install "$azurite"
    mkdir -p "$folder/data" || refuse "cannot make $folder/data"
    apart node "$folder/node_modules/azurite/dist/src/azurite.js" --silent --skipApiVersionCheck --disableTelemetry --location "$folder/data" \
      --blobPort "$port" --queuePort "$((port + 1))" --tablePort "$((port + 2))" >"$folder/log" 2>&1 </dev/null &
    echo $! >"$folder/pid"
  fi
  wait_until_it_answers
  echo "FRAZIL_TEST_AZURITE_BLOBS=http://127.0.0.1:$port/devstoreaccount1"
  echo "FRAZIL_TEST_AZURITE_TABLES=http://127.0.0.1:$((port + 2))/devstoreaccount1"
}

run
