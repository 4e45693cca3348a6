"""PyIceberg end to end, over files and over S3: what is written is read back and compared, row by row."""

import threading
from datetime import date, datetime, timezone
from decimal import Decimal

import pyarrow as pa
import pytest
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NamespaceNotEmptyError,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.expressions import EqualTo, GreaterThanOrEqual
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.sorting import SortField, SortOrder
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import DoubleType, IntegerType, LongType, NestedField, StringType

from frazil_server import namespace_path

ODD_NAMES = ["a.b", "with space", "per%cent", "per%20cent", "pl+us", "ümläut 冰", "quo'te\"d", "sl/ash", "a&b=c", "semi;colon", "tilde~", "ques?tion", "ha#sh", "UPPER", "per%2Fslash"]


@pytest.fixture
def catalog(lake):
    return connect(lake)


def connect(lake, **properties):
    warehouse = {"warehouse": lake.warehouse_name} if lake.warehouse_name else {}
    return load_catalog("lake", type="rest", uri=lake.url, **lake.authentication, **warehouse, **lake.properties, **properties)


@pytest.fixture
def namespace(catalog, fresh):
    catalog.create_namespace(fresh)
    return fresh


def people(*rows):
    return pa.table({"id": pa.array([row[0] for row in rows], pa.int64()), "name": pa.array([row[1] for row in rows], pa.string())})


def rows_of(scan_or_table, *columns):
    """The rows as a sorted list of tuples."""
    scan = scan_or_table.scan() if hasattr(scan_or_table, "scan") else scan_or_table
    table = scan.to_arrow()
    names = columns or table.column_names
    return sorted(zip(*(table.column(name).to_pylist() for name in names)), key=repr)


ABC = people((1, "a"), (2, "b"), (3, "c"))


def table_of(catalog, namespace, rows=ABC, name="t", **arguments):
    table = catalog.create_table((namespace, name), rows.schema, **arguments)
    table.append(rows)
    return table


# --- namespaces


def test_namespaces_nest_and_list_by_parent(catalog, fresh):
    catalog.create_namespace(fresh)
    catalog.create_namespace((fresh, "one"))
    catalog.create_namespace((fresh, "two"))
    catalog.create_namespace((fresh, "one", "deep"))

    assert (fresh,) in catalog.list_namespaces()
    assert sorted(catalog.list_namespaces((fresh,))) == [(fresh, "one"), (fresh, "two")]
    assert catalog.list_namespaces((fresh, "one")) == [(fresh, "one", "deep")]
    assert catalog.list_namespaces((fresh, "one", "deep")) == []

    table = catalog.create_table((fresh, "one", "deep", "t"), ABC.schema)
    table.append(ABC)
    assert rows_of(catalog.load_table((fresh, "one", "deep", "t"))) == [(1, "a"), (2, "b"), (3, "c")]
    with pytest.raises(NamespaceNotEmptyError):
        catalog.drop_namespace((fresh, "one", "deep"))


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_of_namespaces_survive(catalog, fresh, name):
    catalog.create_namespace(fresh)
    catalog.create_namespace((fresh, name), {"owner": name})
    assert catalog.list_namespaces((fresh,)) == [(fresh, name)]
    assert catalog.load_namespace_properties((fresh, name))["owner"] == name
    catalog.create_namespace((fresh, name, "child"))
    assert catalog.list_namespaces((fresh, name)) == [(fresh, name, "child")]
    catalog.drop_namespace((fresh, name, "child"))
    catalog.drop_namespace((fresh, name))
    assert catalog.list_namespaces((fresh,)) == []


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_of_tables_survive(catalog, namespace, name):
    table_of(catalog, namespace, name=name)
    assert catalog.list_tables(namespace) == [(namespace, name)]
    assert catalog.table_exists((namespace, name))
    assert rows_of(catalog.load_table((namespace, name))) == [(1, "a"), (2, "b"), (3, "c")]
    catalog.rename_table((namespace, name), (namespace, name + "2"))
    assert catalog.list_tables(namespace) == [(namespace, name + "2")]
    catalog.drop_table((namespace, name + "2"))
    assert not catalog.table_exists((namespace, name + "2"))


