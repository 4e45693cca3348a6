# shellcheck shell=bash
# Processes that a test run starts: each in a process group of its own, bounded in time, and all ended with the run.
# Sourced by tests/run.

set -m # a background job gets its own process group, whose id is the job's process id

declare -A group_name=() group_deadline=() group_started=()
emulators=() # "script folder port", to be stopped at the end
work=$(mktemp -d "${TMPDIR:-/tmp}/frazil-tests.XXXXXX")

launch() { # NAME SECONDS COMMAND... - starts a job; its output goes to the log of that name
  local name=$1 limit=$2
  shift 2
  "$@" >"$logs/$name.log" 2>&1 </dev/null &
  group_name[$!]=$name
  group_deadline[$!]=$((SECONDS + limit))
  group_started[$!]=$SECONDS
}

running() { echo ${#group_name[@]}; }

reap() { # waits until a job ends, then sets reaped, reaped_status and reaped_seconds
  local pid
  while :; do
    for pid in "${!group_name[@]}"; do
      if [ "$SECONDS" -ge "${group_deadline[$pid]}" ] && kill -0 "$pid" 2>/dev/null; then
        echo "ended after $((SECONDS - group_started[$pid])) seconds: out of time" >>"$logs/${group_name[$pid]}.log"
        kill -KILL -- "-$pid" 2>/dev/null
        sleep 0.2
      fi
      if ! kill -0 "$pid" 2>/dev/null; then
        wait "$pid" 2>/dev/null
        reaped_status=$?
        reaped=${group_name[$pid]}
        reaped_seconds=$((SECONDS - group_started[$pid]))
        kill -KILL -- "-$pid" 2>/dev/null # what the job left behind
        unset "group_name[$pid]" "group_deadline[$pid]" "group_started[$pid]"
        return
      fi
    done
    sleep 0.2
  done
}

stop_everything() {
  local pid emulator
  trap - EXIT
  for pid in "${!group_name[@]}"; do
    kill -TERM -- "-$pid" 2>/dev/null
  done
  for emulator in "${emulators[@]}"; do
    IFS='|' read -r script folder port <<<"$emulator"
    "$script" stop "$folder" "$port" >>"$logs/emulators.log" 2>&1 </dev/null
  done
  emulators=()
  for pid in "${!group_name[@]}"; do
    for _ in 1 2 3 4 5 6 7 8 9 10; do
      kill -0 -- "-$pid" 2>/dev/null || break
      sleep 0.2
    done
    kill -KILL -- "-$pid" 2>/dev/null
  done
  group_name=()
  rm -rf "$work"
}

next_port=${FRAZIL_TEST_PORTS:-$((18200 + $$ % 10 * 100))}
free_port() { # sets port to a loopback port on which nothing listens
  while :; do
    port=$next_port
    next_port=$((next_port + 1))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || return 0
  done
}

# --- emulators: tests/emulators/NAME.sh start|stop FOLDER PORT -------------------------------------------------------------------------------

emulator_names=(dynamodb s3 azurite rie)
declare -A emulator_url=() emulator_missing=()

needed() { # NAME - whether a selected suite has tests that need this emulator
  local project
  for project in $(dotnet_suites); do
    selected "$(basename "$project" .csproj)" && grep -rqsE "\"Needs\", *\"$1\"|Needs=$1" --include='*.cs' "$(dirname "$project")" && return 0
  done
  [ "$clients" = yes ] && stories_need "$1"
}

start_emulators() { # in the background, while the solution builds
  local name port
  for name in "${emulator_names[@]}"; do
    needed "$name" || continue
    if [ ! -f "tests/emulators/$name.sh" ]; then
      emulator_missing[$name]="tests/emulators/$name.sh is not there"
      continue
    fi
    free_port
    emulators+=("tests/emulators/$name.sh|$work/$name|$port")
    emulator_url[$name]=http://127.0.0.1:$port
    launch "emulator-$name" 300 bash "tests/emulators/$name.sh" start "$work/$name" "$port"
  done
}

collect_emulators() { # waits until they are ready; the lines NAME=VALUE that they print are the environment of the tests
  local name line
  while [ "$(running)" -gt 0 ]; do
    reap
    name=${reaped#emulator-}
    if [ "$reaped_status" != 0 ]; then
      emulator_missing[$name]="the emulator did not start: $(grep -v '^ *$' "$logs/$reaped.log" | tail -n 1 | cut -c 1-200)"
      unset "emulator_url[$name]"
      continue
    fi
    while IFS= read -r line; do
      [[ $line =~ ^[A-Z][A-Z0-9_]*=[^[:cntrl:]]*$ ]] && export "${line?}"
    done <"$logs/$reaped.log"
    echo "$name emulator ready on ${emulator_url[$name]}"
  done
}
