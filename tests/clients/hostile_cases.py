"""Hostile requests, as data. Each must be answered with a 4xx in the specification's error shape, and must change nothing.

`cases(c)` gives them all for a catalog that `hostile.py` has prepared: namespace `h` with tables `t` (partitioned by its column `id`) and `u`, view
`v`, a table `sorted`, and files for registration. `c` knows their uuids and locations.
"""

import gzip
import json
import zlib
from dataclasses import dataclass, field

BAD = {400}
FOREIGN = {400, 403}  # a location that the catalog does not allow
MISSING = {404}
METHOD = {405}
TOO_LARGE = {400, 413}
CONFLICT = {409}
ANY = set(range(400, 500))


@dataclass
class Case:
    name: str
    method: str
    target: str
    body: object = None  # bytes as they are; anything else becomes JSON
    headers: dict = field(default_factory=dict)
    expect: set = field(default_factory=lambda: BAD)
    # Not HTTP, or more than the transport takes: a 4xx without a body will do.
    transport: bool = False


def cases(c):
    found = []
    for part in (broken_json, wrong_types_namespace, wrong_types_table, schemas, specs_and_orders, foreign_locations, commits, requirements, snapshots,
                 transactions, views, renames, registers, properties, paging, paths, methods, management, idempotency, encodings, sizes, transport):
        found += part(c)
    return found


def raw(text):
    return text.encode() if isinstance(text, str) else text


# --- JSON that is none, at each operation that has a body


BROKEN = {
    "nothing": b"",
    "only spaces": b"   \n ",
    "truncated": b'{"namespace":["x"],"name":"x","requirements":[',
    "truncated in a string": b'{"name":"x',
    "a list": b"[]",
    "a string": b'"text"',
    "a number": b"5",
    "null": b"null",
    "text after it": b'{"namespace":["x"]} x',
    "two documents": b'{}{}',
    "single quotes": b"{'namespace':['x']}",
    "a bare key": b"{namespace:[]}",
    "NaN": b'{"namespace":NaN}',
    "invalid UTF-8": b'{"namespace":["\xff\xfe"],"name":"\xff","source":"\xff"}',
    "NUL bytes": b'{"namespace":["x"]\x00\x00}',
    "UTF-16": '{"namespace":["x"]}'.encode("utf-16"),
    "not JSON": b"<namespace>x</namespace>",
    "a form": b"namespace=x&name=y",
    "1,000 levels of lists": b'{"x":' + b"[" * 1000 + b"]" * 1000 + b"}",
    "100,000 levels of objects": b'{"x":' * 100_000 + b"1" + b"}" * 100_000,
    "10,000 open brackets": b"[" * 10_000,
}


def broken_json(c):
    bodies = {
        "createNamespace": f"{c.base}/namespaces",
        "updateProperties": f"{c.ns}/properties",
        "createTable": f"{c.ns}/tables",
        "updateTable": f"{c.ns}/tables/t",
        "commitTransaction": f"{c.base}/transactions/commit",
        "renameTable": f"{c.base}/tables/rename",
        "registerTable": f"{c.ns}/register",
        "createView": f"{c.ns}/views",
        "replaceView": f"{c.ns}/views/v",
        "renameView": f"{c.base}/views/rename",
        "registerView": f"{c.ns}/register-view",
    }
    return [Case(f"{operation}: {name}", "POST", target, body) for operation, target in bodies.items() for name, body in BROKEN.items()]


# --- namespaces


def wrong_types_namespace(c):
    create = lambda name, body, expect=BAD: Case(f"createNamespace: {name}", "POST", f"{c.base}/namespaces", body, expect=expect)  # noqa: E731
    return [
        create("no namespace", {}),
        create("namespace null", {"namespace": None}),
        create("namespace a string", {"namespace": "x"}),
        create("namespace a number", {"namespace": 5}),
        create("namespace an object", {"namespace": {"0": "x"}}),
        create("no levels", {"namespace": []}),
        create("an empty level", {"namespace": [""]}),
        create("an empty inner level", {"namespace": ["h", ""]}),
        create("a level that is a number", {"namespace": ["h", 5]}),
        create("a level that is null", {"namespace": ["h", None]}),
        create("a level that is a list", {"namespace": [["x"]]}),
        create("a missing parent", {"namespace": ["missing", "x"]}, MISSING),
        create("one that exists", {"namespace": ["h"]}, CONFLICT),
        create("the separator in a level", {"namespace": ["x\x1fy"]}),
        create("a control character in a level", {"namespace": ["x\ny"]}),
        create("NUL in a level", {"namespace": ["x\x00"]}),
        create("a lone surrogate in a level", b'{"namespace":["\\ud800"]}'),
        create("a level of 100,000 characters", {"namespace": ["x" * 100_000]}),
        create("10,000 levels", {"namespace": ["x"] * 10_000}),
        create("properties a list", {"namespace": ["x"], "properties": []}),
        create("properties a string", {"namespace": ["x"], "properties": "a=b"}),
        create("a property that is null", {"namespace": ["x"], "properties": {"a": None}}),
        create("a property that is a number", {"namespace": ["x"], "properties": {"a": 1}}),
        create("a property that is an object", {"namespace": ["x"], "properties": {"a": {}}}),
        create("a property that is a boolean", {"namespace": ["x"], "properties": {"a": True}}),
        create("2 MB of properties", {"namespace": ["x"], "properties": {f"k{n}": "v" * 1000 for n in range(2000)}}, TOO_LARGE),
        create("the same key twice", b'{"namespace":["dup1"],"namespace":["dup2"]}'),
        create("the same property twice", b'{"namespace":["dup3"],"properties":{"a":"1","a":"2"}}'),
        create("a location elsewhere", {"namespace": ["x"], "properties": {"location": "file:///var/tmp/frazil-hostile/x"}}, FOREIGN),
        create("a location that climbs out", {"namespace": ["x"], "properties": {"location": f"{c.warehouse}/../../x"}}, FOREIGN),
    ]


def properties(c):
    update = lambda name, body, expect=BAD, target=None: Case(f"updateProperties: {name}", "POST", target or f"{c.ns}/properties", body, expect=expect)  # noqa: E731
    return [
        update("a key in both lists", {"updates": {"a": "1"}, "removals": ["a"]}, {422}),
        update("updates a list", {"updates": ["a"]}),
        update("an update that is null", {"updates": {"a": None}}),
        update("an update that is a number", {"updates": {"a": 3}}),
        update("removals an object", {"removals": {"a": 1}}),
        update("a removal that is null", {"removals": [None]}),
        update("a removal that is a number", {"removals": [1]}),
        update("of a missing namespace", {"updates": {"a": "1"}}, MISSING, f"{c.base}/namespaces/missing/properties"),
        update("2 MB of them", {"updates": {f"k{n}": "v" * 1000 for n in range(2000)}}, TOO_LARGE),
        update("a location elsewhere", {"updates": {"location": "s3://other-bucket/x"}}, FOREIGN),
        Case("dropNamespace: not empty", "DELETE", c.ns, expect=CONFLICT),
        Case("dropNamespace: missing", "DELETE", f"{c.base}/namespaces/missing", expect=MISSING),
        Case("loadNamespaceMetadata: missing", "GET", f"{c.base}/namespaces/missing", expect=MISSING),
        Case("listTables: missing namespace", "GET", f"{c.base}/namespaces/missing/tables", expect=MISSING),
        Case("listViews: missing namespace", "GET", f"{c.base}/namespaces/missing/views", expect=MISSING),
    ]


# --- tables: create


FIELD = {"id": 1, "name": "id", "type": "long", "required": True}
SCHEMA = {"type": "struct", "fields": [FIELD]}


def create_table(c, name, expect=BAD, without=(), **members):
    body = {"name": "new", "schema": SCHEMA, **members}
    return Case(f"createTable: {name}", "POST", f"{c.ns}/tables", {key: value for key, value in body.items() if key not in without}, expect=expect)