def test_namespace_properties_are_set_changed_and_removed(catalog, fresh):
    catalog.create_namespace(fresh, {"a": "1", "b": "2"})
    summary = catalog.update_namespace_properties(fresh, removals={"a", "missing"}, updates={"b": "3", "c": "4"})
    assert (sorted(summary.updated), summary.removed, summary.missing) == (["b", "c"], ["a"], ["missing"])
    properties = catalog.load_namespace_properties(fresh)
    assert {key: properties[key] for key in ("b", "c")} == {"b": "3", "c": "4"} and "a" not in properties


def test_errors_of_namespaces_are_pyicebergs_own(catalog, fresh):
    catalog.create_namespace(fresh)
    with pytest.raises(NamespaceAlreadyExistsError):
        catalog.create_namespace(fresh)
    catalog.create_namespace_if_not_exists(fresh)
    assert catalog.namespace_exists(fresh)
    catalog.drop_namespace(fresh)
    assert not catalog.namespace_exists(fresh)
    for missing in (catalog.drop_namespace, catalog.load_namespace_properties, catalog.list_tables, catalog.list_namespaces):
        with pytest.raises(NoSuchNamespaceError):
            missing(fresh)


# --- rows


def test_appended_rows_are_read_back(catalog, namespace):
    table = table_of(catalog, namespace)
    table.append(people((4, "d")))
    assert rows_of(catalog.load_table((namespace, "t"))) == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
    assert [snapshot.summary.operation.value for snapshot in table.snapshots()] == ["append", "append"]


def test_filters_and_projections_choose_rows_and_columns(catalog, namespace):
    table = table_of(catalog, namespace)
    assert rows_of(table.scan(row_filter=GreaterThanOrEqual("id", 2), selected_fields=("name",))) == [("b",), ("c",)]
    assert table.scan(limit=2).to_arrow().num_rows == 2


def test_overwrite_replaces_all_rows(catalog, namespace):
    table = table_of(catalog, namespace)
    table.overwrite(people((9, "z")))
    assert rows_of(catalog.load_table((namespace, "t"))) == [(9, "z")]


def test_overwrite_with_a_filter_replaces_the_rows_it_names(catalog, namespace):
    table = table_of(catalog, namespace)
    table.overwrite(people((2, "B")), overwrite_filter=EqualTo("id", 2))
    assert rows_of(catalog.load_table((namespace, "t"))) == [(1, "a"), (2, "B"), (3, "c")]


def test_delete_removes_the_rows_it_names(catalog, namespace):
    table = table_of(catalog, namespace)
    table.delete("id = 2")
    assert rows_of(catalog.load_table((namespace, "t"))) == [(1, "a"), (3, "c")]
    table.delete("id > 0")
    assert rows_of(catalog.load_table((namespace, "t"))) == []


def test_upsert_changes_rows_and_adds_rows(catalog, namespace):
    table = table_of(catalog, namespace)
    result = table.upsert(people((3, "C"), (4, "d")), join_cols=["id"])
    assert (result.rows_updated, result.rows_inserted) == (1, 1)
    assert rows_of(catalog.load_table((namespace, "t"))) == [(1, "a"), (2, "b"), (3, "C"), (4, "d")]


def test_every_type_survives_the_round_trip(catalog, namespace):
    rows = pa.table({
        "flag": pa.array([True, None]),
        "small": pa.array([1, None], pa.int32()),
        "big": pa.array([2**53 + 1, -(2**63)], pa.int64()),
        "ratio": pa.array([1.5, None], pa.float64()),
        "price": pa.array([Decimal("12345678901234567890.123"), None], pa.decimal128(38, 3)),
        "day": pa.array([date(2024, 2, 29), None]),
        "moment": pa.array([datetime(2024, 2, 29, 12, 30, 1, 123456), None], pa.timestamp("us")),
        "instant": pa.array([datetime(2024, 2, 29, 12, 30, 1, 123456, timezone.utc), None], pa.timestamp("us", "UTC")),
        "text": pa.array(["冰 \"quoted\" \\ \n", ""]),
        "bytes": pa.array([b"\x00\xff", None], pa.binary()),
        "tags": pa.array([["a", "b"], []], pa.list_(pa.string())),
        "counts": pa.array([[("x", 1)], []], pa.map_(pa.string(), pa.int64())),
        "place": pa.array([{"city": "Oslo", "at": {"lat": 59.9}}, None], pa.struct([("city", pa.string()), ("at", pa.struct([("lat", pa.float64())]))])),
    })
    table_of(catalog, namespace, rows)
    read = catalog.load_table((namespace, "t")).scan().to_arrow()
    assert read.cast(rows.schema, safe=True).to_pylist() == rows.to_pylist()


