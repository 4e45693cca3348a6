#!/usr/bin/env python3
"""Where the S3 of the tests is, and a bucket there. Needs nothing but Python.

    s3_bucket.py NAME     makes the bucket; one that is there already is as good
"""

import hashlib
import hmac
import os
import sys
import urllib.error
import urllib.request
from datetime import datetime, timezone


def s3_settings():
    """FRAZIL_TEST_S3 (its URL) and its keys, or nothing."""
    endpoint = os.environ.get("FRAZIL_TEST_S3")
    if not endpoint:
        return None
    return {
        "endpoint": endpoint,
        "key": os.environ["FRAZIL_TEST_S3_ACCESS_KEY"],
        "secret": os.environ["FRAZIL_TEST_S3_SECRET_KEY"],
        "region": os.environ.get("FRAZIL_TEST_S3_REGION", "us-east-1"),
    }


def make_bucket(s3, bucket):
    now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    host, payload = s3["endpoint"].split("://", 1)[1], hashlib.sha256(b"").hexdigest()
    headers = {"host": host, "x-amz-content-sha256": payload, "x-amz-date": now}
    names = ";".join(sorted(headers))
    canonical = "\n".join(["PUT", f"/{bucket}", "", *(f"{name}:{headers[name]}" for name in sorted(headers)), "", names, payload])
    scope = f"{now[:8]}/{s3['region']}/s3/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4" + s3["secret"].encode()
    for part in (now[:8], s3["region"], "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    request = urllib.request.Request(f"{s3['endpoint']}/{bucket}", method="PUT", headers={
        **headers, "Authorization": f"AWS4-HMAC-SHA256 Credential={s3['key']}/{scope}, SignedHeaders={names}, Signature={signature}"})
    try:
        urllib.request.urlopen(request, timeout=30).close()
    except urllib.error.HTTPError as error:
        answer = error.read().decode(errors="replace")
        if "BucketAlready" not in answer:
            raise RuntimeError(f"the bucket {bucket} cannot be made: {error.code} {answer}") from error


if __name__ == "__main__":
    make_bucket(s3_settings(), sys.argv[1])
