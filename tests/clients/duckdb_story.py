"""DuckDB end to end, and DuckDB and PyIceberg reading what the other wrote: rows are compared every time."""

from pathlib import Path

import pytest

duckdb = pytest.importorskip("duckdb")

import duckdb_extension_avro  # noqa: E402
import duckdb_extension_httpfs  # noqa: E402
import duckdb_extension_iceberg  # noqa: E402


def bare_connection():
    """A connection with the extensions that packages brought, loaded by path."""
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    for module in (duckdb_extension_httpfs, duckdb_extension_avro, duckdb_extension_iceberg):
        (path,) = Path(module.__path__[0]).glob("extensions/*/*.duckdb_extension")
        connection.load_extension(str(path))
    return connection


def connect(lake, options=""):
    """A connection with the catalog attached as `lake`."""
    connection = bare_connection()
    if lake.storage == "s3":
        endpoint = lake.properties["s3.endpoint"].removeprefix("http://")
        connection.execute(
            f"CREATE SECRET storage (TYPE s3, KEY_ID '{lake.properties['s3.access-key-id']}', SECRET '{lake.properties['s3.secret-access-key']}', "
            f"REGION '{lake.properties['s3.region']}', ENDPOINT '{endpoint}', URL_STYLE 'path', USE_SSL false)")
        options = ", ACCESS_DELEGATION_MODE 'none'" + options
    authorization = "AUTHORIZATION_TYPE 'none'"
    if lake.credential:
        client_id, client_secret = lake.credential.split(":")
        connection.execute(
            f"CREATE SECRET root (TYPE iceberg, CLIENT_ID '{client_id}', CLIENT_SECRET '{client_secret}', OAUTH2_SERVER_URI '{lake.url}/v1/oauth/tokens')")
        authorization = "SECRET root"
    connection.execute(f"ATTACH '{lake.warehouse_name or ''}' AS lake (TYPE iceberg, ENDPOINT '{lake.url}', {authorization}{options})")
    return connection


@pytest.fixture
def db(lake):
    connection = connect(lake)
    yield connection
    connection.close()


@pytest.fixture
def schema(db, fresh):
    db.execute(f"CREATE SCHEMA lake.{fresh}")
    return f"lake.{fresh}"


@pytest.fixture
def pyiceberg(lake):
    from pyiceberg_story import connect as load

    return load(lake)


def rows(db, table, columns="*", where=""):
    return db.sql(f"SELECT {columns} FROM {table} {where} ORDER BY ALL").fetchall()