# --- evolution


def test_a_schema_evolves_and_old_rows_are_read_with_it(catalog, namespace):
    table = catalog.create_table((namespace, "t"), Schema(
        NestedField(1, "id", IntegerType(), required=False), NestedField(2, "name", StringType(), required=False),
        NestedField(3, "old", StringType(), required=False)))
    table.append(pa.table({"id": pa.array([1], pa.int32()), "name": ["a"], "old": ["x"]}))
    with table.update_schema() as update:
        update.add_column("score", DoubleType(), doc="how good")
        update.rename_column("name", "full_name")
        update.update_column("id", LongType())
        update.delete_column("old")
        update.move_first("name")
    table.append(pa.table({"full_name": ["b"], "id": pa.array([2**40], pa.int64()), "score": [0.5]}))

    table = catalog.load_table((namespace, "t"))
    assert table.schema().column_names == ["full_name", "id", "score"]
    assert rows_of(table, "id", "full_name", "score") == [(1, "a", None), (2**40, "b", 0.5)]
    assert [schema.schema_id for schema in table.schemas().values()] == [0, 1]
    assert table.metadata.last_column_id == 4


def test_a_partition_spec_evolves_and_all_rows_stay(catalog, namespace):
    rows = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "kind": ["x", "y", "x"], "zone": ["n", "n", "s"]})
    table = table_of(catalog, namespace, rows)
    with table.update_spec() as update:
        update.add_identity("kind")
    table.append(rows)
    with table.update_spec() as update:
        update.add_field("zone", IdentityTransform(), "zone_part")
        update.remove_field("kind")
    table.append(rows)

    table = catalog.load_table((namespace, "t"))
    assert rows_of(table, "id", "kind", "zone") == sorted([(1, "x", "n"), (2, "y", "n"), (3, "x", "s")] * 3)
    assert rows_of(table.scan(row_filter="kind = 'x' and zone = 's'"), "id") == [(3,)] * 3
    assert sorted(table.specs()) == [0, 1, 2] and table.spec().spec_id == 2
    assert len(table.inspect.files()) == 1 + 2 + 2


def test_a_partitioned_table_overwrites_only_the_partitions_it_writes(catalog, namespace):
    schema = Schema(NestedField(1, "id", LongType(), required=False), NestedField(2, "kind", StringType(), required=False))
    spec = PartitionSpec(PartitionField(source_id=2, field_id=1000, transform=IdentityTransform(), name="kind"))
    table = catalog.create_table((namespace, "t"), schema, partition_spec=spec)
    table.append(pa.table({"id": pa.array([1, 2], pa.int64()), "kind": ["x", "y"]}))
    table.dynamic_partition_overwrite(pa.table({"id": pa.array([7], pa.int64()), "kind": ["x"]}))
    assert rows_of(catalog.load_table((namespace, "t"))) == [(2, "y"), (7, "x")]


def test_a_sort_order_is_kept(catalog, namespace):
    schema = Schema(NestedField(1, "id", LongType(), required=False), NestedField(2, "kind", StringType(), required=False))
    order = SortOrder(SortField(source_id=1, transform=IdentityTransform()))
    catalog.create_table((namespace, "t"), schema, sort_order=order)
    table = catalog.load_table((namespace, "t"))
    assert table.sort_order().order_id == 1 and table.sort_order().fields[0].source_id == 1


