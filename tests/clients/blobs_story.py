"""The life of a table whose files are blobs, by PyIceberg over adlfs, through the trash and to the last blob.

Over pyarrow PyIceberg cannot: it takes `container@account.dfs.core.windows.net` of a location for the container's name.
"""

import pyarrow as pa
import pytest
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import NoSuchTableError

MANAGEMENT = "/management/v1/warehouse/default"


@pytest.fixture
def catalog(lake):
    return load_catalog("lake", type="rest", uri=lake.url, warehouse="default", **lake.authentication, **lake.properties)


def rows(first, count):
    return pa.table({"id": pa.array(range(first, first + count), pa.int64()), "name": pa.array([f"row {i}" for i in range(first, first + count)])})


def ids_of(catalog, name):
    return sorted(catalog.load_table(name).scan().to_arrow()["id"].to_pylist())


def blobs_of(lake, location):
    """The blobs of a table, each with what tells its content."""
    prefix = location.split(".dfs.core.windows.net/", 1)[1] + "/"
    return {blob.name: blob.content_settings.content_md5 or blob.etag for blob in lake.server.container().list_blobs(name_starts_with=prefix)}


def make(catalog, name):
    table = catalog.create_table(name, rows(0, 1).schema)
    for first in (0, 100, 200):
        table.append(rows(first, 100))
    table.delete("id >= 250")
    return table


def trashed(lake, namespace):
    """The id of the only thing that was dropped from a namespace."""
    (item,) = lake.request("GET", f"{MANAGEMENT}/deleted-tabulars?namespace={namespace}").json["tabulars"]
    return item["id"]


def test_a_table_lives_on_blobs(lake, catalog, fresh):
    catalog.create_namespace(fresh)
    table = make(catalog, f"{fresh}.t")
    assert table.location().startswith(lake.server.warehouse)
    assert len(blobs_of(lake, table.location())) > 15
    expected = list(range(250))
    assert ids_of(catalog, f"{fresh}.t") == expected
    assert catalog.load_table(f"{fresh}.t").scan(row_filter="id > 240").to_arrow()["name"].to_pylist() == [f"row {i}" for i in range(241, 250)]

    catalog.drop_table(f"{fresh}.t")
    with pytest.raises(NoSuchTableError):
        catalog.load_table(f"{fresh}.t")
    answer = lake.request("POST", f"{MANAGEMENT}/deleted-tabulars/undrop", {"targets": [{"type": "table", "id": trashed(lake, fresh)}]})
    assert answer.status == 204, answer.error
    assert ids_of(catalog, f"{fresh}.t") == expected
    catalog.load_table(f"{fresh}.t").append(rows(5000, 1))
    assert ids_of(catalog, f"{fresh}.t") == [*expected, 5000]


def test_a_purge_leaves_no_blob_of_the_table_and_every_blob_of_its_neighbour(lake, catalog, fresh):
    catalog.create_namespace(fresh)
    location = make(catalog, f"{fresh}.t").location()
    neighbour = make(catalog, f"{fresh}.t2").location()
    gone, kept = blobs_of(lake, location), blobs_of(lake, neighbour)
    assert len(gone) > 15
    catalog.drop_table(f"{fresh}.t")

    target = trashed(lake, fresh)
    preview = lake.request("POST", f"{MANAGEMENT}/deleted-tabulars/{target}/purge?dryRun=true").json
    assert {file.split(".dfs.core.windows.net/", 1)[1] for file in preview["files"]} == set(gone)
    answer = lake.request("POST", f"{MANAGEMENT}/deleted-tabulars/{target}/purge")
    assert answer.status == 200, answer.error
    done = lake.request("POST", "/management/v1/job/purge/run").json

    # A file that two manifests name is counted twice.
    assert (done["done"], done["failed"]) == (1, 0) and done["files-deleted"] >= len(gone)
    assert blobs_of(lake, location) == {}
    assert blobs_of(lake, neighbour) == kept
    assert ids_of(catalog, f"{fresh}.t2") == list(range(250))
