# shellcheck shell=bash
# Restoring, building and running the .NET suites. Sourced by tests/run.

solution=Serverless.sln

projects_of() { grep -oE '"[^"]+\.csproj"' "$1" | tr -d '"' | tr -s '\\' '/' | LC_ALL=C sort -u; }

dotnet_suites() { # the test projects of what can be built
  local project
  while IFS= read -r project; do
    ! grep -qs '<IsTestProject>true' "$project" || echo "$project"
  done < <(projects_of "$solution")
}

restore_and_build() {
  local missing project began=$SECONDS
  if ! dotnet restore Serverless.sln -v q >"$logs/restore.log" 2>&1; then
    missing=$(grep -E 'error NU110[1-3]' "$logs/restore.log" | sed -nE 's/.*[Uu]nable to find (a stable )?package ([^ ]+)( with version.*|\. .*|$)/\2/p' | sed 's/\.$//' | sort -u | tr '\n' ' ')
    if [ -z "$missing" ]; then
      fail "restore of Serverless.sln" "$logs/restore.log"
      return 1
    fi
    echo "the registry lacks: $missing"
    solution=Core.slnf
    if ! dotnet restore Core.slnf -v q >"$logs/restore.log" 2>&1; then
      fail "restore of Core.slnf" "$logs/restore.log"
      return 1
    fi
    while IFS= read -r project; do
      skip 1 "$(basename "$project" .csproj)" "not built; packages that could not be found: $missing"
    done < <(comm -23 <(projects_of Serverless.sln) <(projects_of Core.slnf))
  fi
  echo "restored $solution ($((SECONDS - began)) s)"

  began=$SECONDS
  if ! dotnet build "$solution" --no-restore -v q -clp:NoSummary >"$logs/build.log" 2>&1; then
    grep -E 'error|warning' "$logs/build.log" | sort -u >"$logs/build-errors.log"
    fail "build of $solution" "$logs/build-errors.log"
    return 1
  fi
  echo "built $solution ($((SECONDS - began)) s)"
}

target_of() { dotnet msbuild "$1" -getProperty:TargetPath -nologo 2>/dev/null; }

counter() { sed -nE "s/.*<Counters .*[[:space:]]$2=\"([0-9]+)\".*/\1/p" "$1" | head -n 1; }

skipped_tests() { # TRX - one line 'test: reason' for each skipped test
  awk '
    function unescape(s) { gsub(/&lt;/, "<", s); gsub(/&gt;/, ">", s); gsub(/&quot;/, "\"", s); gsub(/&#xD;|&#xA;/, " ", s); gsub(/&amp;/, "\\&", s); return s }
    /<UnitTestResult / { name = ""; if (/outcome="NotExecuted"/ && match($0, /testName="[^"]*"/)) { name = substr($0, RSTART + 10, RLENGTH - 11); reason = "" } }
    name != "" && match($0, /<Message>[^<]*/) { reason = substr($0, RSTART + 9, RLENGTH - 9) }
    name != "" && match($0, /<StdOut>[^<]*/) && reason == "" { reason = substr($0, RSTART + 8, RLENGTH - 8) }
    name != "" && (/<\/UnitTestResult>/ || /\/>[[:space:]]*$/) { print unescape(name) ": " (reason == "" ? "no reason given" : unescape(reason)); name = "" }
  ' "$1"
}

report() { # NAME PASSED FAILED SKIPPED SECONDS
  [ -n "${reported:-}" ] || printf '\n%-44s %7s %7s %8s %8s\n' suite passed failed skipped seconds
  reported=yes
  printf '%-44s %7d %7d %8d %8d\n' "$@"
}

dotnet_suite_ended() {
  if [ "$reaped" = format ]; then # no test, so it is counted only where it fails
    [ "$reaped_status" = 0 ] && echo "format is clean ($reaped_seconds s)" || fail format "$logs/format.log"
    return
  fi
  local name=$reaped trx=$logs/$reaped.trx log=$logs/$reaped.log p=0 f=0 s=0 line
  if [ -s "$trx" ]; then
    p=$(counter "$trx" passed) f=$(counter "$trx" failed)
    while IFS= read -r line; do
      s=$((s + 1))
      skips+=("$name: $line")
    done < <(skipped_tests "$trx")
  fi
  p=${p:-0} f=${f:-0}
  [ "$reaped_status" = 0 ] || [ "$f" -gt 0 ] || f=1
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  report "$name" "$p" "$f" "$s" "$reaped_seconds"
  if [ "$f" -gt 0 ]; then
    broken+=("$name: $f")
    sed 's/^/    /' "$log"
  fi
}

check_format() { dotnet format Core.slnf --verify-no-changes --no-restore; }

run_dotnet_suites() {
  local project name target filter emulator count
  for project in $(dotnet_suites); do
    name=$(basename "$project" .csproj)
    selected "$name" || continue
    target=$(target_of "$project")
    if [ ! -f "$target" ]; then
      fail "$name: $target was not built"
      continue
    fi
    filter=''
    for emulator in "${!emulator_missing[@]}"; do
      count=$(dotnet test "$target" --list-tests --filter "Needs=$emulator" 2>/dev/null | grep -cE '^ {4}[^ ]')
      if [ "$count" -gt 0 ]; then
        skip "$count" "$name, $count tests that need $emulator" "${emulator_missing[$emulator]}"
        filter="$filter${filter:+&}Needs!=$emulator"
      fi
    done
    while [ "$(running)" -ge "$lanes" ]; do
      reap
      dotnet_suite_ended
    done
    launch "$name" 1200 dotnet test "$target" --logger "trx;LogFileName=$name.trx" --results-directory "$logs" ${filter:+--filter "$filter"}
  done
  if [ "${FRAZIL_CHECK_FORMAT:-no}" = yes ] && selected format; then
    launch format 900 check_format
  fi
  while [ "$(running)" -gt 0 ]; do
    reap
    dotnet_suite_ended
  done
}