def test_table_properties_are_set_and_removed(catalog, namespace):
    table = table_of(catalog, namespace, properties={"owner": "me", "gone": "soon"})
    with table.transaction() as transaction:
        transaction.set_properties({"owner": "you", "note": "冰" * 1000})
        transaction.remove_properties("gone")
    properties = catalog.load_table((namespace, "t")).properties
    assert (properties["owner"], properties["note"], "gone" in properties) == ("you", "冰" * 1000, False)


def test_one_transaction_changes_schema_rows_and_properties_together(catalog, namespace):
    table = table_of(catalog, namespace)
    with table.transaction() as transaction:
        with transaction.update_schema() as update:
            update.add_column("extra", StringType())
        transaction.set_properties(step="one")
        transaction.append(pa.table({"id": pa.array([4], pa.int64()), "name": ["d"], "extra": ["e"]}))
    table = catalog.load_table((namespace, "t"))
    assert rows_of(table, "id", "extra") == [(1, None), (2, None), (3, None), (4, "e")]
    assert table.properties["step"] == "one" and len(table.metadata.metadata_log) == 2


# --- history


def test_a_branch_is_written_beside_main(catalog, namespace):
    table = table_of(catalog, namespace)
    table.manage_snapshots().create_branch(table.current_snapshot().snapshot_id, "audit", max_ref_age_ms=86_400_000).commit()
    assert catalog.load_table((namespace, "t")).refs()["audit"].max_ref_age_ms == 86_400_000
    table.append(people((4, "d")), branch="audit")

    table = catalog.load_table((namespace, "t"))
    assert rows_of(table) == [(1, "a"), (2, "b"), (3, "c")]
    assert rows_of(table.scan().use_ref("audit")) == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
    table.manage_snapshots().remove_branch("audit").commit()
    assert set(catalog.load_table((namespace, "t")).refs()) == {"main"}


def test_a_tag_keeps_what_it_names(catalog, namespace):
    table = table_of(catalog, namespace)
    table.manage_snapshots().create_tag(table.current_snapshot().snapshot_id, "v1").commit()
    table.overwrite(people((9, "z")))
    table = catalog.load_table((namespace, "t"))
    assert rows_of(table.scan().use_ref("v1")) == [(1, "a"), (2, "b"), (3, "c")]
    table.manage_snapshots().remove_tag("v1").commit()
    assert "v1" not in catalog.load_table((namespace, "t")).refs()


def test_old_snapshots_can_be_read_and_main_can_go_back_to_them(catalog, namespace):
    table = table_of(catalog, namespace)
    first = table.current_snapshot().snapshot_id
    table.append(people((4, "d")))
    table = catalog.load_table((namespace, "t"))
    assert rows_of(table.scan(snapshot_id=first)) == [(1, "a"), (2, "b"), (3, "c")]
    assert rows_of(table) == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]

    table.manage_snapshots().rollback_to_snapshot(first).commit()
    table = catalog.load_table((namespace, "t"))
    assert table.current_snapshot().snapshot_id == first and rows_of(table) == [(1, "a"), (2, "b"), (3, "c")]
    assert [entry.snapshot_id for entry in table.history()][-1] == first and len(table.history()) == 3


def test_expired_snapshots_are_gone_and_rows_stay(catalog, namespace):
    table = table_of(catalog, namespace)
    first = table.current_snapshot().snapshot_id
    table.append(people((4, "d")))
    table.maintenance.expire_snapshots().by_id(first).commit()
    table = catalog.load_table((namespace, "t"))
    assert [snapshot.snapshot_id for snapshot in table.snapshots()] == [table.current_snapshot().snapshot_id]
    assert rows_of(table) == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]


