#!/usr/bin/env python3
"""Two PyIceberg processes append to one table for some seconds. Every append that was acknowledged is there exactly once, and no other row is.

    two_writers.py [SECONDS]            to the local server
    two_writers.py lambda [SECONDS]     through several instances of the Lambda function, of which one is killed every few seconds. An append whose instance was killed may be there,
                                        once, or not
"""

import json
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from frazil_server import Server
from lambda_server import LambdaServer
from s3_bucket import s3_settings

KILL_EVERY = 3  # seconds

# Ceph's radosgw, like other S3 stores, knows no trailing checksums.
os.environ.setdefault("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
os.environ.setdefault("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required")


def load(properties):
    from pyiceberg.catalog import load_catalog

    return load_catalog("lake", type="rest", **properties)


def write(properties, writer, seconds, record, may_die):
    """Appends until the time is over. Each row's fate is a line in the record, written before and after the append."""
    import pyarrow as pa
    from pyiceberg.exceptions import CommitFailedException, CommitStateUnknownException, ServerError

    logging.getLogger("pyiceberg").setLevel(logging.ERROR)  # its retries are the point
    catalog = load(properties)
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
            except (CommitStateUnknownException, ServerError) as error:
                fate = "unknown" if may_die else f"error {error!r}"
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
        elif fate in ("tried", "unknown") and times > 1:
            problems.append(f"row {row} without an answer is there {times} times")
    problems += [f"row {row} was never written, yet it is there" for row in found if row not in fates_of_rows]
    return problems


def check_the_comparison():
    """A history with each kind of fault must be told as faulty, a right one must not."""
    assert compare({"a-0": "acknowledged", "a-1": "refused", "a-2": "tried", "a-3": "unknown", "a-4": "unknown"}, Counter(["a-0", "a-2", "a-3"])) == []
    for history, found in (
        ({"a-0": "acknowledged"}, []),
        ({"a-0": "acknowledged"}, ["a-0", "a-0"]),
        ({"a-0": "refused"}, ["a-0"]),
        ({"a-0": "unknown"}, ["a-0", "a-0"]),
        ({"a-0": "error 500"}, []),
        ({}, ["a-0"]),
    ):
        assert compare(history, Counter(found)), (history, found)


def at_work(emulator):
    """The instances that are not frozen: those in the middle of a request, and those that start."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it has ended
        if int(fields[1]) == emulator and fields[0] not in "TZ":
            found.append(int(stat.parent.name))
    return found


class Reaper(threading.Thread):
    """Kills an instance of the function every few seconds in the middle of its work, once all the records have been begun."""

    def __init__(self, emulator, records):
        super().__init__(daemon=True)
        self.emulator, self.records, self.deaths, self.done = emulator, records, 0, threading.Event()

    def run(self):
        while not self.done.wait(0.01):
            instances = at_work(self.emulator)
            if instances and all(record.exists() for record in self.records):
                try:
                    os.kill(random.choice(instances), signal.SIGKILL)
                except ProcessLookupError:
                    continue  # it ended by itself since it was looked for
                self.deaths += 1
                self.done.wait(KILL_EVERY)


def properties_of(server):
    """What PyIceberg needs to know."""
    if not isinstance(server, LambdaServer):
        return {"uri": server.url, "auth": {"type": "noop"}, **({"warehouse": "default"} if server.is_frazil else {})}
    s3 = s3_settings()
    return {
        "uri": server.url, "warehouse": "default", "credential": server.credential, "oauth2-server-uri": f"{server.url}/v1/oauth/tokens",
        "s3.endpoint": s3["endpoint"], "s3.access-key-id": s3["key"], "s3.secret-access-key": s3["secret"], "s3.region": s3["region"],
        "s3.force-virtual-addressing": "false"}


def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ["--writer"]:
        _, properties, writer, seconds, record, may_die = arguments
        write(json.loads(properties), writer, float(seconds), record, may_die == "True")
        return 0

    check_the_comparison()
    is_lambda = arguments[:1] == ["lambda"]
    seconds = float(arguments[-1]) if arguments[is_lambda:] else 60
    with tempfile.TemporaryDirectory(prefix="frazil-writers-") as folder:
        folder = Path(folder)
        log = Path(os.environ.get("FRAZIL_TEST_LOGS", folder)) / f"server-two-writers{'-lambda' if is_lambda else ''}.log"
        with (LambdaServer if is_lambda else Server)(folder / "data", log=log) as server:
            properties = properties_of(server)
            catalog = load(properties)
            catalog.create_namespace("race")
            import pyarrow as pa

            catalog.create_table("race.t", pa.schema([("row", pa.string())]))
            records = [folder / f"writer-{number}.jsonl" for number in range(2)]
            reaper = Reaper(server.process.pid, records)
            if is_lambda:
                reaper.start()
            writers = [
                subprocess.Popen([sys.executable, __file__, "--writer", json.dumps(properties), f"w{number}", str(seconds), str(record), str(is_lambda)])
                for number, record in enumerate(records)
            ]
            problems = [f"writer {number} ended with {writer.wait()}" for number, writer in enumerate(writers) if writer.wait() != 0]
            reaper.done.set()
            history = {row: fate for record in records for row, fate in fates(record).items()}
            table = catalog.load_table("race.t")
            found = Counter(table.scan().to_arrow().column("row").to_pylist())

    problems += compare(history, found)
    counts = Counter(fate.split(" ")[0] for fate in history.values())
    for number in range(2):
        if not any(row.startswith(f"w{number}-") and fate == "acknowledged" for row, fate in history.items()):
            problems.append(f"writer {number} never succeeded")
    if is_lambda and reaper.deaths < 3:
        problems.append(f"only {reaper.deaths} instances died")
    print(f"two writers for {seconds:.0f} s: {dict(counts)}, {len(table.metadata.snapshots)} snapshots, {sum(found.values())} rows, {reaper.deaths} instances killed")
    for problem in problems[:20]:
        print(f"FAILED: {problem}")
    print(f"{0 if problems else 1} passed, {1 if problems else 0} failed, 0 skipped")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
