# shellcheck shell=bash
# The client stories: real Iceberg clients, hostile requests and kill -9 against a running catalog, which is the local server (..-file, ..-s3) the Lambda function (..-lambda) or the Azure Functions worker (..-functions, ..-azure). Sourced by tests/run.

# name | seconds at most | what it needs | command. The longest come first.
stories=(
  'kill9|900|server python|"$python" tests/clients/kill9.py'
  'two-writers|300|server wheels|"$venv/bin/python" tests/clients/two_writers.py'
  'hostile|900|server python|"$python" tests/clients/hostile.py'
  'hostile-functions|900|functions azurite python|"$python" tests/clients/hostile.py --functions'
  'kit-file|900|server kit python|bash tests/clients/kit.sh kit file'
  'strict-file|900|server kit python|bash tests/clients/kit.sh strict file'
  'kit-s3|900|server kit python s3|bash tests/clients/kit.sh kit s3'
  'two-writers-lambda|300|lambda wheels s3 dynamodb|"$venv/bin/python" tests/clients/two_writers.py lambda 30'
  'kit-lambda|900|lambda kit jdk python s3 dynamodb|bash tests/clients/kit.sh kit lambda'
  'strict-lambda|900|lambda kit jdk python s3 dynamodb|bash tests/clients/kit.sh strict lambda'
  'kit-functions|900|functions azurite kit python|bash tests/clients/kit.sh kit functions'
  'strict-functions|900|functions azurite kit python|bash tests/clients/kit.sh strict functions'
  'pyiceberg-s3|900|server wheels s3|story_of pyiceberg_story.py s3'
  'pyiceberg-file|900|server wheels|story_of pyiceberg_story.py file'
  'pyiceberg-lambda|900|lambda wheels s3 dynamodb|story_of pyiceberg_story.py lambda'
  'pyiceberg-azure|900|functions azurite wheels|story_of pyiceberg_story.py azure'
  'blobs-azure|600|functions azurite wheels|story_of blobs_story.py azure'
  'trash-file|300|server wheels|story_of trash_story.py file'
  'duckdb-s3|600|server wheels s3|story_of duckdb_story.py s3'
  'package-azure|900|functions azurite python zip|"$python" tests/clients/package_azure.py'
  'package-aws-rie|900|lambda python zip s3 dynamodb rie|"$python" tests/clients/package_aws.py --rie'
  'package-aws|600|lambda python zip s3 dynamodb|"$python" tests/clients/package_aws.py'
  'duckdb-lambda|600|lambda wheels s3 dynamodb|story_of duckdb_story.py lambda'
  'load-quick|300|server|load_quick'
  'readme|600|server wheels|story_of readme_story.py ""'
  'duckdb-file|600|server wheels|story_of duckdb_story.py file'
)
python=python3
venv=$root/artifacts/clients-venv

# The versions that are asked of the public registry when FRAZIL_CLIENTS has no wheels.
wheels=('pyiceberg[pyarrow]==0.12.0' duckdb==1.5.5 duckdb-extensions==1.5.5 duckdb-extension-iceberg==1.5.5 duckdb-extension-avro==1.5.5
  duckdb-extension-httpfs==1.5.5 pytest==9.2.0)

client_stories() {
  local story
  for story in "${stories[@]}"; do
    echo "${story%%|*}"
  done
}

stories_need() { # NEED - whether a selected story needs it
  local story name limit needs command
  for story in "${stories[@]}"; do
    IFS='|' read -r name limit needs command <<<"$story"
    selected "$name" && [[ " $needs " == *" $1 "* ]] && return 0
  done
  return 1
}

story_of() { # FILE STORAGE
  "$venv/bin/python" -m pytest -q -rN --tb=short -p no:cacheprovider --color=no -k "$2" --durations=5 "tests/clients/$1"
}

load_quick() { # the load driver's checks of every answer: a lost update, a stale 304, half a transaction
  local dll
  dll=$(target_of tests/Benchmarks/Frazil.Benchmarks.csproj)
  if dotnet "$dll" load --quick --server "$(dirname "$(target_of functions/Local/Frazil.Local.csproj)")/frazil" --port 0; then
    echo "1 passed, 0 failed, 0 skipped"
  else
    echo "0 passed, 1 failed, 0 skipped"
    return 1
  fi
}

install_if_missing() { # COMMAND PACKAGE - by apt, where that is possible without questions
  command -v "$1" >/dev/null && return 0
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
  (timeout 300 apt-get install -y -q "$2" || { timeout 120 apt-get update -q && timeout 300 apt-get install -y -q "$2"; }) >>"$logs/install.log" 2>&1 </dev/null
  command -v "$1" >/dev/null
}

declare -A unmet=() # need -> reason