def wrong_types_table(c):
    table = lambda *arguments, **members: create_table(c, *arguments, **members)  # noqa: E731
    return [
        table("no name", without=["name"]),
        Case("createTable: name a number", "POST", f"{c.ns}/tables", {"name": 5, "schema": SCHEMA}),
        Case("createTable: name null", "POST", f"{c.ns}/tables", {"name": None, "schema": SCHEMA}),
        Case("createTable: name a list", "POST", f"{c.ns}/tables", {"name": ["x"], "schema": SCHEMA}),
        Case("createTable: name empty", "POST", f"{c.ns}/tables", {"name": "", "schema": SCHEMA}),
        Case("createTable: a control character in the name", "POST", f"{c.ns}/tables", {"name": "a\tb", "schema": SCHEMA}),
        Case("createTable: the separator in the name", "POST", f"{c.ns}/tables", {"name": "a\x1fb", "schema": SCHEMA}),
        Case("createTable: NUL in the name", "POST", f"{c.ns}/tables", {"name": "a\x00b", "schema": SCHEMA}),
        Case("createTable: a lone surrogate in the name", "POST", f"{c.ns}/tables", b'{"name":"\\udc00","schema":{"type":"struct","fields":[]}}'),
        Case("createTable: a name of 100,000 characters", "POST", f"{c.ns}/tables", {"name": "n" * 100_000, "schema": SCHEMA}),
        Case("createTable: one that exists", "POST", f"{c.ns}/tables", {"name": "t", "schema": SCHEMA}, expect=CONFLICT),
        Case("createTable: a view's name", "POST", f"{c.ns}/tables", {"name": "v", "schema": SCHEMA}, expect=CONFLICT),
        Case("createTable: staged, one that exists", "POST", f"{c.ns}/tables", {"name": "t", "schema": SCHEMA, "stage-create": True}, expect=CONFLICT),
        Case("createTable: missing namespace", "POST", f"{c.base}/namespaces/missing/tables", {"name": "x", "schema": SCHEMA}, expect=MISSING),
        table("no schema", without=["schema"]),
        table("schema null", schema=None),
        table("schema a string", schema="struct"),
        table("schema a list", schema=[]),
        table("stage-create a string", **{"stage-create": "yes"}),
        table("stage-create a number", **{"stage-create": 1}),
        table("location a number", location=5),
        table("location empty", location=""),
        table("location a list", location=["x"]),
        table("properties a list", properties=["a"]),
        table("a property that is a number", properties={"a": 1}),
        table("a property that is null", properties={"a": None}),
        table("format version 99", properties={"format-version": "99"}),
        table("format version 0", properties={"format-version": "0"}),
        table("format version -1", properties={"format-version": "-1"}),
        table("format version in words", properties={"format-version": "two"}),
        table("format version beyond int", properties={"format-version": "99999999999"}),
        table("a codec that is none", properties={"write.metadata.compression-codec": "lzma"}),
        Case("createTable: the same key twice", "POST", f"{c.ns}/tables", b'{"name":"d1","name":"d2","schema":{"type":"struct","fields":[]}}'),
    ]


def schemas(c):
    def fields(name, *members, expect=BAD, **schema):
        return create_table(c, name, expect, schema={"type": "struct", "fields": list(members), **schema})

    def typed(name, kind, expect=BAD, **more):
        return fields(f"type {name}", {"id": 1, "name": "a", "type": kind, "required": False, **more}, expect=expect)

    nested = "long"
    for _ in range(600):
        nested = {"type": "list", "element-id": 2, "element": nested, "element-required": False}
    return [
        create_table(c, "schema without fields", schema={"type": "struct"}),
        create_table(c, "fields null", schema={"type": "struct", "fields": None}),
        create_table(c, "fields an object", schema={"type": "struct", "fields": {}}),
        create_table(c, "fields of numbers", schema={"type": "struct", "fields": [1, 2]}),
        create_table(c, "schema of another type", schema={"type": "list", "fields": []}),
        fields("a field without a name", {"id": 1, "type": "long", "required": True}),
        fields("a field without a type", {"id": 1, "name": "a", "required": True}),
        fields("a field without required", {"id": 1, "name": "a", "type": "long"}),
        fields("a field without an id", {"name": "a", "type": "long", "required": True}),
        fields("required a string", {"id": 1, "name": "a", "type": "long", "required": "true"}),
        fields("a field id that is a string", {"id": "1", "name": "a", "type": "long", "required": True}),
        fields("a field id that is a fraction", {"id": 1.5, "name": "a", "type": "long", "required": True}),
        fields("a field id beyond int", {"id": 2**31, "name": "a", "type": "long", "required": True}),
        fields("a field id beyond long", {"id": 2**63, "name": "a", "type": "long", "required": True}),
        fields("a field name that is a number", {"id": 1, "name": 7, "type": "long", "required": True}),
        fields("a field name that is null", {"id": 1, "name": None, "type": "long", "required": True}),
        fields("two columns of one name", {"id": 1, "name": "a", "type": "long", "required": True}, {"id": 2, "name": "a", "type": "int", "required": True}),
        fields("two columns of one id", {"id": 1, "name": "a", "type": "long", "required": True}, {"id": 1, "name": "b", "type": "int", "required": True}),
        fields("an identifier that is optional", {"id": 1, "name": "a", "type": "long", "required": False}, **{"identifier-field-ids": [1]}),
        fields("an identifier that is a float", {"id": 1, "name": "a", "type": "float", "required": True}, **{"identifier-field-ids": [1]}),
        fields("an identifier that is not there", {"id": 1, "name": "a", "type": "long", "required": True}, **{"identifier-field-ids": [9]}),
        fields("identifiers a string", {"id": 1, "name": "a", "type": "long", "required": True}, **{"identifier-field-ids": "1"}),
        typed("unknown", "foo"),
        typed("empty", ""),
        typed("a number", 5),
        typed("null", None),
        typed("decimal(50,2)", "decimal(50,2)"),
        typed("decimal(-1,0)", "decimal(-1,0)"),
        typed("decimal(5)", "decimal(5)"),
        typed("decimal beyond int", "decimal(99999999999,2)"),
        typed("fixed[x]", "fixed[x]"),
        typed("fixed[-1]", "fixed[-1]"),
        typed("fixed beyond int", "fixed[99999999999]"),
        typed("of version 3 in version 2", "variant"),
        typed("timestamp_ns in version 2", "timestamp_ns"),
        typed("list without element", {"type": "list", "element-id": 2}),
        typed("map without value", {"type": "map", "key-id": 2, "key": "string", "value-id": 3}),
        typed("object of no type", {"fields": []}),
        typed("object of an unknown type", {"type": "tuple", "fields": []}),
        typed("nested 600 deep", nested),
        typed("with a default in version 2", "long", **{"initial-default": 5}),
    ]


def specs_and_orders(c):
    def spec(name, *members, expect=BAD):
        return create_table(c, f"partition by {name}", expect, **{"partition-spec": {"spec-id": 0, "fields": list(members)}})

    def order(name, *members):
        return create_table(c, f"sort by {name}", **{"write-order": {"order-id": 1, "fields": list(members)}})

    part = {"source-id": 1, "field-id": 1000, "name": "p", "transform": "identity"}
    key = {"source-id": 1, "transform": "identity", "direction": "asc", "null-order": "nulls-first"}
    return [
        create_table(c, "partition spec a list", **{"partition-spec": []}),
        create_table(c, "partition spec a string", **{"partition-spec": "id"}),
        create_table(c, "partition fields null", **{"partition-spec": {"spec-id": 0, "fields": None}}),
        spec("a missing column", {**part, "source-id": 99}),
        spec("an unknown transform", {**part, "transform": "nope"}),
        spec("bucket[0]", {**part, "transform": "bucket[0]"}),
        spec("bucket[-1]", {**part, "transform": "bucket[-1]"}),
        spec("bucket beyond int", {**part, "transform": "bucket[99999999999]"}),
        spec("truncate[0]", {**part, "transform": "truncate[0]"}),
        spec("the year of a number", {**part, "transform": "year"}),
        spec("a transform that is a number", {**part, "transform": 5}),
        spec("no transform", {"source-id": 1, "name": "p"}),
        spec("no name", {"source-id": 1, "transform": "identity"}),
        spec("a source that is a string", {**part, "source-id": "1"}),
        spec("a column's name for another's bucket", {**part, "name": "id", "transform": "bucket[4]"}),
        spec("one name twice", part, {**part, "field-id": 1001, "transform": "bucket[4]"}),
        create_table(c, "write order a number", **{"write-order": 5}),
        order("a missing column", {**key, "source-id": 99}),
        order("an unknown transform", {**key, "transform": "nope"}),
        order("a direction that is none", {**key, "direction": "up"}),
        order("a null order that is none", {**key, "null-order": "nulls-sideways"}),
        order("nothing said", {"source-id": 1}),
    ]


