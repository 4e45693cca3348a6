"""The catalog as AWS runs it: the Lambda function's processes under the Lambda emulator, behind a function URL, over DynamoDB's and S3's emulators.

FRAZIL_LAMBDA is the function (a .dll or an executable), FRAZIL_LAMBDA_EMULATOR the emulator; without them those that were built under artifacts/ are taken.

    lambda_server.py FOLDER     serves a fresh catalog; prints its address, the root credentials (ID:SECRET) and a location that tables may choose, a line each
"""

import json
import os
import signal
import sys
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from frazil_server import CLIENT_ID, RootServer, Server, built
from s3_bucket import make_bucket, s3_settings

BUCKET = "frazil-lambda-clients"
INSTANCES = 8


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


class LambdaServer(RootServer):
    """A table, a folder in the bucket, a root secret, and the function that serves them."""

    def __init__(self, folder, instances=INSTANCES, timeout=60, log=None):
        super().__init__(folder, log=log)
        self.name = f"clients-{uuid.uuid4().hex}"
        self.warehouse = f"s3://{BUCKET}/{self.name}"
        self.allowed = f"s3://{BUCKET}/{self.name}-own"
        function = os.environ.get("FRAZIL_LAMBDA") or built("Frazil.Lambda")
        emulator = os.environ.get("FRAZIL_LAMBDA_EMULATOR") or built("Frazil.LambdaEmulator")
        self.command = [
            "dotnet", emulator, "--function", function, "--port", str(self.port), "--instances", str(instances), "--timeout", str(timeout),
            "--log", str(self.log), *(f"{name}={value}" for name, value in self.environment().items())]

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

    def run_job(self, job):
        """What a schedule does."""
        return Server.request(self, "POST", "/2015-03-31/functions/jobs/invocations", {"job": job}, timeout=120).json


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    with LambdaServer(Path(sys.argv[1]), log=os.environ.get("FRAZIL_SERVER_LOG")) as running:
        print(running.url, running.credential, running.allowed, sep="\n", flush=True)
        while True:
            signal.pause()
