# shellcheck shell=bash
# What the emulators that are npm packages share. Sourced by azurite.sh and dynamodb.sh, which set action, folder, port and usage, and define answers, alive and start.

[[ $folder == /* ]] || folder=$PWD/$folder

refuse() { echo "$(basename "$0" .sh) emulator: $1" >&2; exit 1; }

# Its own session, so that it outlives whoever started it.
apart() { if command -v setsid >/dev/null; then exec setsid "$@"; else exec nohup "$@"; fi; }

install() { # PACKAGE@VERSION - into FOLDER, once
  command -v node >/dev/null || refuse 'node is not installed'
  command -v curl >/dev/null || refuse 'curl is not installed'
  ! answers || refuse "something else listens on port $port"
  mkdir -p "$folder" || refuse "cannot make $folder"
  if [ ! -d "$folder/node_modules/${1%@*}" ]; then
    command -v npm >/dev/null || refuse 'npm is not installed'
    echo '{"private":true}' >"$folder/package.json"
    (cd "$folder" && npm install --ignore-scripts --no-audit --no-fund --no-save "$1") >"$folder/npm.log" 2>&1 ||
      refuse "npm cannot install $1: $(grep -iE 'err' "$folder/npm.log" | head -n 1)"
  fi
}

wait_until_it_answers() {
  for _ in $(seq 300); do
    answers && return
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

run() {
  case $action in
    start) start ;;
    stop) stop ;;
    *) echo "$usage" >&2; exit 2 ;;
  esac
}