meet_needs() {
  local dll kit=${FRAZIL_CLIENTS:-}/iceberg-kit
  dll=$(target_of functions/Local/Frazil.Local.csproj)
  if [ -f "$dll" ]; then
    FRAZIL_SERVER=$(printf 'dotnet %q' "$dll")
    export FRAZIL_SERVER FRAZIL_TEST_LOGS=$logs PYTHONDONTWRITEBYTECODE=1
  else
    unmet[server]="the local host was not built"
  fi
  meet_lambda
  [ -z "${emulator_missing[s3]:-}" ] || unmet[s3]="S3: ${emulator_missing[s3]}"
  [ -z "${emulator_missing[dynamodb]:-}" ] || unmet[dynamodb]="DynamoDB: ${emulator_missing[dynamodb]}"
  [ -z "${emulator_missing[azurite]:-}" ] || unmet[azurite]="Azure storage: ${emulator_missing[azurite]}"
  [ -z "${emulator_missing[rie]:-}" ] || unmet[rie]="AWS' emulator of Lambda: ${emulator_missing[rie]}"
  if stories_need functions; then
    FRAZIL_FUNCTIONS_HOST=$(target_of tests/FunctionsHost/Frazil.FunctionsHost.csproj) FRAZIL_FUNCTIONS_WORKER=$(target_of functions/Azure/Frazil.AzureFunctions.csproj)
    export FRAZIL_FUNCTIONS_HOST FRAZIL_FUNCTIONS_WORKER FRAZIL_TEST_LOGS=$logs
    [ -f "$FRAZIL_FUNCTIONS_HOST" ] && [ -f "$FRAZIL_FUNCTIONS_WORKER" ] || unmet[functions]="the Azure Functions worker was not built"
  fi

  if ! install_if_missing python3 python3; then
    unmet[python]="python3 is not installed" unmet[wheels]="python3 is not installed"
  elif stories_need wheels; then
    install_wheels
  fi
  if stories_need kit; then
    if [ ! -f "$kit/run.sh" ]; then
      unmet[kit]="Iceberg's compatibility tests are not there (FRAZIL_CLIENTS/iceberg-kit)"
    elif ! install_if_missing java openjdk-17-jre-headless; then
      unmet[kit]="Java is not installed"
    elif [ "$(java -version 2>&1 | sed -nE 's/.*version "([0-9]+).*/\1/p')" -lt 17 ]; then
      unmet[kit]="Java is older than 17"
    fi
  fi
  if stories_need zip && ! install_if_missing zip zip; then
    unmet[zip]="zip is not installed"
  fi
  if stories_need jdk && ! install_if_missing javac openjdk-17-jdk-headless; then
    unmet[jdk]="there is no Java compiler (javac)"
  fi
}

meet_lambda() { # the function and its emulator, as this run has built them
  stories_need lambda || return 0
  FRAZIL_LAMBDA_TESTS=$(target_of tests/Lambda.Tests/Frazil.Lambda.Tests.csproj)
  FRAZIL_LAMBDA=$(target_of functions/Aws/Frazil.Lambda.csproj) FRAZIL_LAMBDA_EMULATOR=$(target_of tests/LambdaEmulator/Frazil.LambdaEmulator.csproj)
  if [ "$solution" != Serverless.sln ] || [ ! -f "$FRAZIL_LAMBDA" ] || [ ! -f "$FRAZIL_LAMBDA_EMULATOR" ]; then
    unmet[lambda]="the Lambda host was not built"
  fi
  export FRAZIL_LAMBDA FRAZIL_LAMBDA_EMULATOR FRAZIL_LAMBDA_TESTS
}

install_wheels() { # into a virtual environment, once
  local source=${FRAZIL_CLIENTS:-}/python began=$SECONDS log=$logs/install-wheels.log stamp
  stamp="$(cat "$source/requirements.txt" 2>/dev/null | cksum) ${wheels[*]}"
  if [ "$(cat "$venv/stamp" 2>/dev/null)" = "$stamp" ] && "$venv/bin/python" -c '' 2>/dev/null; then
    return
  fi
  rm -rf "$venv"
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null && [ "$(id -u)" = 0 ]; then
    timeout 300 apt-get install -y -q python3-venv >>"$logs/install.log" 2>&1 </dev/null
  fi
  if [ -f "$source/install.sh" ]; then
    { timeout 300 bash "$source/install.sh" "$venv" iceberg && timeout 300 bash "$source/install.sh" "$venv" duckdb; } >"$log" 2>&1
  else
    { "$python" -m venv "$venv" && timeout 300 "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --retries 1 --timeout 20 "${wheels[@]}"; } >"$log" 2>&1
  fi
  if [ $? = 0 ] && "$venv/bin/python" -c 'import pyiceberg, duckdb, pytest' >>"$log" 2>&1; then
    echo "$stamp" >"$venv/stamp"
    echo "installed the Python clients ($((SECONDS - began)) s)"
  else
    unmet[wheels]="PyIceberg and DuckDB could not be installed: $({ grep -E '^ERROR|need|for CPython' "$log" || grep -i error "$log"; } | head -n 1 | cut -c 1-160)"
  fi
}

story_ended() {
  local log=$logs/$reaped.log line p=0 f=1 s=0
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1)
  if [ -n "$line" ]; then
    read -r p f s < <(tr -dc '0-9 ' <<<"$line")
  else
    echo "FAILED: no closing line" >>"$log"
  fi
  [ "$reaped_status" = 0 ] || [ "$f" -gt 0 ] || f=1
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  while IFS= read -r line; do
    skips+=("$reaped: $line")
  done < <(sed -n 's/^skipped: //p' "$log")
  report "$reaped" "$p" "$f" "$s" "$reaped_seconds"
  if [ "$f" -gt 0 ]; then
    broken+=("$reaped: $f")
    sed 's/^/    /' "$log" | tail -n 400
  fi
}

run_client_stories() {
  local story name limit needs command need reason
  local any=no
  for name in $(client_stories); do
    ! selected "$name" || any=yes
  done
  [ "$any" = yes ] || return 0
  meet_needs
  for story in "${stories[@]}"; do
    IFS='|' read -r name limit needs command <<<"$story"
    selected "$name" || continue
    reason=''
    for need in $needs; do
      reason=${reason:-${unmet[$need]:-}}
    done
    if [ -n "$reason" ]; then
      skip 1 "$name" "$reason"
      continue
    fi
    while [ "$(running)" -ge "$lanes" ]; do
      reap
      story_ended
    done
    launch "$name" "$limit" eval "$command"
  done
  while [ "$(running)" -gt 0 ]; do
    reap
    story_ended
  done
}