# --- locations


def foreign_locations(c):
    inside = c.warehouse
    places = {
        "the web": "http://169.254.169.254/latest/meta-data",
        "ftp": "ftp://example.com/x",
        "another bucket": "s3://other-bucket/x",
        "azure": "abfss://x@y.dfs.core.windows.net/z",
        "hdfs": "hdfs://nn/x",
        "the root": "file:///",
        "etc": "file:///var/tmp/frazil-hostile/x",
        "no scheme": "/var/tmp/frazil-hostile/z",
        "relative": "some/where",
        "a scheme alone": "file:",
        "javascript": "javascript:alert(1)",
        "a data URI": "data:text/plain,x",
        "up from the warehouse": f"{inside}/../../../../../../../var/tmp/frazil-hostile/y",
        "up in the middle": f"{inside}/x/../../../y",
        "up and down again": f"{inside}/../{inside.rsplit('/', 1)[-1]}-sibling/x",
        "encoded dots": f"{inside}/%2e%2e/%2e%2e/x",
        "encoded slashes": f"{inside}/..%2f..%2fx",
        "backslashes": f"{inside}\\..\\..\\x",
        "a sibling with the same beginning": f"{inside}-sibling/x",
        "NUL": f"{inside}/a\x00b",
        "a newline": f"{inside}/a\nb",
        "a host": f"file://example.com{inside.removeprefix('file://')}/x",
        "a star": f"{inside}/x*y",
        "the warehouse itself": inside,
        "another table's": f"{c.other}/inside",
    }
    found = []
    for name, place in places.items():
        found.append(create_table(c, f"location {name}", FOREIGN | CONFLICT, location=place))
        found.append(create_table(c, f"staged, location {name}", FOREIGN | CONFLICT, location=place, **{"stage-create": True}))
    for name in ("the web", "another bucket", "etc", "relative", "up from the warehouse", "encoded dots", "a sibling with the same beginning", "another table's"):
        place = places[name]
        for key in ("write.data.path", "write.metadata.path", "write.object-storage.path", "write.folder-storage.path"):
            found.append(create_table(c, f"{key} {name}", FOREIGN, properties={key: place}))
            found.append(commit(c, f"{key} {name}", [{"action": "set-properties", "updates": {key: place}}], expect=FOREIGN))
        found.append(create_table(c, f"staged, write.metadata.path {name}", FOREIGN, properties={"write.metadata.path": place}, **{"stage-create": True}))
        found.append(commit(c, f"set-location {name}", [{"action": "set-location", "location": place}], expect=FOREIGN | CONFLICT))
        found.append(Case(f"commitTransaction: set-location {name}", "POST", f"{c.base}/transactions/commit", {"table-changes": [
            change(c, "u", [{"action": "set-properties", "updates": {"a": "1"}}]), change(c, "t", [{"action": "set-location", "location": place}])]},
            expect=FOREIGN | CONFLICT))
        found.append(Case(f"createView: location {name}", "POST", f"{c.ns}/views", {**view(c), "location": place}, expect=FOREIGN | CONFLICT))
        found.append(replace_view(c, f"set-location {name}", [{"action": "set-location", "location": place}], expect=FOREIGN | CONFLICT))
        found.append(Case(f"registerTable: {name}", "POST", f"{c.ns}/register", {"name": "r", "metadata-location": f"{place}/metadata/00000-x.metadata.json"},
                          expect=FOREIGN | MISSING))
        found.append(Case(f"registerView: {name}", "POST", f"{c.ns}/register-view", {"name": "r", "metadata-location": f"{place}/metadata/00000-x.metadata.json"},
                          expect=FOREIGN | MISSING))
        if name == "another table's":
            continue  # snapshots and statistics may share files within the catalog: a clone's do
        found.append(commit(c, f"a manifest list at {name}", [{"action": "add-snapshot", "snapshot": {**SNAPSHOT, "manifest-list": place}}], expect=FOREIGN))
        found.append(commit(c, f"statistics at {name}", [{"action": "set-statistics", "statistics": {
            "snapshot-id": 1, "statistics-path": place, "file-size-in-bytes": 1, "file-footer-size-in-bytes": 1, "blob-metadata": []}}], expect=FOREIGN))
        found.append(commit(c, f"partition statistics at {name}", [{"action": "set-partition-statistics", "partition-statistics": {
            "snapshot-id": 1, "statistics-path": place, "file-size-in-bytes": 1}}], expect=FOREIGN))
    return found


# --- tables: commit


SNAPSHOT = {"snapshot-id": 77, "sequence-number": 1, "timestamp-ms": 1_700_000_000_000, "manifest-list": "", "summary": {"operation": "append"}, "schema-id": 0}


def change(c, table, updates, requirements=None):
    return {"identifier": {"namespace": ["h"], "name": table}, "updates": updates,
            "requirements": [{"type": "assert-table-uuid", "uuid": c.uuids[table]}] if requirements is None else requirements}


def commit(c, name, updates, requirements=None, expect=BAD, table="t"):
    return Case(f"updateTable: {name}", "POST", f"{c.ns}/tables/{table}", change(c, table, updates, requirements), expect=expect)


def commits(c):
    table = f"{c.ns}/tables/t"
    one = lambda name, update, expect=BAD: commit(c, name, [update], expect=expect)  # noqa: E731
    return [
        Case("updateTable: neither requirements nor updates", "POST", table, {}),
        Case("updateTable: no updates", "POST", table, {"requirements": []}),
        Case("updateTable: another table in the body", "POST", table, {"identifier": {"namespace": ["h"], "name": "other"}, "requirements": [], "updates": []}),
        Case("updateTable: updates an object", "POST", table, {"requirements": [], "updates": {}}),
        Case("updateTable: identifier a string", "POST", table, {"identifier": "h.t", "requirements": [], "updates": []}),
        Case("updateTable: the same key twice", "POST", table, b'{"requirements":[],"updates":[],"updates":[{"action":"set-properties","updates":{"a":"1"}}]}'),
        Case("updateTable: missing table", "POST", f"{c.ns}/tables/missing", {"requirements": [], "updates": []}, expect=MISSING),
        Case("updateTable: missing namespace", "POST", f"{c.base}/namespaces/missing/tables/t", {"requirements": [], "updates": []}, expect=MISSING),
        Case("updateTable: a view", "POST", f"{c.ns}/tables/v", {"requirements": [], "updates": []}, expect=MISSING),
        one("an update that is null", None),
        one("an update that is a string", "set-properties"),
        one("an update that is a list", []),
        one("no action", {"updates": {"a": "1"}}),
        one("an action that is null", {"action": None}),
        one("an action that is a number", {"action": 1}),
        one("an unknown action", {"action": "drop-everything"}),
        one("an action of views", {"action": "add-view-version", "view-version": {"version-id": 1}}),
        one("updates null", {"action": "set-properties", "updates": None}),
        one("set-properties without updates", {"action": "set-properties"}),
        one("a property that is null", {"action": "set-properties", "updates": {"a": None}}),
        one("a property that is a number", {"action": "set-properties", "updates": {"a": 1}}),
        one("removals a string", {"action": "remove-properties", "removals": "a"}),
        one("a removal that is null", {"action": "remove-properties", "removals": [None]}),
        one("a codec that is none", {"action": "set-properties", "updates": {"write.metadata.compression-codec": "lzma"}}),
        one("another uuid", {"action": "assign-uuid", "uuid": "00000000-0000-4000-8000-000000000000"}),
        one("a uuid that is none", {"action": "assign-uuid", "uuid": "../../x"}),
        one("no uuid", {"action": "assign-uuid"}),
        one("format version 99", {"action": "upgrade-format-version", "format-version": 99}),
        one("format version 1", {"action": "upgrade-format-version", "format-version": 1}),
        one("format version -1", {"action": "upgrade-format-version", "format-version": -1}),
        one("format version 4", {"action": "upgrade-format-version", "format-version": 4}),
        one("format version a string", {"action": "upgrade-format-version", "format-version": "2"}),
        one("format version beyond int", {"action": "upgrade-format-version", "format-version": 2**40}),
        one("no schema", {"action": "add-schema"}),
        one("schema null", {"action": "add-schema", "schema": None}),
        one("a schema of an unknown type", {"action": "add-schema", "schema": {"type": "struct", "fields": [{"id": 1, "name": "a", "type": "foo", "required": False}]}}),
        one("the current schema -1 without an added one", {"action": "set-current-schema", "schema-id": -1}),
        one("an unknown current schema", {"action": "set-current-schema", "schema-id": 99}),
        one("a current schema that is a string", {"action": "set-current-schema", "schema-id": "0"}),
        one("a spec of a missing column", {"action": "add-spec", "spec": {"spec-id": 9, "fields": [{"source-id": 99, "name": "x", "transform": "identity"}]}}),
        one("spec a list", {"action": "add-spec", "spec": []}),
        one("the default spec -1 without an added one", {"action": "set-default-spec", "spec-id": -1}),
        one("an unknown default spec", {"action": "set-default-spec", "spec-id": 99}),
        one("the default spec removed", {"action": "remove-partition-specs", "spec-ids": [0]}),
        one("spec ids that are strings", {"action": "remove-partition-specs", "spec-ids": ["0"]}),
        one("the current schema removed", {"action": "remove-schemas", "schema-ids": [0]}),
        one("an order of a missing column", {"action": "add-sort-order", "sort-order": {"order-id": 1, "fields": [
            {"source-id": 99, "transform": "identity", "direction": "asc", "null-order": "nulls-first"}]}}),
        one("an unknown default order", {"action": "set-default-sort-order", "sort-order-id": 99}),
        one("location null", {"action": "set-location", "location": None}),
        one("location a number", {"action": "set-location", "location": 5}),
        one("statistics null", {"action": "set-statistics", "snapshot-id": 1, "statistics": None}),
        one("statistics without a path", {"action": "set-statistics", "statistics": {"snapshot-id": 1}}),
        one("remove-statistics without a snapshot", {"action": "remove-statistics"}),
        one("an encryption key without an id", {"action": "add-encryption-key", "encryption-key": {}}),
        commit(c, "the partition's source column dropped", [
            {"action": "add-schema", "schema": {"type": "struct", "fields": [{"id": 2, "name": "note", "type": "string", "required": False}]}},
            {"action": "set-current-schema", "schema-id": -1}]),
        commit(c, "good updates, then a bad one", [
            {"action": "set-properties", "updates": {"half": "done"}}, {"action": "set-location", "location": f"{c.location}-moved"}, {"action": "nope"}]),
        commit(c, "a schema of 400 levels", [{"action": "set-properties", "updates": {"a": "1"}}, {"action": "add-schema", "schema": {"type": "struct", "fields": [
            {"id": 5, "name": "deep", "required": False, "type": deep(400)}]}}]),
    ]


