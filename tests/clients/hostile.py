#!/usr/bin/env python3
"""Hostile requests: each gets a 4xx in the specification's error shape, in time, and nothing is written.

    hostile.py [--functions] [PATTERN]     only the cases whose name matches; with --functions to the Azure Functions worker, as somebody who has signed in

The requests are in hostile_cases.py. Around them everything that the catalog can show (names, properties, metadata locations) and every file of the
warehouse are compared, and at the end an ordinary create and commit must still work. Needs nothing but Python.
"""

import gzip
import http.client
import json
import os
import re
import select
import shutil
import socket
import sys
import tempfile
import time
import unicodedata
import uuid
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

from frazil_server import Answer, Server, namespace_path
from functions_server import FunctionsServer
from hostile_cases import FIELD, KEY, SCHEMA, cases, gzip_bomb, view

sys.setrecursionlimit(20_000)  # json.dumps of what is nested on purpose
TIME_LIMIT = 5.0
ELSEWHERE = Path("/var/tmp/frazil-hostile")  # where no request may make the server write
TYPES = {
    "BadRequestException", "IllegalArgumentException", "ValidationException", "NotAuthorizedException", "ForbiddenException", "NotFoundException",
    "NoSuchNamespaceException", "NoSuchTableException", "NoSuchViewException", "NoSuchFunctionException", "NoSuchWarehouseException",
    "NoSuchEndpointException", "MethodNotAllowedException", "UnsupportedOperationException", "AlreadyExistsException", "NamespaceNotEmptyException",
    "CommitFailedException", "RequestEntityTooLargeException", "UnprocessableEntityException", "UnsupportedMediaTypeException", "UriTooLongException",
    "NoSuchPlanIdException", "NoSuchPlanTaskException", "NoSuchTaskException",
}
TRACES = re.compile(r"\n\s+at |\.cs:line|System\.[A-Z]\w+|Microsoft\.[A-Z]\w+|Exception: |StackTrace|/functions/|/shared/Catalog", re.MULTILINE)


# What the tests' host answers in front of the worker, as Azure's does in ways of its own, or what is no fault where everybody signs in.
LEFT_OUT_BEFORE_FUNCTIONS = {
    "path: a namespace of 20,000 characters": "the host answers 414",
    "method: lower case": "the host spells it in upper case",
    "getToken: where none is given": "there are tokens, and errors of theirs have OAuth's shape",
    "size: 10 GB announced": "the host takes 100 MB",
    "size: 300 MB of spaces": "the host takes 100 MB",
    "size: 300 MB in one string": "the host takes 100 MB",
    "size: 300 MB in chunks": "the host takes 100 MB",
    "transport: chunks that are none": "the host sees it when it has handed the request on",
    "transport: the name of another host": "guards a server without credentials against pages of others",
    "transport: a chunk of FFFFFFFFFFFFFFFFF bytes": "the host sees it when it has handed the request on",
    "transport: a page elsewhere that sends no Origin": "guards a server without credentials against pages of others",
    "transport: a page of another host": "guards a server without credentials against pages of others",
}


