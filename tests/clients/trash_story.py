"""PyIceberg's tables through the trash: undropped with all their rows, and purged to the last file while their neighbours keep everything."""

import json
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlparse

import pyarrow as pa
import pytest
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import NoSuchTableError

from frazil_server import built_server

MANAGEMENT = "/management/v1/warehouse/default"


@pytest.fixture
def catalog(lake):
    if lake.storage != "file" or not lake.server.is_frazil:
        pytest.skip("counts files in a folder of a Frazil server")
    return load_catalog("lake", type="rest", uri=lake.url, auth={"type": "noop"}, warehouse="default")


def rows(first, count):
    return pa.table({"id": pa.array(range(first, first + count), pa.int64()), "name": pa.array([f"row {i}" for i in range(first, first + count)])})


def make(catalog, name):
    """A table with five snapshots: appends, a delete and an overwrite."""
    table = catalog.create_table(name, rows(0, 1).schema)
    for first in (0, 100, 200):
        table.append(rows(first, 100))
    table.delete("id >= 250")
    table.append(rows(1000, 5))
    return table


def ids_of(catalog, name):
    return sorted(catalog.load_table(name).scan().to_arrow()["id"].to_pylist())


def files_of(location):
    return [path for path in Path(unquote(urlparse(location).path)).rglob("*") if path.is_file()]


def frazil(lake, *words):
    """The command line, against the server under test."""
    run = subprocess.run([*built_server(), *words, "--uri", lake.url, "--json"], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout) if run.stdout.startswith("{") else run.stdout


def trashed(lake, namespace):
    """The id of the only thing that was dropped from a namespace."""
    (item,) = lake.request("GET", f"{MANAGEMENT}/deleted-tabulars?namespace={namespace}").json["tabulars"]
    return item["id"]


def test_a_dropped_table_comes_back_with_its_rows(lake, catalog, fresh):
    catalog.create_namespace(fresh)
    make(catalog, f"{fresh}.t")
    before = ids_of(catalog, f"{fresh}.t")
    assert len(before) == 255
    catalog.drop_table(f"{fresh}.t")
    with pytest.raises(NoSuchTableError):
        catalog.load_table(f"{fresh}.t")

    answer = lake.request("POST", f"{MANAGEMENT}/deleted-tabulars/undrop", {"targets": [{"type": "table", "id": trashed(lake, fresh)}]})

    assert answer.status == 204, answer.error
    assert ids_of(catalog, f"{fresh}.t") == before
    catalog.load_table(f"{fresh}.t").append(rows(5000, 1))
    assert ids_of(catalog, f"{fresh}.t") == before + [5000]


def test_a_purge_leaves_nothing_of_the_table_and_every_row_of_its_neighbour(lake, catalog, fresh):
    catalog.create_namespace(fresh)
    location = make(catalog, f"{fresh}.t").location()
    neighbour = make(catalog, f"{fresh}.t2").location()
    kept = {path: path.read_bytes() for path in files_of(neighbour)}
    assert len(files_of(location)) > 15
    catalog.drop_table(f"{fresh}.t")

    target = trashed(lake, fresh)
    preview = frazil(lake, "trash", "purge", target, "--dry-run")
    assert preview["files-to-skip"] == 0
    assert len(set(preview["files"])) == len(files_of(location))
    task = frazil(lake, "trash", "purge", target)["task-id"]
    assert frazil(lake, "jobs", "run", "purge")["failed"] == 0

    assert frazil(lake, "tasks", "show", task)["status"] == "success"
    assert files_of(location) == []
    assert {path: path.read_bytes() for path in files_of(neighbour)} == kept
    assert len(ids_of(catalog, f"{fresh}.t2")) == 255