def deep(levels):
    kind = "long"
    for number in range(levels):
        kind = {"type": "struct", "fields": [{"id": 10 + number, "name": "x", "type": kind, "required": False}]}
    return kind


def requirements(c):
    one = lambda name, requirement, expect=BAD: commit(c, f"requirement {name}", [{"action": "set-properties", "updates": {"a": "1"}}], [requirement], expect)  # noqa: E731
    return [
        one("null", None),
        one("a string", "assert-create"),
        one("without type", {"uuid": c.uuids["t"]}),
        one("of an unknown type", {"type": "assert-nothing"}),
        one("of type number", {"type": 5}),
        one("of views", {"type": "assert-view-uuid", "uuid": c.uuids["t"]}),
        one("without uuid", {"type": "assert-table-uuid"}),
        one("with a uuid that is a number", {"type": "assert-table-uuid", "uuid": 5}),
        one("with another uuid", {"type": "assert-table-uuid", "uuid": "00000000-0000-4000-8000-000000000000"}, CONFLICT),
        one("that it does not exist", {"type": "assert-create"}, {400, 409}),
        one("a ref that is a number", {"type": "assert-ref-snapshot-id", "ref": 5, "snapshot-id": None}),
        one("without a ref", {"type": "assert-ref-snapshot-id", "snapshot-id": 1}),
        one("a snapshot that is a string", {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": "1"}),
        one("a snapshot beyond long", {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": 2**63}),
        one("a snapshot that is not there", {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": 5}, CONFLICT),
        one("a schema id that is a string", {"type": "assert-current-schema-id", "current-schema-id": "0"}),
        one("another schema id", {"type": "assert-current-schema-id", "current-schema-id": 7}, CONFLICT),
        one("another field id", {"type": "assert-last-assigned-field-id", "last-assigned-field-id": 999}, CONFLICT),
        one("without its field id", {"type": "assert-last-assigned-field-id"}),
        one("another spec", {"type": "assert-default-spec-id", "default-spec-id": 9}, CONFLICT),
        one("another order", {"type": "assert-default-sort-order-id", "default-sort-order-id": 9}, CONFLICT),
        commit(c, "assert-create beside another", [], [{"type": "assert-create"}, {"type": "assert-table-uuid", "uuid": c.uuids["t"]}], {400, 409}),
        Case("updateTable: a create without a schema", "POST", f"{c.ns}/tables/fresh", {"requirements": [{"type": "assert-create"}], "updates": []}),
        Case("updateTable: a create in a missing namespace", "POST", f"{c.base}/namespaces/missing/tables/fresh", {"requirements": [{"type": "assert-create"}], "updates": [
            {"action": "add-schema", "schema": SCHEMA}, {"action": "set-current-schema", "schema-id": -1}]}, expect=MISSING),
    ]


def snapshots(c):
    here = f"{c.location}/metadata/snap-1.avro"
    add = lambda name, expect=BAD, without=(), **members: commit(c, f"snapshot {name}", [{"action": "add-snapshot", "snapshot": {  # noqa: E731
        key: value for key, value in {**SNAPSHOT, "manifest-list": here, **members}.items() if key not in without}}], expect=expect)
    ref = lambda name, **members: commit(c, f"ref {name}", [  # noqa: E731
        {"action": "add-snapshot", "snapshot": {**SNAPSHOT, "manifest-list": here}},
        {"action": "set-snapshot-ref", "ref-name": "b", "type": "branch", "snapshot-id": 77, **members}])
    return [
        commit(c, "snapshot null", [{"action": "add-snapshot", "snapshot": None}]),
        commit(c, "snapshot empty", [{"action": "add-snapshot", "snapshot": {}}]),
        add("id beyond long", **{"snapshot-id": 2**63}),
        add("id a fraction", **{"snapshot-id": 1.5}),
        add("id a string", **{"snapshot-id": "77"}),
        add("without an id", without=["snapshot-id"]),
        add("time a string", **{"timestamp-ms": "now"}),
        add("time beyond long", **{"timestamp-ms": 2**64}),
        add("without a time", without=["timestamp-ms"]),
        add("without a manifest list", without=["manifest-list"]),
        add("a manifest list that is a number", **{"manifest-list": 5}),
        add("summary a string", **{"summary": "append"}),
        add("summary with a number", **{"summary": {"operation": "append", "n": 1}}),
        add("sequence number beyond long", **{"sequence-number": 2**63}),
        commit(c, "the same snapshot twice", [{"action": "add-snapshot", "snapshot": {**SNAPSHOT, "manifest-list": here}}] * 2),
        commit(c, "ref to an unknown snapshot", [{"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": 5}]),
        ref("main as a tag", **{"ref-name": "main", "type": "tag"}),
        ref("of an unknown type", type="twig"),
        ref("without a type", type=None),
        ref("without a name", **{"ref-name": None}),
        ref("with a name that is a number", **{"ref-name": 5}),
        ref("retention 0", **{"min-snapshots-to-keep": 0}),
        ref("retention negative", **{"max-ref-age-ms": -1}),
        ref("retention beyond long", **{"max-ref-age-ms": 2**63}),
        ref("a tag with a snapshot age", **{"type": "tag", "max-snapshot-age-ms": 5}),
        ref("snapshot id beyond long", **{"snapshot-id": 2**63}),
        commit(c, "snapshot ids that are strings", [{"action": "remove-snapshots", "snapshot-ids": ["1"]}]),
        commit(c, "remove-snapshot-ref without a name", [{"action": "remove-snapshot-ref"}]),
    ]


def transactions(c):
    send = lambda name, body, expect=BAD: Case(f"commitTransaction: {name}", "POST", f"{c.base}/transactions/commit", body, expect=expect)  # noqa: E731
    good = change(c, "u", [{"action": "set-properties", "updates": {"half": "done"}}])
    return [
        send("no changes named", {}),
        send("changes null", {"table-changes": None}),
        send("changes an object", {"table-changes": {}}),
        send("a change that is null", {"table-changes": [good, None]}),
        send("a change without identifier", {"table-changes": [good, {"requirements": [], "updates": []}]}),
        send("a change without updates", {"table-changes": [good, {"identifier": {"namespace": ["h"], "name": "t"}, "requirements": []}]}),
        send("identifier a string", {"table-changes": [good, {"identifier": "h.t", "requirements": [], "updates": []}]}),
        send("identifier without a name", {"table-changes": [good, {"identifier": {"namespace": ["h"]}, "requirements": [], "updates": []}]}),
        send("a missing table", {"table-changes": [good, {**good, "identifier": {"namespace": ["h"], "name": "missing"}}]}, MISSING),
        send("a missing namespace", {"table-changes": [good, {**good, "identifier": {"namespace": ["missing"], "name": "t"}}]}, MISSING),
        send("a view", {"table-changes": [good, {"identifier": {"namespace": ["h"], "name": "v"}, "requirements": [], "updates": []}]}, MISSING),
        send("a requirement that fails", {"table-changes": [good, change(c, "t", [{"action": "set-properties", "updates": {"half": "done"}}],
             [{"type": "assert-table-uuid", "uuid": "00000000-0000-4000-8000-000000000000"}])]}, CONFLICT),
        send("an unknown update", {"table-changes": [good, change(c, "t", [{"action": "nope"}])]}),
        send("a change that makes no sense", {"table-changes": [good, change(c, "t", [{"action": "set-current-schema", "schema-id": 99}])]}),
        send("a table that exists is created", {"table-changes": [good, change(c, "t", [{"action": "add-schema", "schema": SCHEMA}], [{"type": "assert-create"}])]}, CONFLICT),
        send("a create without a schema", {"table-changes": [good, {"identifier": {"namespace": ["h"], "name": "fresh"}, "requirements": [{"type": "assert-create"}], "updates": []}]}),
        send("1,000 tables", {"table-changes": [good] + [{**good, "identifier": {"namespace": ["h"], "name": f"t{n}"}} for n in range(1000)]}, {400, 404}),
        send("150 creates", {"table-changes": [
            {"identifier": {"namespace": ["h"], "name": f"new{n}"}, "requirements": [{"type": "assert-create"}], "updates": [
                {"action": "add-schema", "schema": SCHEMA}, {"action": "set-current-schema", "schema-id": -1}]} for n in range(150)]}),
    ]


# --- views, rename, register


def view(c, **version):
    return {"name": "nv", "schema": {"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "id", "type": "long", "required": False}]}, "properties": {},
            "view-version": {"version-id": 1, "timestamp-ms": 1_700_000_000_000, "schema-id": 0, "summary": {}, "default-namespace": ["h"],
                             "representations": [{"type": "sql", "sql": "select 1", "dialect": "spark"}], **version}}


def replace_view(c, name, updates, requirements=None, expect=BAD):
    return Case(f"replaceView: {name}", "POST", f"{c.ns}/views/v", {
        "requirements": [{"type": "assert-view-uuid", "uuid": c.uuids["v"]}] if requirements is None else requirements, "updates": updates}, expect=expect)


def views(c):
    sql = {"type": "sql", "sql": "select 2", "dialect": "spark"}
    make = lambda name, body, expect=BAD: Case(f"createView: {name}", "POST", f"{c.ns}/views", body, expect=expect)  # noqa: E731
    without = lambda member: {key: value for key, value in view(c).items() if key != member}  # noqa: E731
    return [
        make("no name", without("name")),
        make("name empty", {**view(c), "name": ""}),
        make("no schema", without("schema")),
        make("no version", without("view-version")),
        make("version null", {**view(c), "view-version": None}),
        make("no representations", view(c, representations=[])),
        make("representations null", view(c, representations=None)),
        make("a representation that is a string", view(c, representations=["select 1"])),
        make("one dialect twice", view(c, representations=[sql, {**sql, "dialect": "SPARK"}])),
        make("no sql", view(c, representations=[{"type": "sql", "dialect": "spark"}])),
        make("sql a number", view(c, representations=[{**sql, "sql": 5}])),
        make("time a string", view(c, **{"timestamp-ms": "now"})),
        make("version id beyond int", view(c, **{"version-id": 2**40})),
        make("default namespace a string", view(c, **{"default-namespace": "h"})),
        make("one that exists", {**view(c), "name": "v"}, CONFLICT),
        make("a table's name", {**view(c), "name": "t"}, CONFLICT),
        Case("createView: missing namespace", "POST", f"{c.base}/namespaces/missing/views", view(c), expect=MISSING),
        replace_view(c, "another uuid", [], [{"type": "assert-view-uuid", "uuid": "00000000-0000-4000-8000-000000000000"}], CONFLICT),
        replace_view(c, "a requirement of tables", [], [{"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": None}]),
        replace_view(c, "an update of tables", [{"action": "add-snapshot", "snapshot": {**SNAPSHOT, "manifest-list": f"{c.location}/x"}}]),
        replace_view(c, "an unknown update", [{"action": "nope"}]),
        replace_view(c, "an unknown current version", [{"action": "set-current-view-version", "view-version-id": 99}]),
        replace_view(c, "version -1 without an added one", [{"action": "set-current-view-version", "view-version-id": -1}]),
        replace_view(c, "a version of an unknown schema", [{"action": "add-view-version", "view-version": {**view(c)["view-version"], "version-id": 2, "schema-id": 9}}]),
        replace_view(c, "a dialect lost", [{"action": "add-view-version", "view-version": {**view(c)["view-version"], "version-id": 2, "representations": [
            {**sql, "dialect": "trino"}]}}, {"action": "set-current-view-version", "view-version-id": -1}]),
        replace_view(c, "no history kept", [{"action": "set-properties", "updates": {"version.history.num-entries": "0"}},
                                            {"action": "add-view-version", "view-version": {**view(c)["view-version"], "version-id": 2, "representations": [sql]}},
                                            {"action": "set-current-view-version", "view-version-id": -1}]),
        Case("replaceView: missing", "POST", f"{c.ns}/views/missing", {"requirements": [], "updates": []}, expect=MISSING),
        Case("replaceView: a table", "POST", f"{c.ns}/views/t", {"requirements": [], "updates": []}, expect=MISSING),
        Case("loadView: a table", "GET", f"{c.ns}/views/t", expect=MISSING),
        Case("dropView: missing", "DELETE", f"{c.ns}/views/missing", expect=MISSING),
        Case("dropView: a table", "DELETE", f"{c.ns}/views/t", expect=MISSING),
        Case("loadView: a chain of 10,000 referrers", "GET", f"{c.ns}/views/v?referenced-by=" + ",".join(f"h%1Fv{n}" for n in range(10_000)), expect={400, 414}, transport=True),
        Case("loadTable: a chain of 600 referrers", "GET", f"{c.ns}/tables/t?referenced-by=" + ",".join(f"h%1Fv{n}" for n in range(600))),
    ]


def renames(c):
    found = []
    for kind, own, other in (("table", "t", "v"), ("view", "v", "t")):
        target = f"{c.base}/{kind}s/rename"
        name = lambda table, namespace=("h",): {"namespace": list(namespace), "name": table}  # noqa: E731
        send = lambda text, body, expect=BAD: Case(f"rename{kind.title()}: {text}", "POST", target, body, expect=expect)  # noqa: E731
        found += [
            send("nothing named", {}),
            send("no destination", {"source": name(own)}),
            send("source null", {"source": None, "destination": name("x")}),
            send("source a string", {"source": f"h.{own}", "destination": name("x")}),
            send("source without a name", {"source": {"namespace": ["h"]}, "destination": name("x")}),
            send("a namespace that is a string", {"source": {"namespace": "h", "name": own}, "destination": name("x")}),
            send("an empty name", {"source": name(own), "destination": name("")}),
            send("a control character in the name", {"source": name(own), "destination": name("a\x00b")}),
            send("a missing source", {"source": name("missing"), "destination": name("x")}, MISSING),
            send("a missing namespace", {"source": name(own), "destination": name("x", ["missing"])}, MISSING),
            send("a taken name", {"source": name(own), "destination": name("u")}, CONFLICT),
            send("the other kind", {"source": name(other), "destination": name("x")}, MISSING),
            send("onto the other kind", {"source": name(own), "destination": name(other)}, CONFLICT),
        ]
    return found


def registers(c):
    send = lambda name, body, expect=BAD, to="register": Case(f"{to}: {name}", "POST", f"{c.ns}/{to}", body, expect=expect)  # noqa: E731
    found = []
    for to in ("register", "register-view"):
        found += [
            send("no metadata location", {"name": "r"}, to=to),
            send("metadata location null", {"name": "r", "metadata-location": None}, to=to),
            send("metadata location a number", {"name": "r", "metadata-location": 5}, to=to),
            send("metadata location empty", {"name": "r", "metadata-location": ""}, to=to),
            send("no name", {"metadata-location": c.files["whole"]}, to=to),
            send("a missing file", {"name": "r", "metadata-location": f"{c.location}/metadata/00009-none.metadata.json"}, {400, 404}, to=to),
            send("a folder", {"name": "r", "metadata-location": f"{c.location}/metadata"}, {400, 404}, to=to),
            send("a file that is torn", {"name": "r", "metadata-location": c.files["torn"]}, to=to),
            send("a file that is empty", {"name": "r", "metadata-location": c.files["empty"]}, to=to),
            send("a file that is not JSON", {"name": "r", "metadata-location": c.files["binary"]}, to=to),
            send("a list in the file", {"name": "r", "metadata-location": c.files["list"]}, to=to),
            send("a gzip bomb of a file", {"name": "r", "metadata-location": c.files["bomb"]}, TOO_LARGE, to=to),
            send("a file 100,000 levels deep", {"name": "r", "metadata-location": c.files["deep"]}, to=to),
            send("a taken name", {"name": "t", "metadata-location": c.files["whole"]}, {400, 409}, to=to),
        ]
    return found + [
        send("overwrite a string", {"name": "r", "metadata-location": c.files["whole"], "overwrite": "yes"}),
        send("over a view", {"name": "v", "metadata-location": c.files["whole"], "overwrite": True}, CONFLICT),
        send("a table whose file says it is elsewhere", {"name": "r", "metadata-location": c.files["elsewhere"]}, FOREIGN),
        send("a table whose snapshots are elsewhere", {"name": "r", "metadata-location": c.files["snapshots elsewhere"]}, FOREIGN),
        send("a table whose log is elsewhere", {"name": "r", "metadata-location": c.files["log elsewhere"]}, FOREIGN),
        send("a table whose statistics are elsewhere", {"name": "r", "metadata-location": c.files["statistics elsewhere"]}, FOREIGN),
        send("a table whose properties point elsewhere", {"name": "r", "metadata-location": c.files["properties elsewhere"]}, FOREIGN),
        send("a table of format version 99", {"name": "r", "metadata-location": c.files["version 99"]}),
        send("a table without a current schema", {"name": "r", "metadata-location": c.files["no schema"]}),
        Case("register: missing namespace", "POST", f"{c.base}/namespaces/missing/register", {"name": "r", "metadata-location": c.files["whole"]}, expect=MISSING),
        Case("unregister: missing", "POST", f"{c.ns}/tables/missing/unregister", expect=MISSING),
        Case("unregister: a view", "POST", f"{c.ns}/tables/v/unregister", expect=MISSING),
        Case("metrics: not JSON", "POST", f"{c.ns}/tables/t/metrics", b"{"),
        Case("metrics: a list", "POST", f"{c.ns}/tables/t/metrics", b"[]"),
        Case("metrics: no report type", "POST", f"{c.ns}/tables/t/metrics", {}),
        Case("credentials: missing table", "GET", f"{c.ns}/tables/missing/credentials", expect=MISSING),
        Case("functions: missing function", "GET", f"{c.ns}/functions/missing", expect=MISSING),
        Case("functions: missing namespace", "GET", f"{c.base}/namespaces/missing/functions", expect=MISSING),
        Case("plan: not offered", "POST", f"{c.ns}/tables/missing/plan", {}, expect={404, 406}),
        Case("sign: not offered", "POST", f"{c.ns}/tables/missing/sign", {}, expect={400, 404, 406}),
    ]


# --- lists


def paging(c):
    found = []
    for name, target in (("listNamespaces", f"{c.base}/namespaces"), ("listTables", f"{c.ns}/tables"), ("listViews", f"{c.ns}/views")):
        for text, value in (("0", "0"), ("-1", "-1"), ("abc", "abc"), ("1.5", "1.5"), ("beyond long", "99999999999999999999"), ("hexadecimal", "0x10"), ("a space", "%20")):
            found.append(Case(f"{name}: page size {text}", "GET", f"{target}?pageToken=&pageSize={value}"))
        for text, value in (("garbage", "garbage"), ("base64 of garbage", "Z2FyYmFnZQ"), ("NUL", "%00"), ("a path", "..%2F..%2Fx"), ("of 5,000 characters", "A" * 5000)):
            found.append(Case(f"{name}: page token {text}", "GET", f"{target}?pageToken={value}&pageSize=1"))
    token = c.page_token
    if token:
        middle = len(token) // 2
        flipped = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1:]
        found += [
            Case("listNamespaces: the token of a list of tables", "GET", f"{c.base}/namespaces?pageToken={token}&pageSize=1"),
            Case("listViews: the token of a list of tables", "GET", f"{c.ns}/views?pageToken={token}&pageSize=1"),
            Case("listTables: the token of another namespace", "GET", f"{c.base}/namespaces/other/tables?pageToken={token}&pageSize=1"),
            Case("listTables: half a token", "GET", f"{c.ns}/tables?pageToken={token[: len(token) // 2]}&pageSize=1"),
            Case("listTables: a token with a bit changed", "GET", f"{c.ns}/tables?pageToken={flipped}&pageSize=1"),
        ]
    return found + [
        Case("listNamespaces: a missing parent", "GET", f"{c.base}/namespaces?parent=missing", expect=MISSING),
        Case("listNamespaces: a parent with an empty level", "GET", f"{c.base}/namespaces?parent=h%1F%1Fx", expect={400, 404}),
        Case("listNamespaces: a bad escape in the parent", "GET", f"{c.base}/namespaces?parent=%zz"),
        Case("listNamespaces: invalid UTF-8 in the parent", "GET", f"{c.base}/namespaces?parent=%ff%fe", expect={400, 404}),
        Case("loadTable: snapshots=bogus", "GET", f"{c.ns}/tables/t?snapshots=bogus"),
        Case("dropTable: purgeRequested=junk", "DELETE", f"{c.ns}/tables/t?purgeRequested=junk"),
        Case("dropTable: missing", "DELETE", f"{c.ns}/tables/missing", expect=MISSING),
        Case("dropTable: a view", "DELETE", f"{c.ns}/tables/v", expect=MISSING),
        Case("getConfig: an unknown warehouse", "GET", "/v1/config?warehouse=unknown", expect=MISSING),
        Case("getConfig: a warehouse that is a path", "GET", "/v1/config?warehouse=..%2F..%2Fetc", expect={400, 404}),
    ]


# --- paths and methods


def paths(c):
    get = lambda name, target, expect=MISSING: Case(f"path: {name}", "GET", target, expect=expect)  # noqa: E731
    either = {400, 404}
    return [
        get("unknown", "/nope"),
        get("unknown version", "/v2/namespaces"),
        get("unknown under v1", "/v1/nope/nope/nope"),
        get("unknown under a namespace", f"{c.ns}/nope"),
        get("unknown under a table", f"{c.ns}/tables/t/nope"),
        get("unknown catalog", "/v1/no-such-catalog/namespaces"),
        get("no escape in the namespace", f"{c.base}/namespaces/%zz"),
        get("half an escape", f"{c.base}/namespaces/a%2"),
        get("a lone percent", f"{c.base}/namespaces/a%"),
        get("a unicode escape", f"{c.base}/namespaces/%u0041"),
        get("no escape in the table", f"{c.ns}/tables/%gg"),
        Case("path: NUL", "GET", f"{c.base}/namespaces/a%00b", expect=either, transport=True),
        get("a newline", f"{c.base}/namespaces/a%0Ab", either),
        get("invalid UTF-8", f"{c.base}/namespaces/%ff%fe", either),
        get("overlong UTF-8", f"{c.base}/namespaces/%c0%ae%c0%ae", either),
        get("a surrogate in UTF-8", f"{c.base}/namespaces/%ed%a0%80", either),
        get("dots", "/v1/../../../../etc/passwd", either),
        get("encoded dots", f"{c.base}/namespaces/%2e%2e%2f%2e%2e%2fetc", either),
        get("encoded dots as a table", f"{c.ns}/tables/..%2f..%2f..%2fetc%2fpasswd", either),
        get("a backslash", f"{c.base}/namespaces/..%5c..%5cetc", either),
        get("an empty level", f"{c.base}/namespaces/%1F", either),
        get("an empty level inside", f"{c.base}/namespaces/h%1F%1Fx", either),
        get("a level after the last", f"{c.base}/namespaces/h%1F", either),
        get("1,000 levels", f"{c.base}/namespaces/" + "%1F".join(["a"] * 1000), either),
        get("a namespace of 4,000 characters", f"{c.base}/namespaces/" + "a" * 4000, either),
        get("a table of 4,000 characters", f"{c.ns}/tables/" + "a" * 4000, either),
        get("a namespace of 20,000 characters", f"{c.base}/namespaces/" + "a" * 20_000, {400, 404, 414}),
        get("a semicolon and a dot", f"{c.ns};x=y/tables/t", either),
        get("a metadata table", f"{c.base}/namespaces/h%1Ft/tables/files"),
        get("markup in the name", f"{c.base}/namespaces/%3Cscript%3E"),
        get("management of another server", "/management/v1/nope"),
        get("a dot file", "/.env"),
        get("git", "/.git/config"),
        Case("path: upper case", "GET", c.ns.replace("namespaces", "NAMESPACES"), expect=ANY),
        Case("HEAD: a missing table", "HEAD", f"{c.ns}/tables/missing", expect=MISSING),
        Case("HEAD: a missing view", "HEAD", f"{c.ns}/views/missing", expect=MISSING),
        Case("HEAD: a missing namespace", "HEAD", f"{c.base}/namespaces/missing", expect=MISSING),
        Case("HEAD: no escape", "HEAD", f"{c.ns}/tables/%zz", expect=MISSING),
    ]


def methods(c):
    table, found = f"{c.ns}/tables/t", []
    for name, target, wrong in (
        ("config", "/v1/config", ("POST", "PUT", "DELETE", "PATCH")),
        ("namespaces", f"{c.base}/namespaces", ("PUT", "DELETE", "PATCH")),
        ("namespace", c.ns, ("PUT", "PATCH", "POST")),
        ("properties", f"{c.ns}/properties", ("GET", "DELETE", "PUT")),
        ("tables", f"{c.ns}/tables", ("PUT", "DELETE", "PATCH")),
        ("table", table, ("PUT", "PATCH")),
        ("views", f"{c.ns}/views", ("PUT", "DELETE")),
        ("view", f"{c.ns}/views/v", ("PUT", "PATCH")),
        ("rename", f"{c.base}/tables/rename", ("GET", "PUT", "DELETE")),
        ("register", f"{c.ns}/register", ("GET", "DELETE")),
        ("transactions", f"{c.base}/transactions/commit", ("GET", "PUT", "DELETE")),
        ("metrics", f"{table}/metrics", ("GET", "DELETE")),
        ("unregister", f"{table}/unregister", ("GET", "DELETE")),
        ("credentials", f"{table}/credentials", ("POST", "DELETE")),
        ("functions", f"{c.ns}/functions", ("POST", "DELETE")),
    ):
        found += [Case(f"method: {method} {name}", method, target, {} if method in ("POST", "PUT", "PATCH") else None, expect=METHOD) for method in wrong]
    return found + [
        Case("method: TRACE", "TRACE", table, expect={405}),
        Case("method: one that nobody knows", "FROBNICATE", table, expect={405}),
        Case("method: lower case", "get", table, expect={400, 405}),
    ]


# --- trash, protection, tasks, jobs


def management(c):
    base, nobody = c.management, "01890a5d-ac96-774b-bcce-b302099a0000"
    undrop = lambda name, body, expect=BAD: Case(f"undrop: {name}", "POST", f"{base}/deleted-tabulars/undrop", body, expect=expect)  # noqa: E731
    protect = lambda name, body, id=c.uuids["t"], kind="table", expect=BAD: Case(f"protected is {name}", "POST", f"{base}/{kind}/{id}/protection", body, expect=expect)  # noqa: E731
    tasks = lambda name, body, expect=BAD: Case(f"tasks: {name}", "POST", f"{base}/task/list", body, expect=expect)  # noqa: E731
    control = lambda name, body, expect=BAD: Case(f"task control: {name}", "POST", f"{base}/task/control", body, expect=expect)  # noqa: E731
    trashed = {"id": c.trashed, "type": "table"}
    found = [Case(f"{operation}: {name}", "POST", target, body) for operation, target in (
        ("undrop", f"{base}/deleted-tabulars/undrop"), ("protect", f"{base}/table/{c.uuids['t']}/protection"), ("task control", f"{base}/task/control"),
    ) for name, body in BROKEN.items()]
    for wrong in ("missing", "..%2f..%2fetc", "%00x", nobody, "%zz", "a" * 4000):
        found.append(Case(f"deleted: warehouse {wrong[:20]}", "GET", f"/management/v1/warehouse/{wrong}/deleted-tabulars", expect={400, 404}, transport="%00" in wrong))
    for wrong in ("x", "..%2fx", c.trashed + "0", "1"):
        found += [
            Case(f"purge: id {wrong}", "POST", f"{base}/deleted-tabulars/{wrong}/purge", {}, expect={400, 404}),
            Case(f"protection: id {wrong}", "GET", f"{base}/table/{wrong}/protection", expect={400, 404}),
            Case(f"task: id {wrong}", "GET", f"{base}/task/by-id/{wrong}", expect={400, 404}),
        ]
    return found + [
        undrop("no targets named", {}),
        undrop("targets null", {"targets": None}),
        undrop("targets an object", {"targets": {}}),
        undrop("targets of strings", {"targets": [c.trashed]}),
        undrop("a target that is null", {"targets": [None]}),
        undrop("a target without id", {"targets": [{"type": "table"}]}),
        undrop("an id that is a number", {"targets": [{"id": 5}]}),
        undrop("an id that is none", {"targets": [{"id": "x"}]}),
        undrop("one that is not in the trash", {"targets": [{"id": nobody}]}, MISSING),
        undrop("one that is, and one that is not", {"targets": [trashed, {"id": nobody}]}, MISSING),
        undrop("10,000", {"targets": [{"id": f"01890a5d-ac96-774b-bcce-{n:012}"} for n in range(10_000)]}, {400, 404}),
        undrop("under a taken name", {"targets": [trashed], "name": {"namespace": ["h"], "name": "t"}}, CONFLICT),
        undrop("under a view's name", {"targets": [trashed], "name": {"namespace": ["h"], "name": "v"}}, CONFLICT),
        undrop("into a missing namespace", {"targets": [trashed], "name": {"namespace": ["missing"], "name": "w"}}, MISSING),
        undrop("under a name that is none", {"targets": [trashed], "name": {"namespace": ["h"], "name": "a\x00b"}}),
        undrop("under an empty name", {"targets": [trashed], "name": {"namespace": ["h"], "name": ""}}),
        undrop("name a string", {"targets": [trashed], "name": "h.w"}),
        Case("purge: one that is not in the trash", "POST", f"{base}/deleted-tabulars/{nobody}/purge", {}, expect=MISSING),
        Case("purge: a live table", "POST", f"{base}/deleted-tabulars/{c.uuids['t']}/purge", {}, expect=MISSING),
        Case("purge: dryRun=junk", "POST", f"{base}/deleted-tabulars/{c.trashed}/purge?dryRun=junk", {}),
        protect("nothing said", {}),
        protect("null", {"protected": None}),
        protect("a string", {"protected": "yes"}),
        protect("a number", {"protected": 1}),
        protect("a missing table", {"protected": True}, id=nobody, expect=MISSING),
        protect("a table as a view", {"protected": True}, kind="view", expect=MISSING),
        protect("a table as a namespace", {"protected": True}, kind="namespace", expect=MISSING),
        protect("a table in the trash", {"protected": True}, id=c.trashed, expect=MISSING),
        tasks("a status that is none", {"status": "sleeping"}),
        tasks("a status that is a number", {"status": 1}),
        tasks("page size 0", {"page-size": 0}),
        tasks("page size a string", {"page-size": "10"}),
        tasks("page token garbage", {"page-token": "garbage"}),
        tasks("page token of tables", {"page-token": c.page_token}),
        tasks("not JSON", b"{"),
        control("no action", {"task-ids": [nobody]}),
        control("an action that is none", {"action": {"action-type": "explode"}, "task-ids": [nobody]}),
        control("action a string", {"action": "cancel", "task-ids": [nobody]}),
        control("ids a string", {"action": {"action-type": "cancel"}, "task-ids": nobody}),
        control("an id that is none", {"action": {"action-type": "cancel"}, "task-ids": ["x"]}),
        control("a missing task", {"action": {"action-type": "cancel"}, "task-ids": [nobody]}, MISSING),
        Case("task: missing", "GET", f"{base}/task/by-id/{nobody}", expect=MISSING),
        Case("deleted: page size 0", "GET", f"{base}/deleted-tabulars?pageSize=0&pageToken="),
        Case("deleted: page token garbage", "GET", f"{base}/deleted-tabulars?pageToken=garbage"),
        Case("deleted: a namespace id that is none", "GET", f"{base}/deleted-tabulars?namespaceId=x"),
        Case("job: one that is none", "POST", "/management/v1/job/nope/run", {}, expect={400, 404}),
        Case("job: a path", "POST", "/management/v1/job/..%2f..%2fx/run", {}, expect={400, 404}),
        Case("job: by GET", "GET", "/management/v1/job/purge/run", expect=METHOD),
        Case("undrop: by GET", "GET", f"{base}/deleted-tabulars/undrop", expect={404, 405}),
        Case("deleted: by DELETE", "DELETE", f"{base}/deleted-tabulars", expect=METHOD),
        Case("dropNamespace: force=junk", "DELETE", f"{c.ns}?force=junk"),
        Case("dropNamespace: recursive=junk", "DELETE", f"{c.ns}?recursive=junk", expect={400, 409}),
        Case("getToken: where none is given", "POST", "/v1/oauth/tokens", b"grant_type=client_credentials&client_id=a&client_secret=b",
             {"Content-Type": "application/x-www-form-urlencoded"}, {400, 401, 406}),
    ]


# --- headers and bodies


KEY = "01890a5d-ac96-774b-bcce-b302099a8057"


def idempotency(c):
    send = lambda name, key, expect=BAD: Case(f"Idempotency-Key: {name}", "POST", f"{c.base}/namespaces", {"namespace": ["idem"]}, {"Idempotency-Key": key}, expect)  # noqa: E731
    return [
        send("short", "abc"),
        send("empty", ""),
        send("a UUID without dashes", KEY.replace("-", "")),
        send("a UUID in braces", "{" + KEY + "}"),
        send("36 characters that are no UUID", "x" * 36),
        send("too long", KEY + "0"),
        send("two of them", f"{KEY}, {KEY}"),
        send("very long", "a" * 5000),
        send("a path", "../../../../../../../../etc/passwd/x"),
        # hostile.py has used this key for another request.
        Case("Idempotency-Key: reused with another body", "POST", f"{c.base}/namespaces", {"namespace": ["another"]}, {"Idempotency-Key": c.used_key}, {400, 422}),
        Case("Idempotency-Key: reused at another operation", "POST", f"{c.ns}/tables", {"name": "x", "schema": SCHEMA}, {"Idempotency-Key": c.used_key}, {400, 422}),
        Case("Idempotency-Key: reused to drop", "DELETE", f"{c.ns}/tables/t", None, {"Idempotency-Key": c.used_key}, {400, 422}),
        Case("Idempotency-Key: reused at another table", "POST", f"{c.ns}/tables/u", change(c, "u", []), {"Idempotency-Key": c.used_key}, {400, 422}),
    ]


def gzip_bomb(megabytes):
    """JSON whose one string is this long, in about a thousandth of it."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    out = [squeeze.compress(b'{"namespace":["bomb"],"properties":{"a":"')]
    out += [squeeze.compress(b"a" * 1_000_000) for _ in range(megabytes)]
    out += [squeeze.compress(b'"}}'), squeeze.flush()]
    return b"".join(out)


def encodings(c):
    body = json.dumps({"namespace": ["zipped"]}).encode()
    send = lambda name, encoding, data, expect=frozenset({400, 413, 415}): Case(  # noqa: E731
        f"Content-Encoding: {name}", "POST", f"{c.base}/namespaces", data, {"Content-Encoding": encoding, "Content-Type": "application/json"}, set(expect))
    return [
        send("gzip that is none", "gzip", b'{"namespace":["zipped"'),
        send("gzip cut short", "gzip", gzip.compress(body)[:-12]),
        send("gzip without its check sum", "gzip", gzip.compress(body)[:-8]),
        send("gzip without its last byte", "GZIP", gzip.compress(body)[:-1]),
        send("a bomb of 100 MB in upper case", "GZIP", gzip_bomb(100)),
        send("gzip with a wrong check sum", "gzip", gzip.compress(body)[:-8] + b"\0" * 8),
        send("gzip of nothing", "gzip", gzip.compress(b"")),
        send("a bomb of 100 MB", "gzip", gzip_bomb(100)),
        send("a bomb of 1 GB", "gzip", gzip_bomb(1000)),
        send("a bomb of 300 MB of spaces", "gzip", gzip.compress(b" " * 300_000_000, 1)),
        send("unknown", "snappy", body),
        send("ten times gzip", "gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip", body),
    ]


def sizes(c):
    return [
        Case("size: 10 GB announced", "POST", f"{c.base}/namespaces", b"{", {"Content-Length": "10000000000", "Content-Type": "application/json"}, {413}),
        Case("size: 300 MB of spaces", "POST", f"{c.base}/namespaces", b" " * 300_000_000, {"Content-Type": "application/json"}, {413}),
        Case("size: 300 MB in one string", "POST", f"{c.ns}/tables/t", b'{"requirements":[],"updates":[{"action":"set-properties","updates":{"a":"' + b"a" * 300_000_000 + b'"}}]}',
             {"Content-Type": "application/json"}, {413}),
        Case("size: 300 MB in chunks", "POST", f"{c.base}/namespaces", b" " * 300_000_000, {"Transfer-Encoding": "chunked", "Content-Type": "application/json"}, {413}),
    ]


def transport(c):
    table = f"{c.ns}/tables/t"
    return [
        Case("transport: a header of 200 KB", "GET", table, headers={"X-Long": "a" * 200_000}, expect=ANY, transport=True),
        Case("transport: 5,000 headers", "GET", table, headers={f"X-{n}": "a" for n in range(5000)}, expect=ANY, transport=True),
        Case("transport: a target of 1 MB", "GET", f"{table}?x=" + "a" * 1_000_000, expect=ANY, transport=True),
        Case("transport: a Content-Length that is none", "POST", f"{c.base}/namespaces", b"{}", {"Content-Length": "abc"}, ANY, transport=True),
        Case("transport: a negative Content-Length", "POST", f"{c.base}/namespaces", b"{}", {"Content-Length": "-5"}, ANY, transport=True),
        Case("transport: chunks that are none", "POST", f"{c.base}/namespaces", b"", {"Transfer-Encoding": "chunked", "X-Raw-Body": "zz\r\nnope\r\n"}, ANY, transport=True),
        Case("transport: a chunk of FFFFFFFFFFFFFFFFF bytes", "POST", f"{c.base}/namespaces", b"", {"Transfer-Encoding": "chunked", "X-Raw-Body": "FFFFFFFFFFFFFFFFF\r\n{"}, ANY, transport=True),
        Case("transport: an unknown Transfer-Encoding", "POST", f"{c.base}/namespaces", b"{}", {"Transfer-Encoding": "magic"}, ANY | {501}, transport=True),
        Case("transport: a header with NUL", "GET", table, headers={"X-Nul": "a\x00b"}, expect=ANY, transport=True),
        Case("transport: a space in the target", "GET", f"{c.ns}/tables/a b", expect=ANY, transport=True),
        Case("transport: the name of another host", "GET", table, headers={"Host": "evil.example"}, expect={400, 403, 421}, transport=True),
        Case("transport: a page of another host", "POST", f"{c.base}/namespaces", b'{"namespace":["page"]}',
             {"Origin": "http://evil.example", "Content-Type": "text/plain"}, {400, 403, 415}),
        Case("transport: a page elsewhere that sends no Origin", "POST", f"{c.base}/namespaces", b'{"namespace":["page"]}',
             {"Sec-Fetch-Site": "cross-site", "Content-Type": "application/json"}, {403}),
        Case("transport: a body with GET and a bad length", "GET", table, b"", {"Content-Length": "5, 6"}, ANY, transport=True),
    ]