def test_loading_only_referenced_snapshots_loses_none_at_the_next_commit(lake, catalog, namespace):
    table_of(catalog, namespace).append(people((4, "d")))
    some = connect(lake, **{"snapshot-loading-mode": "refs"}).load_table((namespace, "t"))
    assert len(some.metadata.snapshots) == 1
    some.append(people((5, "e")))
    table = catalog.load_table((namespace, "t"))
    assert len(table.metadata.snapshots) == 3
    assert rows_of(table) == [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")]


# --- names


def test_a_renamed_table_keeps_its_identity_and_its_rows(catalog, namespace, fresh):
    table = table_of(catalog, namespace)
    other = fresh + "_other"
    catalog.create_namespace(other)
    catalog.rename_table((namespace, "t"), (namespace, "u"))
    catalog.rename_table((namespace, "u"), (other, "t"))
    moved = catalog.load_table((other, "t"))
    assert moved.metadata.table_uuid == table.metadata.table_uuid and moved.metadata_location == table.metadata_location
    assert rows_of(moved) == [(1, "a"), (2, "b"), (3, "c")]
    moved.append(people((4, "d")))
    assert rows_of(catalog.load_table((other, "t"))) == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
    with pytest.raises(NoSuchTableError):
        catalog.load_table((namespace, "t"))
    assert catalog.list_tables(namespace) == [] and catalog.list_tables(other) == [(other, "t")]


def test_rename_refuses_a_taken_name_and_a_missing_source(catalog, namespace):
    table_of(catalog, namespace)
    table_of(catalog, namespace, people((8, "other")), name="u")
    with pytest.raises(TableAlreadyExistsError):
        catalog.rename_table((namespace, "t"), (namespace, "u"))
    with pytest.raises(NoSuchTableError):
        catalog.rename_table((namespace, "missing"), (namespace, "v"))
    assert rows_of(catalog.load_table((namespace, "t"))) == [(1, "a"), (2, "b"), (3, "c")]
    assert rows_of(catalog.load_table((namespace, "u"))) == [(8, "other")]


def test_a_dropped_table_can_be_registered_again(catalog, namespace):
    table = table_of(catalog, namespace)
    catalog.drop_table((namespace, "t"))
    with pytest.raises(NoSuchTableError):
        catalog.load_table((namespace, "t"))
    back = catalog.register_table((namespace, "again"), table.metadata_location)
    assert back.metadata_location == table.metadata_location and back.metadata.table_uuid == table.metadata.table_uuid
    back.append(people((4, "d")))
    assert rows_of(catalog.load_table((namespace, "again"))) == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
    with pytest.raises(TableAlreadyExistsError):
        catalog.register_table((namespace, "again"), table.metadata_location)


def test_a_name_is_free_after_drop_and_after_purge(catalog, namespace):
    first = table_of(catalog, namespace)
    catalog.drop_table((namespace, "t"))
    with pytest.raises(NoSuchTableError):
        catalog.drop_table((namespace, "t"))
    second = table_of(catalog, namespace, people((5, "e")))
    assert second.metadata.table_uuid != first.metadata.table_uuid
    assert rows_of(catalog.load_table((namespace, "t"))) == [(5, "e")]
    catalog.purge_table((namespace, "t"))
    assert not catalog.table_exists((namespace, "t"))
    table_of(catalog, namespace, people((6, "f")))
    assert rows_of(catalog.load_table((namespace, "t"))) == [(6, "f")]


def test_the_client_of_a_dropped_table_cannot_write_into_its_successor(catalog, namespace):
    stale = table_of(catalog, namespace)
    catalog.drop_table((namespace, "t"))
    table_of(catalog, namespace, people((5, "e")))
    with pytest.raises(CommitFailedException):
        with stale.transaction() as transaction:
            transaction.set_properties(owner="ghost")
    assert "owner" not in catalog.load_table((namespace, "t")).properties
    assert rows_of(catalog.load_table((namespace, "t"))) == [(5, "e")]


def test_errors_of_tables_are_pyicebergs_own(catalog, namespace, fresh):
    table_of(catalog, namespace)
    with pytest.raises(TableAlreadyExistsError):
        catalog.create_table((namespace, "t"), ABC.schema)
    assert rows_of(catalog.create_table_if_not_exists((namespace, "t"), ABC.schema)) == [(1, "a"), (2, "b"), (3, "c")]
    with pytest.raises(NoSuchNamespaceError):
        catalog.create_table((fresh + "_missing", "t"), ABC.schema)
    with pytest.raises(NoSuchTableError):
        catalog.load_table((namespace, "missing"))
    with pytest.raises(NamespaceNotEmptyError):
        catalog.drop_namespace(namespace)


# --- creates


def test_a_create_transaction_shows_nothing_until_it_commits(catalog, namespace):
    transaction = catalog.create_table_transaction((namespace, "t"), ABC.schema)
    transaction.append(ABC)
    assert not catalog.table_exists((namespace, "t")) and catalog.list_tables(namespace) == []
    transaction.set_properties(made="together")
    transaction.commit_transaction()
    table = catalog.load_table((namespace, "t"))
    assert rows_of(table) == [(1, "a"), (2, "b"), (3, "c")] and table.properties["made"] == "together"
    assert table.metadata_location.rsplit("/", 1)[1].startswith("00000-")


def test_of_two_create_transactions_for_one_name_one_wins(catalog, namespace):
    first = catalog.create_table_transaction((namespace, "t"), ABC.schema)
    second = catalog.create_table_transaction((namespace, "t"), ABC.schema)
    first.append(ABC)
    second.append(people((9, "z")))
    first.commit_transaction()
    with pytest.raises((CommitFailedException, TableAlreadyExistsError)):
        second.commit_transaction()
    assert rows_of(catalog.load_table((namespace, "t"))) == [(1, "a"), (2, "b"), (3, "c")]


def test_a_staged_table_is_nowhere_until_its_commit(lake, catalog, namespace):
    tables = f"{prefix_of(lake)}/namespaces/{namespace_path(namespace)}/tables"
    staged = lake.request("POST", tables, {"name": "t", "stage-create": True, "schema": {"type": "struct", "fields": [
        {"id": 1, "name": "id", "type": "long", "required": False}]}})
    assert staged.status == 200, staged
    assert staged.json.get("metadata-location") is None
    assert catalog.list_tables(namespace) == [] and not catalog.table_exists((namespace, "t"))
    assert lake.request("GET", f"{tables}/t").status == 404
    catalog.drop_namespace(namespace)
    assert not catalog.namespace_exists(namespace)


def test_a_location_of_ones_own_is_used(lake, catalog, namespace):
    if lake.storage == "file":
        location = f"file:///tmp/frazil-story-{namespace}/t"
    else:
        location = catalog.create_table((namespace, "near"), ABC.schema).location() + "-own"
    table = table_of(catalog, namespace, location=location + "/")
    assert same_path(table.location()) == same_path(location)
    assert same_path(table.metadata_location).startswith(same_path(location) + "/metadata/")
    assert rows_of(catalog.load_table((namespace, "t"))) == [(1, "a"), (2, "b"), (3, "c")]
    catalog.drop_table((namespace, "t"))


# --- views


def test_a_view_is_created_listed_and_dropped(lake, catalog, namespace):
    table_of(catalog, namespace)
    views = f"{prefix_of(lake)}/namespaces/{namespace_path(namespace)}/views"
    created = lake.request("POST", views, {
        "name": "v", "properties": {"comment": "all of it"},
        "schema": {"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "id", "type": "long", "required": False}]},
        "view-version": {"version-id": 1, "timestamp-ms": 1_700_000_000_000, "schema-id": 0, "summary": {"engine-name": "story"},
                         "default-namespace": [namespace],
                         "representations": [{"type": "sql", "sql": "select id from t", "dialect": "spark"}]}})
    assert created.status == 200, created
    assert catalog.list_views(namespace) == [(namespace, "v")] and catalog.view_exists((namespace, "v"))
    assert catalog.list_tables(namespace) == [(namespace, "t")]
    assert not catalog.table_exists((namespace, "v"))
    loaded = lake.request("GET", f"{views}/v").json["metadata"]
    assert loaded["versions"][0]["representations"][0]["sql"] == "select id from t"

    with pytest.raises(TableAlreadyExistsError):
        catalog.create_table((namespace, "v"), ABC.schema)
    with pytest.raises(NamespaceNotEmptyError):
        catalog.drop_table((namespace, "t"))
        catalog.drop_namespace(namespace)
    catalog.drop_view((namespace, "v"))
    assert catalog.list_views(namespace) == [] and not catalog.view_exists((namespace, "v"))


# --- many


def test_long_lists_come_in_pages_and_whole(lake, catalog, namespace):
    names = [f"t{number:03}" for number in range(25)]
    for name in names:
        catalog.create_table((namespace, name), ABC.schema)
    assert sorted(name for _, name in catalog.list_tables(namespace)) == names

    tables = f"{prefix_of(lake)}/namespaces/{namespace_path(namespace)}/tables"
    whole = lake.request("GET", tables).json
    assert sorted(identifier["name"] for identifier in whole["identifiers"]) == names and whole.get("next-page-token") is None
    seen, token, pages = [], "", 0
    while token is not None:
        page = lake.request("GET", f"{tables}?pageToken={token}&pageSize=10").json
        assert len(page["identifiers"]) <= 10
        seen += [identifier["name"] for identifier in page["identifiers"]]
        token, pages = page["next-page-token"], pages + 1
    assert sorted(seen) == names and pages == 3


def test_the_tables_metadata_can_be_inspected(catalog, namespace):
    table = table_of(catalog, namespace)
    table.append(people((4, "d")))
    table = catalog.load_table((namespace, "t"))
    assert len(table.inspect.snapshots()) == 2 and len(table.inspect.history()) == 2
    assert len(table.inspect.files()) == 2 and table.inspect.refs().to_pylist()[0]["name"] == "main"
    assert len(table.inspect.metadata_log_entries()) == 3


# --- writers


def test_of_two_writers_the_second_is_refused_and_succeeds_after_a_refresh(lake, namespace):
    first, second = connect(lake), connect(lake)
    table_of(first, namespace, properties={"commit.retry.num-retries": "0"})
    one, two = first.load_table((namespace, "t")), second.load_table((namespace, "t"))
    with one.update_schema() as update:
        update.add_column("from_one", StringType())
    with pytest.raises(CommitFailedException):
        with two.update_schema() as update:
            update.add_column("from_two", StringType())
    assert first.load_table((namespace, "t")).schema().column_names == ["id", "name", "from_one"]

    two.refresh()
    with two.update_schema() as update:
        update.add_column("from_two", StringType())
    assert first.load_table((namespace, "t")).schema().column_names == ["id", "name", "from_one", "from_two"]


def test_of_two_overwrites_from_one_snapshot_the_second_is_refused(lake, namespace):
    first, second = connect(lake), connect(lake)
    table_of(first, namespace, properties={"commit.retry.num-retries": "0"})
    one, two = first.load_table((namespace, "t")), second.load_table((namespace, "t"))
    one.overwrite(people((10, "one")))
    with pytest.raises(CommitFailedException):
        two.overwrite(people((20, "two")))
    assert rows_of(first.load_table((namespace, "t"))) == [(10, "one")]
    two.refresh()
    two.overwrite(people((20, "two")))
    assert rows_of(first.load_table((namespace, "t"))) == [(20, "two")]


def test_writers_who_set_different_properties_all_succeed(lake, namespace):
    table_of(connect(lake), namespace)
    tables = [connect(lake).load_table((namespace, "t")) for _ in range(8)]
    problems = []

    def write(number, table):
        try:
            with table.transaction() as transaction:
                transaction.set_properties({f"key-{number}": str(number)})
        except Exception as error:  # noqa: BLE001 - told below
            problems.append(repr(error))

    threads = [threading.Thread(target=write, args=(number, table)) for number, table in enumerate(tables)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    properties = connect(lake).load_table((namespace, "t")).properties
    assert {key: properties.get(key) for key in (f"key-{n}" for n in range(8))} == {f"key-{n}": str(n) for n in range(8)}


def same_path(location):
    """file:/x and file:///x are one place."""
    return location.replace("file:///", "file:/").rstrip("/")


def prefix_of(lake):
    """'/v1', or '/v1/<prefix>' where the server gives one."""
    config = lake.request("GET", "/v1/config" + (f"?warehouse={lake.warehouse_name}" if lake.warehouse_name else "")).json
    prefix = {**config["defaults"], **config["overrides"]}.get("prefix")
    return f"/v1/{prefix}" if prefix else "/v1"