def fill(db, schema, name="t"):
    db.execute(f"CREATE TABLE {schema}.{name} (id BIGINT, name VARCHAR)")
    db.execute(f"INSERT INTO {schema}.{name} VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    return f"{schema}.{name}"


def test_a_schema_and_a_table_are_created_and_listed(lake, db, schema):
    table = fill(db, schema)
    assert rows(db, table) == [(1, "a"), (2, "b"), (3, "c")]
    assert db.sql(f"SELECT table_name FROM duckdb_tables() WHERE schema_name = '{schema[5:]}'").fetchall() == [("t",)]
    assert rows(connect(lake), table) == [(1, "a"), (2, "b"), (3, "c")]


def test_inserted_updated_and_deleted_rows_are_read_back(lake, db, schema):
    table = fill(db, schema)
    db.execute(f"INSERT INTO {table} SELECT range, 'r' || range FROM range(10, 13)")
    db.execute(f"UPDATE {table} SET name = 'bb' WHERE id = 2")
    db.execute(f"DELETE FROM {table} WHERE id IN (1, 11)")
    expected = [(2, "bb"), (3, "c"), (10, "r10"), (12, "r12")]
    assert rows(db, table) == expected
    assert rows(connect(lake), table) == expected
    assert rows(db, table, "name", "WHERE id >= 10") == [("r10",), ("r12",)]


def test_columns_are_added_renamed_retyped_and_dropped(lake, db, schema):
    db.execute(f"CREATE TABLE {schema}.t (id INTEGER, name VARCHAR, old VARCHAR)")
    table = f"{schema}.t"
    db.execute(f"INSERT INTO {table} VALUES (1, 'a', 'x')")
    db.execute(f"ALTER TABLE {table} ADD COLUMN score DOUBLE")
    db.execute(f"ALTER TABLE {table} RENAME COLUMN name TO full_name")
    db.execute(f"ALTER TABLE {table} DROP COLUMN old")
    db.execute(f"ALTER TABLE {table} ALTER COLUMN id TYPE BIGINT")
    db.execute(f"INSERT INTO {table} (id, full_name, score) VALUES (1099511627776, 'b', 0.5)")
    assert rows(connect(lake), table, "id, full_name, score") == [(1, "a", None), (1099511627776, "b", 0.5)]


def test_a_renamed_table_keeps_its_rows(lake, db, schema):
    fill(db, schema)
    db.execute(f"ALTER TABLE {schema}.t RENAME TO u")
    other = connect(lake)
    assert rows(other, f"{schema}.u") == [(1, "a"), (2, "b"), (3, "c")]
    with pytest.raises(duckdb.Error):
        rows(other, f"{schema}.t")


def test_a_transaction_changes_two_tables_or_none(lake, db, schema):
    one, two = fill(db, schema, "one"), fill(db, schema, "two")
    db.execute("BEGIN")
    db.execute(f"INSERT INTO {one} VALUES (4, 'd')")
    db.execute(f"DELETE FROM {two} WHERE id = 1")
    assert rows(connect(lake), one) == [(1, "a"), (2, "b"), (3, "c")]
    db.execute("COMMIT")
    other = connect(lake)
    assert rows(other, one) == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
    assert rows(other, two) == [(2, "b"), (3, "c")]

    db.execute("BEGIN")
    db.execute(f"INSERT INTO {one} VALUES (5, 'e')")
    db.execute(f"INSERT INTO {two} VALUES (5, 'e')")
    db.execute("ROLLBACK")
    other = connect(lake)
    assert rows(other, one) == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
    assert rows(other, two) == [(2, "b"), (3, "c")]


def test_a_transaction_that_loses_a_race_on_one_table_changes_neither(lake, db, schema):
    one, two = fill(db, schema, "one"), fill(db, schema, "two")
    rival = connect(lake)
    db.execute("BEGIN")
    db.execute(f"INSERT INTO {one} VALUES (4, 'mine')")
    db.execute(f"DELETE FROM {two} WHERE id = 1")
    rival.execute(f"DELETE FROM {two} WHERE id = 2")
    with pytest.raises(duckdb.Error):
        db.execute("COMMIT")
    other = connect(lake)
    assert rows(other, one) == [(1, "a"), (2, "b"), (3, "c")]
    assert rows(other, two) == [(1, "a"), (3, "c")]


def test_a_table_is_created_with_its_rows_in_one_statement(lake, db, schema):
    # On files DuckDB makes no folders for a table that does not exist yet: the catalog has, when it staged the creation.
    db.execute(f"CREATE TABLE {schema}.made AS SELECT range AS id FROM range(3)")
    assert rows(connect(lake), f"{schema}.made") == [(0,), (1,), (2,)]


def test_a_dropped_table_and_a_dropped_schema_are_gone(lake, db, schema):
    table = fill(db, schema)
    with pytest.raises(duckdb.Error):
        db.execute(f"DROP SCHEMA {schema}")
    db.execute(f"DROP TABLE {table}")
    db.execute(f"DROP SCHEMA {schema}")
    from pyiceberg_story import prefix_of

    assert lake.request("GET", f"{prefix_of(lake)}/namespaces/{schema[5:]}").status == 404


def test_nested_namespaces_are_schemas(lake, fresh):
    db = connect(lake, ", SUPPORT_NESTED_NAMESPACES true")
    db.execute(f"CREATE SCHEMA lake.{fresh}")
    db.execute(f'CREATE SCHEMA lake."{fresh}.inner"')
    table = fill(db, f'lake."{fresh}.inner"')
    assert rows(db, table) == [(1, "a"), (2, "b"), (3, "c")]


def test_pyiceberg_reads_what_duckdb_wrote(db, schema, pyiceberg):
    from pyiceberg_story import rows_of

    table = fill(db, schema)
    db.execute(f"UPDATE {table} SET name = 'bb' WHERE id = 2")
    read = pyiceberg.load_table((schema[5:], "t"))
    assert rows_of(read, "id", "name") == [(1, "a"), (2, "bb"), (3, "c")]


def test_duckdb_reads_what_pyiceberg_wrote_and_each_goes_on(lake, db, fresh, pyiceberg):
    from pyiceberg_story import ABC, people, rows_of, table_of

    pyiceberg.create_namespace(fresh)
    table = table_of(pyiceberg, fresh)
    table.delete("id = 1")
    with table.update_schema() as update:
        update.rename_column("name", "full_name")
    assert rows(db, f"lake.{fresh}.t", "id, full_name") == [(2, "b"), (3, "c")]

    db.execute(f"INSERT INTO lake.{fresh}.t VALUES (7, 'duck')")
    table.refresh()
    table.append(people((8, "py")).rename_columns(["id", "full_name"]))
    expected = [(2, "b"), (3, "c"), (7, "duck"), (8, "py")]
    assert rows_of(pyiceberg.load_table((fresh, "t")), "id", "full_name") == expected
    assert rows(connect(lake), f"lake.{fresh}.t", "id, full_name") == expected
    assert ABC.num_rows == 3
