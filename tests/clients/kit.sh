#!/usr/bin/env bash
# Iceberg's own REST compatibility tests against a catalog started for them.
#
#   kit.sh kit|strict file|s3|lambda|functions
#
# Needs FRAZIL_CLIENTS/iceberg-kit, Java 17, Python and, for s3, FRAZIL_TEST_S3 (URL), FRAZIL_TEST_S3_ACCESS_KEY and FRAZIL_TEST_S3_SECRET_KEY. For lambda, the function
# under the Lambda emulator with the trash and the root credentials on: those, FRAZIL_TEST_DYNAMODB and a Java compiler. For functions, the Azure Functions worker behind what stands
# before it in Azure: FRAZIL_TEST_AZURITE_TABLES (URL), FRAZIL_FUNCTIONS_HOST and FRAZIL_FUNCTIONS_WORKER (the assemblies of the tests' host and of the worker); its files are on the
# file system, since Iceberg's Java client speaks to an endpoint of Azure that azurite lacks.
# The counts are asserted: a test that stops running is a failure too. What is skipped has no REST form.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
suite=${1:?kit or strict} storage=${2:?file, s3, lambda or functions}
work=$(mktemp -d /tmp/frazil-kit.XXXXXX)
server=''
finish() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap finish EXIT

case $suite in
  kit) expected='147 passed, 0 failed, 10 skipped' properties=(rck.supports-names-with-dot=true) ;;
  strict) expected='151 passed, 0 failed, 6 skipped' properties=() ;;
  *) echo "no such suite: $suite" >&2; exit 2 ;;
esac
server_script=frazil_server.py
# Tests pass locations of their own: file:/tmp/ns/table, and folders made by JUnit. They drop a table and make the next one at the same place, which the trash
# would keep claimed. (A function shares no folder with them: the classes in kit/ put those locations in the bucket, and each test's elsewhere.)
arguments=(--allow-location file:/tmp/ --keep-dropped 0)

if [ "$storage" = s3 ] || [ "$storage" = lambda ]; then
  # radosgw cannot serve two of them: one moves a file with java.nio, the other's bulk delete needs a Content-MD5 there.
  export EXCLUDE='testLoadTableWithMissingMetadataFile|dropAfterRenameDoesntCorruptTable'
  case $suite in kit) expected='145 passed, 0 failed, 10 skipped' ;; strict) expected='149 passed, 0 failed, 6 skipped' ;; esac
  key=$FRAZIL_TEST_S3_ACCESS_KEY secret=$FRAZIL_TEST_S3_SECRET_KEY region=${FRAZIL_TEST_S3_REGION:-us-east-1} bucket=frazil-kit
  export AWS_ACCESS_KEY_ID=$key AWS_SECRET_ACCESS_KEY=$secret AWS_REGION=$region
  properties+=(io-impl=org.apache.iceberg.io.ResolvingFileIO "s3.endpoint=$FRAZIL_TEST_S3" s3.path-style-access=true "s3.access-key-id=$key"
    "s3.secret-access-key=$secret" "client.region=$region")
fi
if [ "$storage" = s3 ]; then
  python3 "$here/s3_bucket.py" "$bucket"
  arguments+=(--warehouse "s3://$bucket/$(basename "$work")" --s3-endpoint "$FRAZIL_TEST_S3" --s3-region "$region" --s3-path-style)
elif [ "$storage" = functions ]; then
  server_script=functions_server.py arguments=()
elif [ "$storage" = lambda ]; then
  server_script=lambda_server.py arguments=()
  export KIT_CLASSES=$work/classes JAVA=$here/kit/java
  javac --release 17 -cp "$FRAZIL_CLIENTS/iceberg-kit/lib/*" -d "$KIT_CLASSES" "$here"/kit/*.java
fi

FRAZIL_SERVER_LOG="${FRAZIL_TEST_LOGS:-$work}/server-$suite-$storage.log" python3 "$here/$server_script" "$work/data" "${arguments[@]}" >"$work/url" &
server=$!
for _ in $(seq 600); do
  [ ! -s "$work/url" ] || break
  kill -0 "$server" 2>/dev/null || { echo "the server did not start"; echo "0 passed, 1 failed, 0 skipped"; exit 1; }
  sleep 0.1
done
{ read -r url; read -r credential || true; read -r location || true; } <"$work/url"
if [ -n "$credential" ]; then # as Java's client signs in: with the catalog's own token endpoint
  properties+=("credential=$credential" "oauth2-server-uri=$url/v1/oauth/tokens" ${location:+"bucket.base=$location"})
fi

OUT=${FRAZIL_TEST_LOGS:-$work}/$suite-$storage bash "$FRAZIL_CLIENTS/iceberg-kit/run.sh" "$suite" "$url" "${FRAZIL_KIT_WAREHOUSE-default}" "${properties[@]}" \
  >"$work/report" || true
line=$(tail -n 1 "$work/report")
# A skipped test's reason, in words: the kit's own classes leave out slashes and nested namespaces, the strict ones have them.
sed '$d' "$work/report" | sed -E 's/^(skipped: [^(]*)\(.*\) (■ assumption was not met due to:|↷) *\[?([^]]*)\]? *$/\1: \3/; s/^(skipped: [^:]*): $/\1: this suite leaves it to the strict one/'
if [ "$line" != "$expected" ]; then
  echo "FAILED: $line; expected $expected"
  # A count that is off is a failure even where every test that ran has passed.
  [[ $line =~ ^[0-9]+\ passed,\ [1-9][0-9]*\ failed ]] || line="${line%% passed*} passed, 1 failed, 0 skipped"
  echo "$line"
  exit 1
fi
echo "$line"
