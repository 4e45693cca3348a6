"""The catalog as AWS runs it: the Lambda function's processes under the Lambda emulator, behind a function URL, over DynamoDB's and S3's emulators.

FRAZIL_LAMBDA is the function (a .dll or an executable), FRAZIL_LAMBDA_EMULATOR the emulator; without them those that were built under artifacts/ are taken.

    lambda_server.py FOLDER     serves a fresh catalog; prints its address, the root credentials (ID:SECRET) and a location that tables may choose, a line each
"""

import json
import os
import secrets
import signal
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

from frazil_server import ROOT, Server
from s3_bucket import make_bucket, s3_settings

BUCKET = "frazil-lambda-clients"
CLIENT_ID = "root"
INSTANCES = 8


def built(project):
    """A project of this working tree, as it was built."""
    library = ROOT / "artifacts" / "bin" / project / os.environ.get("FRAZIL_CONFIGURATION", "debug") / f"{project}.dll"
    if not library.exists():
        raise SystemExit(f"{library} is not built; run: dotnet build tests/Lambda.Tests")
    return str(library)


def make_table(endpoint, name):
    """What infra makes; the keys are those of DynamoDbSchema."""
    body = json.dumps({
        "TableName": name, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "r", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "r", "KeyType": "RANGE"}]}).encode()
    request = urllib.request.Request(endpoint, body, method="POST", headers={
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.CreateTable", "X-Amz-Date": "20260101T000000Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/x/dynamodb/aws4_request, SignedHeaders=host, Signature=x"})
    try:
        urllib.request.urlopen(request, timeout=30).close()
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"the table {name} cannot be made: {error.code} {error.read().decode(errors='replace')}") from error


class LambdaServer(Server):
    """A table, a folder in the bucket, a root secret, and the function that serves them."""

    def __init__(self, folder, instances=INSTANCES, timeout=60, log=None):
        super().__init__(folder, log=log)
        self.name = f"clients-{uuid.uuid4().hex}"
        self.warehouse = f"s3://{BUCKET}/{self.name}"
        self.allowed = f"s3://{BUCKET}/{self.name}-own"
        self.secret = secrets.token_urlsafe(32)
        self.is_frazil = True
        self.token = None
        function = os.environ.get("FRAZIL_LAMBDA") or built("Frazil.Lambda")
        emulator = os.environ.get("FRAZIL_LAMBDA_EMULATOR") or built("Frazil.LambdaEmulator")
        self.command = [
            "dotnet", emulator, "--function", function, "--port", str(self.port), "--instances", str(instances), "--timeout", str(timeout),
            "--log", str(self.log), *(f"{name}={value}" for name, value in self.environment().items())]

    @property
    def credential(self):
        return f"{CLIENT_ID}:{self.secret}"

    def environment(self):
        """What infra gives the function, and where the emulators are."""
        s3 = s3_settings()
        return {
            "FRAZIL__ENTRY": "api", "FRAZIL__STORE": "dynamodb", "FRAZIL__DYNAMODB__TABLE": self.name,
            "FRAZIL__CATALOG__NAME": "default", "FRAZIL__CATALOG__BASELOCATION": self.warehouse,
            "FRAZIL__CATALOG__ALLOWEDLOCATIONS": self.allowed, "FRAZIL__CATALOG__REGION": s3["region"],
            "FRAZIL__AUTH__ROOTCLIENTID": CLIENT_ID, "FRAZIL__AUTH__SECRETSOURCE": "env:FRAZIL__AUTH__ROOTSECRET", "FRAZIL__AUTH__ROOTSECRET": self.secret,
            "AWS_ENDPOINT_URL_DYNAMODB": os.environ["FRAZIL_TEST_DYNAMODB"], "AWS_ENDPOINT_URL_S3": s3["endpoint"],
            "AWS_ACCESS_KEY_ID": s3["key"], "AWS_SECRET_ACCESS_KEY": s3["secret"],
        }

    def start(self):
        make_bucket(s3_settings(), BUCKET)
        make_table(os.environ["FRAZIL_TEST_DYNAMODB"], self.name)
        return super().start()

    def sign_in(self):
        """A token of the root principal, for as long as it lasts."""
        if self.token is None:
            form = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": self.secret})
            answer = super().request("POST", "/v1/oauth/tokens", form, {"Content-Type": "application/x-www-form-urlencoded"})
            if answer.status != 200:
                raise RuntimeError(f"no token: {answer}")
            self.token = answer.json["access_token"]
        return self.token

    def request(self, method, target, body=None, headers=None, timeout=60):
        headers = dict(headers or {})
        if not target.startswith("/v1/config"):
            headers.setdefault("Authorization", f"Bearer {self.sign_in()}")
        return super().request(method, target, body, headers, timeout)

    def run_job(self, job):
        """What a schedule does."""
        return super().request("POST", "/2015-03-31/functions/jobs/invocations", {"job": job}, timeout=120).json


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    with LambdaServer(Path(sys.argv[1]), log=os.environ.get("FRAZIL_SERVER_LOG")) as running:
        print(running.url, running.credential, running.allowed, sep="\n", flush=True)
        while True:
            signal.pause()