def send(port, case, timeout, credentials):
    """The request as it is written down: no library in between may make it well formed."""
    body = case.body
    headers = {**credentials, **{name: value for name, value in case.headers.items() if name != "X-Raw-Body"}}
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode("utf-8", "surrogatepass")
        headers.setdefault("Content-Type", "application/json")
    names = {name.lower() for name in headers}
    chunked = "transfer-encoding" in names
    if body is not None and not chunked and "content-length" not in names:
        headers["Content-Length"] = str(len(body))
    headers.setdefault("Host", f"127.0.0.1:{port}")
    head = f"{case.method} {case.target} HTTP/1.1\r\nConnection: close\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        try:
            connection.sendall(head.encode("latin-1"))
            if "X-Raw-Body" in case.headers:
                connection.sendall(case.headers["X-Raw-Body"].encode())
            elif body:
                for start in range(0, len(body), 65536):
                    piece = body[start:start + 65536]
                    if chunked:
                        piece = f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
                    # A server that has made up its mind need not read the rest.
                    if select.select([connection], [], [], 0)[0]:
                        break
                    connection.sendall(piece)
                else:
                    if chunked:
                        connection.sendall(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass  # what it answered is still to be read
        answer = http.client.HTTPResponse(connection, method=case.method)
        answer.begin()
        return Answer(answer.status, answer.headers, answer.read())


def faults(case, answer, seconds):
    """What is wrong with this answer."""
    found = []
    if answer.status not in case.expect:
        found.append(f"status {answer.status}, expected {' or '.join(map(str, sorted(case.expect)[:4]))}")
    if seconds > TIME_LIMIT:
        found.append(f"took {seconds:.1f} s")
    text = answer.body.decode(errors="replace")
    if TRACES.search(text):
        found.append("the answer tells of the server's inside")
    if case.method == "HEAD" or (case.transport and not answer.body):
        return found
    try:
        error = answer.json["error"]
        if set(error) - {"message", "type", "code", "stack"} or set(answer.json) != {"error"}:
            found.append("members beyond message, type and code")
        if error["code"] != answer.status:
            found.append(f"code {error['code']} with status {answer.status}")
        if error["type"] not in TYPES:
            found.append(f"type {error['type']}")
        if not isinstance(error["message"], str) or not error["message"]:
            found.append("no message")
        if any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") for c in error["message"]):
            found.append("a character in the message that steers what shows it")
        if error.get("stack"):
            found.append("a stack")
    except (ValueError, KeyError, TypeError):
        found.append("not the specification's error shape")
    if "application/json" not in (answer.headers.get("Content-Type") or ""):
        found.append(f"Content-Type {answer.headers.get('Content-Type')}")
    return found


# --- the catalog that is attacked


class Catalog:
    def __init__(self, server):
        self.server = server
        config = self.call("GET", "/v1/config").json
        prefix = {**config["defaults"], **config["overrides"]}.get("prefix")
        self.base = f"/v1/{prefix}" if prefix else "/v1"
        self.management = f"/management/v1/warehouse/{prefix}"

    def call(self, method, target, body=None, headers=None, expect=(200, 204)):
        answer = self.server.request(method, target, body, headers)
        assert answer.status in expect, f"{method} {target}: {answer}"
        return answer

    def prepare(self):
        """What hostile_cases.cases wants to know."""
        self.call("POST", f"{self.base}/namespaces", {"namespace": ["h"], "properties": {"owner": "nobody"}})
        self.call("POST", f"{self.base}/namespaces", {"namespace": ["other"]})
        fields = [FIELD, {"id": 2, "name": "note", "type": "string", "required": False}]
        uuids, locations = {}, {}
        for name in ("t", "u", "w"):
            made = self.call("POST", f"{self.base}/namespaces/h/tables", {
                "name": name, "schema": {"type": "struct", "fields": fields},
                "partition-spec": {"spec-id": 0, "fields": [{"source-id": 1, "field-id": 1000, "name": "id", "transform": "identity"}]}}).json
            uuids[name] = made["metadata"]["table-uuid"]
            locations[name], metadata = made["metadata"]["location"], made["metadata"]
        uuids["v"] = self.call("POST", f"{self.base}/namespaces/h/views", {**view(None), "name": "v"}).json["metadata"]["view-uuid"]
        used_key = str(uuid.UUID(KEY))[:-4] + "9999"
        self.call("POST", f"{self.base}/namespaces", {"namespace": ["keyed"]}, {"Idempotency-Key": used_key})
        page = self.call("GET", f"{self.base}/namespaces/h/tables?pageToken=&pageSize=1").json
        assert page.get("next-page-token"), page
        # The files describe a table that was there once: `w`, whose name and location are free again.
        self.call("DELETE", f"{self.base}/namespaces/h/tables/w")
        trashed = self.call("GET", f"{self.management}/deleted-tabulars").json["tabulars"]
        return SimpleNamespace(
            base=self.base, ns=f"{self.base}/namespaces/h", uuids=uuids, location=locations["t"], other=locations["u"], warehouse=self.warehouse(locations["t"]),
            management=self.management, trashed=trashed[0]["id"], used_key=used_key, page_token=page["next-page-token"], files=bad_files(Path(local_path(locations["w"])) / "metadata", metadata))

    def warehouse(self, location):
        """The outermost folder of the server's data that tables are in."""
        folder = os.path.relpath(local_path(location), self.server.data).split(os.sep)[0]
        return f"file://{self.server.data / folder}"

    def dump(self):
        """Everything that the catalog shows."""
        shown = {}

        def show(target, member=None):
            answer = self.server.request("GET", target)
            shown[target] = answer.json if answer.status == 200 else repr(answer)
            return answer.json.get(member, []) if answer.status == 200 and member else []

        def walk(levels):
            parent = f"?parent={namespace_path(levels)}" if levels else ""
            for child in show(f"{self.base}/namespaces{parent}", "namespaces"):
                target = f"{self.base}/namespaces/{namespace_path(child)}"
                show(target)
                for kind in ("tables", "views"):
                    for identifier in show(f"{target}/{kind}", "identifiers"):
                        show(f"{target}/{kind}/{namespace_path(identifier['name'])}")
                if len(child) < 20:
                    walk(child)

        walk([])
        show(f"{self.management}/deleted-tabulars")
        for table in ("t", "u"):
            known = shown.get(f"{self.base}/namespaces/h/tables/{table}")
            if isinstance(known, dict):
                show(f"{self.management}/table/{known['metadata']['table-uuid']}/protection")
        return shown


def local_path(location):
    path = location.removeprefix("file:")
    while path.startswith("//"):
        path = path[1:]
    return path


def bad_files(folder, metadata):
    """Metadata files that somebody might ask to have registered. They stand where the table may read."""
    def write(name, content, suffix=".metadata.json"):
        path = folder / f"00000-{uuid.uuid4()}{suffix}"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        files[name] = f"file://{path}"

    files = {}
    away = "file:///var/tmp/frazil-hostile/away"
    snapshot = {"snapshot-id": 5, "sequence-number": 1, "timestamp-ms": metadata["last-updated-ms"], "summary": {"operation": "append"}, "schema-id": 0}
    write("whole", metadata)
    write("torn", json.dumps(metadata).encode()[:200])
    write("empty", b"")
    write("binary", bytes(range(256)) * 10)
    write("list", b"[]")
    write("bomb", gzip_bomb(1000), ".gz.metadata.json")
    write("deep", b'{"x":' * 100_000 + b"1" + b"}" * 100_000)
    write("elsewhere", {**metadata, "location": away})
    write("snapshots elsewhere", {**metadata, "last-sequence-number": 1, "snapshots": [{**snapshot, "manifest-list": f"{away}/snap.avro"}]})
    write("log elsewhere", {**metadata, "metadata-log": [{"metadata-file": f"{away}/metadata/00000-x.metadata.json", "timestamp-ms": metadata["last-updated-ms"]}]})
    write("statistics elsewhere", {**metadata, "statistics": [{
        "snapshot-id": 5, "statistics-path": f"{away}/x.puffin", "file-size-in-bytes": 1, "file-footer-size-in-bytes": 1, "blob-metadata": []}]})
    write("properties elsewhere", {**metadata, "properties": {"write.data.path": away}})
    write("version 99", {**metadata, "format-version": 99})
    write("no schema", {**metadata, "current-schema-id": 42})
    return files


def tree(folder):
    """Every file of the data folder and beside it, but the store's own and the log, with size and time."""
    files = {}
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file() and not re.search(r"\.(db|sqlite)(-wal|-shm|-journal)?$|\.(lock|log)$", path.name):
            stat = path.stat()
            files[str(path.relative_to(folder))] = (stat.st_size, stat.st_mtime_ns)
    return files


def difference(before, after):
    return [f"{'new' if key not in before else 'gone' if key not in after else 'changed'}: {key}" for key in {**before, **after} if before.get(key) != after.get(key)]


def resident(server):
    """The server's memory, MiB."""
    try:
        text = Path(f"/proc/{server.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) // 1024
    except OSError:
        return 0


def main():
    functions = sys.argv[1:2] == ["--functions"]
    pattern = re.compile(sys.argv[-1]) if len(sys.argv) > 1 + functions else None
    folder = Path(tempfile.mkdtemp(prefix="frazil-hostile-"))
    log = Path(os.environ.get("FRAZIL_TEST_LOGS", folder)) / f"server-hostile{'-functions' if functions else ''}.log"
    shutil.rmtree(ELSEWHERE, ignore_errors=True)
    problems, passed, slowest, left_out = [], 0, (0.0, ""), []
    with FunctionsServer(folder / "data", blobs=False, log=log) if functions else Server(folder / "data", log=log) as server:
        credentials = {"Authorization": f"Bearer {server.sign_in()}"} if functions else {}
        catalog = Catalog(server)
        context = catalog.prepare()
        shown, files = catalog.dump(), tree(folder)
        before = resident(server)
        todo = [case for case in cases(context) if pattern is None or pattern.search(case.name)]
        twice = [name for name, count in Counter(case.name for case in todo).items() if count > 1]
        assert not twice, f"two cases have one name: {twice}"
        if functions:
            left_out = [case.name for case in todo if case.name in LEFT_OUT_BEFORE_FUNCTIONS]
            assert pattern or len(left_out) == len(LEFT_OUT_BEFORE_FUNCTIONS), "a case that is left out has another name now"
            todo = [case for case in todo if case.name not in left_out]
        for case in todo:
            began = time.monotonic()
            try:
                answer = send(server.port, case, timeout=30, credentials=credentials)
                wrong = faults(case, answer, time.monotonic() - began)
            except (OSError, http.client.HTTPException) as error:
                if case.transport and isinstance(error, (ConnectionResetError, http.client.RemoteDisconnected, BrokenPipeError)):
                    wrong = []  # hung up: as good an answer as any to what is not HTTP
                else:
                    wrong = [f"no answer: {error!r}"]
                answer = None
            seconds = time.monotonic() - began
            slowest = max(slowest, (seconds, case.name))
            if answer is not None and (answer.status < 400 or wrong):
                # Something may have been written; tell which request did it.
                changed = difference(shown, now := catalog.dump()) + difference(files, now_files := tree(folder))
                shown, files = now, now_files
                wrong += [f"written: {change}" for change in changed[:3]]
            if wrong:
                problems.append(f"{case.name}: {'; '.join(wrong)}\n      {case.method} {case.target[:120]}\n      {answer if answer is None else repr(answer)[:400]}")
            else:
                passed += 1
            if server.process.poll() is not None:
                problems.append(f"the server died at: {case.name}")
                break
        else:
            written = difference(shown, catalog.dump()) + difference(files, tree(folder))
            problems += [f"written by a request that was refused: {change}" for change in written[:20]]
            try:
                ordinary_work(catalog, context)
                passed += 1
            except AssertionError as error:
                problems.append(f"ordinary work afterwards: {error}")
            print(f"{len(todo)} hostile requests; slowest {slowest[0]:.2f} s ({slowest[1]}); memory {before} -> {resident(server)} MiB")

    if ELSEWHERE.exists():
        problems.append(f"written outside the warehouse: {ELSEWHERE}")
    log_text = log.read_text(errors="replace")
    if re.search(r"Unhandled exception|unhandled exception", log_text):
        problems.append(f"an unhandled exception in the server's log: {log}")
    for problem in problems:
        print(f"FAILED: {problem}")
    for name in left_out:
        print(f"skipped: {name}: {LEFT_OUT_BEFORE_FUNCTIONS[name]}")
    print(f"{passed} passed, {len(problems)} failed, {len(left_out)} skipped")
    return 1 if problems else 0


def ordinary_work(catalog, context):
    made = catalog.call("POST", f"{context.ns}/tables", {"name": "after", "schema": SCHEMA}).json
    changed = catalog.call("POST", f"{context.ns}/tables/after", {
        "requirements": [{"type": "assert-table-uuid", "uuid": made["metadata"]["table-uuid"]}],
        "updates": [{"action": "set-properties", "updates": {"still": "well"}}]}).json
    loaded = catalog.call("GET", f"{context.ns}/tables/after").json
    assert loaded["metadata"]["properties"]["still"] == "well" and loaded["metadata-location"] == changed["metadata-location"], loaded


if __name__ == "__main__":
    sys.exit(main())
