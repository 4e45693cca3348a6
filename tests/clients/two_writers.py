#!/usr/bin/env python3
"""Two PyIceberg processes append to one table for some seconds. Every append that was acknowledged is there exactly once, and no other row is.

    two_writers.py [SECONDS]
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from frazil_server import Server


def load(url, warehouse):
    from pyiceberg.catalog import load_catalog

    return load_catalog("lake", type="rest", uri=url, auth={"type": "noop"}, **({"warehouse": warehouse} if warehouse else {}))


def write(url, warehouse, writer, seconds, record):
    """Appends until the time is over. Each row's fate is a line in the record, written before and after the append."""
    import pyarrow as pa
    from pyiceberg.exceptions import CommitFailedException

    logging.getLogger("pyiceberg").setLevel(logging.ERROR)  # its retries are the point
    catalog = load(url, warehouse)
    end = time.monotonic() + seconds
    number = 0
    with open(record, "w") as out:
        while time.monotonic() < end:
            row = f"{writer}-{number}"
            number += 1
            print(json.dumps([row, "tried"]), file=out, flush=True)
            try:
                table = catalog.load_table("race.t")
                table.append(pa.table({"row": [row]}))
                fate = "acknowledged"
            except CommitFailedException:
                fate = "refused"
            except Exception as error:  # noqa: BLE001 - a writer meets nothing else, so it is reported
                fate = f"error {error!r}"
            print(json.dumps([row, fate]), file=out, flush=True)


def fates(record):
    result = {}
    for line in record.read_text().splitlines():
        row, fate = json.loads(line)
        result[row] = fate
    return result


def compare(fates_of_rows, found):
    """What is wrong: the pure part, so that it can be tried with a broken history."""
    problems = []
    for row, fate in fates_of_rows.items():
        times = found[row]
        if fate == "acknowledged" and times != 1:
            problems.append(f"acknowledged row {row} is there {times} times")
        elif fate == "refused" and times != 0:
            problems.append(f"refused row {row} is there {times} times")
        elif fate.startswith("error"):
            problems.append(f"row {row}: {fate}")
        elif fate == "tried" and times > 1:
            problems.append(f"row {row} without an answer is there {times} times")
    problems += [f"row {row} was never written, yet it is there" for row in found if row not in fates_of_rows]
    return problems


def check_the_comparison():
    """A history with each kind of fault must be told as faulty, a right one must not."""
    assert compare({"a-0": "acknowledged", "a-1": "refused", "a-2": "tried"}, Counter(["a-0", "a-2"])) == []
    for history, found in (
        ({"a-0": "acknowledged"}, []),
        ({"a-0": "acknowledged"}, ["a-0", "a-0"]),
        ({"a-0": "refused"}, ["a-0"]),
        ({"a-0": "error 500"}, []),
        ({}, ["a-0"]),
    ):
        assert compare(history, Counter(found)), (history, found)


def main():
    if len(sys.argv) > 2 and sys.argv[1] == "--writer":
        _, _, url, warehouse, writer, seconds, record = sys.argv
        write(url, warehouse, writer, float(seconds), record)
        return 0

    check_the_comparison()
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory(prefix="frazil-writers-") as folder:
        folder = Path(folder)
        log = Path(os.environ.get("FRAZIL_TEST_LOGS", folder)) / "server-two-writers.log"
        with Server(folder / "data", log=log) as server:
            warehouse = "default" if server.is_frazil else ""
            catalog = load(server.url, warehouse)
            catalog.create_namespace("race")
            import pyarrow as pa

            catalog.create_table("race.t", pa.schema([("row", pa.string())]))
            records = [folder / f"writer-{number}.jsonl" for number in range(2)]
            writers = [
                subprocess.Popen([sys.executable, __file__, "--writer", server.url, warehouse, f"w{number}", str(seconds), str(record)])
                for number, record in enumerate(records)
            ]
            problems = [f"writer {number} ended with {writer.wait()}" for number, writer in enumerate(writers) if writer.wait() != 0]
            history = {row: fate for record in records for row, fate in fates(record).items()}
            table = catalog.load_table("race.t")
            found = Counter(table.scan().to_arrow().column("row").to_pylist())

    problems += compare(history, found)
    counts = Counter(fate.split(" ")[0] for fate in history.values())
    for number in range(2):
        if not any(row.startswith(f"w{number}-") and fate == "acknowledged" for row, fate in history.items()):
            problems.append(f"writer {number} never succeeded")
    print(f"two writers for {seconds:.0f} s: {dict(counts)}, {len(table.metadata.snapshots)} snapshots, {sum(found.values())} rows")
    for problem in problems[:20]:
        print(f"FAILED: {problem}")
    print(f"{0 if problems else 1} passed, {1 if problems else 0} failed, 0 skipped")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
