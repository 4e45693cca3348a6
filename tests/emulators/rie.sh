#!/usr/bin/env bash
# AWS' own emulator of Lambda's runtime interface, which starts a function's executable as Lambda does. It is no server: tests start one for each function.
#
#   rie.sh start FOLDER PORT   unpacks it below FOLDER, prints FRAZIL_TEST_RIE=PATH
#   rie.sh stop FOLDER PORT    nothing to end
#
# Taken from FRAZIL_RIE (the executable, or one compressed by xz), or from emulators/aws-lambda-rie.xz beside the folder FRAZIL_CLIENTS. Exits 1, with the reason on the last line,
# when it is not there.
set -uo pipefail
usage='usage: rie.sh start|stop FOLDER PORT'
action=${1:?$usage} folder=${2:?$usage}
: "${3:?$usage}"

refuse() { echo "rie emulator: $1" >&2; exit 1; }

start() {
  local packed=${FRAZIL_RIE:-${FRAZIL_CLIENTS:+$FRAZIL_CLIENTS/../emulators/aws-lambda-rie.xz}}
  [ -n "$packed" ] && [ -f "$packed" ] || refuse "AWS' Runtime Interface Emulator is not there (FRAZIL_RIE)"
  [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || [[ $packed != *.xz ]] || refuse "the packed Runtime Interface Emulator is for Linux on x86-64"
  mkdir -p "$folder" || refuse "cannot make $folder"
  [[ $folder == /* ]] || folder=$PWD/$folder
  case $packed in
    *.xz) xz -dc "$packed" >"$folder/aws-lambda-rie" || refuse "cannot unpack $packed" ;;
    *) cp "$packed" "$folder/aws-lambda-rie" || refuse "cannot copy $packed" ;;
  esac
  chmod 755 "$folder/aws-lambda-rie"
  echo "FRAZIL_TEST_RIE=$folder/aws-lambda-rie"
}

case $action in
  start) start ;;
  stop) ;;
  *) echo "$usage" >&2; exit 2 ;;
esac
