"""What the client stories share: the servers, one for each kind of storage, and the closing line that tests/run reads."""

import os
import shutil
import tempfile
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from frazil_server import Server
from functions_server import ACCOUNT, ACCOUNT_KEY, FunctionsServer, connection_string
from lambda_server import LambdaServer
from s3_bucket import make_bucket, s3_settings

BUCKET = "frazil-clients"

# Ceph's radosgw, like other S3 stores, knows no trailing checksums.
os.environ.setdefault("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
os.environ.setdefault("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required")


class Lake:
    """A running catalog, the storage behind it, and what a client needs to know to reach both."""

    def __init__(self, server, storage, properties, warehouse_name):
        self.server, self.storage, self.properties, self.warehouse_name = server, storage, properties, warehouse_name
        self.credential = getattr(server, "credential", None)

    @property
    def authentication(self):
        """How PyIceberg makes itself known."""
        return {"credential": self.credential, "oauth2-server-uri": f"{self.url}/v1/oauth/tokens"} if self.credential else {"auth": {"type": "noop"}}

    @property
    def url(self):
        return self.server.url

    def request(self, method, target, body=None, headers=None):
        return self.server.request(method, target, body, headers)


def lake_on(storage, folder):
    """Starts a catalog whose tables are on this kind of storage."""
    log_folder = Path(os.environ.get("FRAZIL_TEST_LOGS", folder))
    log = log_folder / f"server-{storage}-{uuid.uuid4().hex[:8]}.log"
    if storage == "file":
        server = Server(folder / "data", ["--allow-location", "file:/tmp/"], log=log)
        return Lake(server.start(), storage, {}, "default" if server.is_frazil else None)

    if storage == "azure":
        if "FRAZIL_TEST_AZURITE_TABLES" not in os.environ:
            pytest.skip("no Azure storage: FRAZIL_TEST_AZURITE_TABLES is not set")
        blobs = urlsplit(os.environ["FRAZIL_TEST_AZURITE_BLOBS"])
        properties = {
            "py-io-impl": "pyiceberg.io.fsspec.FsspecFileIO", "adls.connection-string": connection_string(), "adls.account-name": ACCOUNT, "adls.account-key": ACCOUNT_KEY,
            **{f"adls.{part}-storage-{what}": value for part in ("blob", "dfs") for what, value in (("authority", blobs.netloc), ("scheme", blobs.scheme))},
        }
        return Lake(FunctionsServer(folder / "data", blobs=True, log=log).start(), storage, properties, "default")

    s3 = s3_settings()
    if s3 is None:
        pytest.skip("no S3: FRAZIL_TEST_S3 is not set")
    properties = {
        "s3.endpoint": s3["endpoint"], "s3.access-key-id": s3["key"], "s3.secret-access-key": s3["secret"], "s3.region": s3["region"],
        "s3.force-virtual-addressing": "false",
    }
    if storage == "lambda":
        if "FRAZIL_TEST_DYNAMODB" not in os.environ:
            pytest.skip("no DynamoDB: FRAZIL_TEST_DYNAMODB is not set")
        return Lake(LambdaServer(folder / "data", log=log).start(), "s3", properties, "default")

    make_bucket(s3, BUCKET)
    base = f"s3://{BUCKET}/{uuid.uuid4().hex}"
    # The servers' own way to the same storage.
    os.environ.update({
        "AWS_ACCESS_KEY_ID": s3["key"], "AWS_SECRET_ACCESS_KEY": s3["secret"], "AWS_REGION": s3["region"],
        "CATALOG_WAREHOUSE": base, "CATALOG_IO__IMPL": "org.apache.iceberg.aws.s3.S3FileIO", "CATALOG_S3_ENDPOINT": s3["endpoint"],
        "CATALOG_S3_PATH__STYLE__ACCESS": "true", "CATALOG_S3_ACCESS__KEY__ID": s3["key"], "CATALOG_S3_SECRET__ACCESS__KEY": s3["secret"],
    })
    server = Server(folder / "data", s3_arguments(s3, base), log=log)
    return Lake(server.start(), storage, properties, "default" if server.is_frazil else None)


def s3_arguments(s3, base):
    return ["--warehouse", base, "--s3-endpoint", s3["endpoint"], "--s3-region", s3["region"], "--s3-path-style"]


@pytest.fixture(scope="session", params=["file", "s3", "lambda", "azure"])
def lake(request):
    folder = Path(tempfile.mkdtemp(prefix="frazil-story-"))
    try:
        running = lake_on(request.param, folder)
        yield running
        running.server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def fresh():
    """A name that no other test uses."""
    return f"n{uuid.uuid4().hex[:10]}"


_reasons = []


def pytest_runtest_logreport(report):
    if report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        _reasons.append(f"skipped: {report.nodeid.split('::', 1)[-1]}: {reason.removeprefix('Skipped: ')}")


def pytest_unconfigure(config):
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    count = lambda *kinds: sum(len(reporter.stats.get(kind, [])) for kind in kinds)  # noqa: E731
    for line in _reasons:
        print(line)
    print(f"{count('passed')} passed, {count('failed', 'error')} failed, {count('skipped', 'xfailed')} skipped")
