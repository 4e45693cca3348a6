#!/usr/bin/env python3
"""A catalog under four writers is killed with kill -9 and started again, many times in a row.

After each start: every acknowledged change is there; nothing that was refused is; no transaction is half there; no pointer names a file that is
missing or torn. A change whose answer never came may be there or not, but whole, and what was seen once must stay.

    kill9.py [--rounds 20] [--seed N] [--writers 4] [--data FOLDER]

Needs nothing but Python. The judge is `History.judge`; `--self-test` tries it with one broken history for each kind of fault, and the last
round puts an old copy of the data folder back and fails unless the judge notices.
"""

import argparse
import gzip
import http.client
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path
from urllib.parse import unquote, urlsplit

from frazil_server import Server, namespace_path

NAMESPACE = "crash"
SHARED_TABLES = [f"shared{number}" for number in range(6)]
ACKNOWLEDGED, REFUSED, UNKNOWN = "acknowledged", "refused", "unknown"
SCHEMA = {"type": "struct", "fields": [{"id": 1, "name": "id", "type": "long", "required": False}]}


class Change:
    """One thing a writer asked for, and what it was told.

    kind      set (a property on some tables: one, or three in a transaction) | append | create | rename | drop
    tables    the tables' names; for a rename the old and the new one
    """

    def __init__(self, kind, tag, tables, outcome, uuid=None, snapshot=None):
        self.kind, self.tag, self.tables, self.outcome, self.uuid, self.snapshot = kind, tag, list(tables), outcome, uuid, snapshot

    def __repr__(self):
        return f"{self.outcome} {self.kind} {self.tag} of {','.join(self.tables)}"


class History:
    """Everything that was asked so far. Judging it against what is there also settles what was unknown: it may not change again."""

    def __init__(self):
        self.changes = []
        self._lock = threading.Lock()

    def add(self, change):
        with self._lock:
            self.changes.append(change)

    def judge(self, tables):
        """What is wrong with these tables: name -> {'uuid', 'properties', 'snapshots': [ids], 'history': [ids on main]}."""
        problems = []
        renamed_or_dropped = {}
        for change in self.changes:
            if change.kind in ("rename", "drop"):
                renamed_or_dropped.setdefault(change.tables[0], []).append(change)

        for change in self.changes:
            present = getattr(self, f"_{change.kind}")(change, tables, renamed_or_dropped, problems)
            if present is None:
                continue
            if change.outcome == ACKNOWLEDGED and not present:
                problems.append(f"lost: {change}")
            elif change.outcome == REFUSED and present:
                problems.append(f"refused, yet there: {change}")
            elif change.outcome == UNKNOWN:
                change.outcome = ACKNOWLEDGED if present else REFUSED

        # A name that nobody made.
        made = {change.tables[-1] for change in self.changes if change.kind in ("create", "rename")}
        problems += [f"a table that nobody made: {name}" for name in tables if name not in made]
        return problems

    @staticmethod
    def _set(change, tables, _, problems):
        there = [change.tag in tables[name]["properties"] for name in change.tables if name in tables]
        if any(there) and not all(there):
            problems.append(f"half there: {change}: {dict(zip(change.tables, there))}")
            return None
        return bool(there) and all(there)

    @staticmethod
    def _append(change, tables, _, problems):
        table = tables.get(change.tables[0])
        if table is None:
            return False
        times = table["snapshots"].count(change.snapshot), table["history"].count(change.snapshot)
        if times not in ((0, 0), (1, 1)):
            problems.append(f"in snapshots and main's history {times} times: {change}")
            return None
        return times == (1, 1)

    @staticmethod
    def _create(change, tables, moves, problems):
        """A created table is found by its tag: under its name, or where an applied rename moved it, or nowhere after a drop."""
        name = change.tables[0]
        places = [name] + [move.tables[1] for move in moves.get(name, []) if move.kind == "rename"]
        found = [place for place in places if place in tables and change.tag in tables[place]["properties"]]
        if len(found) > 1:
            problems.append(f"there under {len(found)} names: {change}: {found}")
        if found and change.uuid and change.outcome == ACKNOWLEDGED and tables[found[0]]["uuid"] != change.uuid:
            problems.append(f"another uuid than was answered: {change}")
        if not found and any(move.kind == "drop" and move.outcome != REFUSED for move in moves.get(name, [])):
            return None  # dropped: the drop's own judgement
        return bool(found)

    @staticmethod
    def _rename(change, tables, _, problems):
        old, new = (tables.get(name, {}).get("uuid") == change.uuid for name in change.tables)
        if old and new:
            problems.append(f"both names are there: {change}")
        if not old and not new:
            problems.append(f"neither name is there: {change}")
        return new

    @staticmethod
    def _drop(change, tables, _, problems):
        return tables.get(change.tables[0], {}).get("uuid") != change.uuid


# --- the writers


class Connection:
    """A kept-alive connection. What is not known to have been refused counts as unknown."""

    def __init__(self, server):
        self.server, self.connection = server, None

    def send(self, method, target, body=None, headers=None):
        """(outcome, status, body)"""
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": "application/json", **(headers or {})}
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
            try:
                self.connection.connect()
            except OSError:
                self.connection = None
                return REFUSED, 0, {}  # nobody was there to hear it
        try:
            self.connection.request(method, target, data, headers)
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            return UNKNOWN, 0, {}
        try:
            parsed = json.loads(text) if text else {}
        except ValueError:
            parsed = {}
        if answer.status < 300:
            return ACKNOWLEDGED, answer.status, parsed
        if answer.status < 500 or answer.status == 503:
            return REFUSED, answer.status, parsed
        return UNKNOWN, answer.status, parsed


class Writer(threading.Thread):
    """Asks for changes until it is told to stop or the server is gone."""

    def __init__(self, number, base, server, history, uuids, seed, counts, faults):
        super().__init__(daemon=True)
        self.number, self.base, self.history, self.uuids, self.counts, self.faults = number, base, history, uuids, counts, faults
        self.random = random.Random(seed)
        self.server_connection = Connection(server)
        self.stopped = threading.Event()
        self.heads = {}
        self.mine = []  # acknowledged tables of this writer, (name, uuid)
        self.tables = f"{base}/namespaces/{NAMESPACE}/tables"

    def run(self):
        actions = [self.commit] * 4 + [self.append] * 4 + [self.transaction] * 4 + [self.bad_transaction] + [self.create] * 3 + [self.contested_create, self.rename, self.drop]
        while not self.stopped.is_set():
            if not self.random.choice(actions)():
                return  # the server is gone

    def ask(self, change, method, target, body=None, headers=None):
        outcome, status, answer = self.server_connection.send(method, target, body, headers)
        change.outcome = outcome
        if outcome == REFUSED and status == 0:
            return None
        self.history.add(change)
        kind = "transaction" if len(change.tables) == 3 else change.kind
        self.counts[kind, outcome] = self.counts.get((kind, outcome), 0) + 1
        if status >= 500 and status != 503 and answer.get("error", {}).get("type") != "CommitStateUnknownException":
            self.faults.append(f"{status} {answer.get('error')}: {change}")
        return answer if outcome != UNKNOWN else None

    def tag(self):
        return f"{self.number}-{self.random.getrandbits(64):016x}"

    def requirement(self, table):
        return {"type": "assert-table-uuid", "uuid": self.uuids[table]}

    def set_properties(self, table, tag):
        return {"identifier": {"namespace": [NAMESPACE], "name": table}, "requirements": [self.requirement(table)],
                "updates": [{"action": "set-properties", "updates": {tag: "1"}}]}

    def commit(self):
        table, tag = self.random.choice(SHARED_TABLES), self.tag()
        return self.ask(Change("set", tag, [table], None), "POST", f"{self.tables}/{table}", self.set_properties(table, tag)) is not None

    def transaction(self, spoil=None):
        tables, tag = self.random.sample(SHARED_TABLES, 3), self.tag()
        changes = [self.set_properties(table, tag) for table in tables]
        if spoil:
            spoil(changes)
        return self.ask(Change("set", tag, tables, None), "POST", f"{self.base}/transactions/commit", {"table-changes": changes}) is not None

    def bad_transaction(self):
        """The last table's requirement fails, so nothing of it may ever be seen."""
        def spoil(changes):
            changes[-1]["requirements"] = [{"type": "assert-table-uuid", "uuid": str(uuid.UUID(int=1))}]
        return self.transaction(spoil)

    def append(self):
        """A snapshot on main, on top of the last one that this writer knows: others' appends in between refuse it."""
        table = self.random.choice(SHARED_TABLES)
        if table not in self.heads or self.random.random() < 0.7:
            outcome, _, answer = self.server_connection.send("GET", f"{self.tables}/{table}")
            if outcome != ACKNOWLEDGED:
                return False
            metadata = answer["metadata"]
            head = metadata.get("current-snapshot-id")
            self.heads[table] = (None if head in (None, -1) else head, metadata["last-sequence-number"], metadata["location"])
        head, sequence, location = self.heads[table]
        snapshot = self.random.getrandbits(62) + 1
        body = {
            "requirements": [self.requirement(table), {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": head}],
            "updates": [
                {"action": "add-snapshot", "snapshot": {
                    "snapshot-id": snapshot, **({"parent-snapshot-id": head} if head else {}), "sequence-number": sequence + 1,
                    "timestamp-ms": int(time.time() * 1000), "manifest-list": f"{location}/metadata/snap-{snapshot}.avro",
                    "summary": {"operation": "append"}, "schema-id": 0}},
                {"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": snapshot}]}
        change = Change("append", str(snapshot), [table], None, snapshot=snapshot)
        answer = self.ask(change, "POST", f"{self.tables}/{table}", body)
        if change.outcome == ACKNOWLEDGED:
            self.heads[table] = (snapshot, sequence + 1, location)
        else:
            self.heads.pop(table, None)
        return answer is not None

    def create(self, name=None):
        tag = self.tag()
        name = name or f"t-{tag}"
        change = Change("create", tag, [name], None)
        answer = self.ask(change, "POST", self.tables, {"name": name, "schema": SCHEMA, "properties": {tag: "1"}})
        if change.outcome == ACKNOWLEDGED:
            change.uuid = answer["metadata"]["table-uuid"]
            if name.startswith("t-"):
                self.mine.append((name, change.uuid))
        return answer is not None

    def contested_create(self):
        """A name that the other writers try as well: one of them gets it."""
        return self.create(f"contested-{self.random.randrange(1000)}")

    def take_mine(self):
        return self.mine.pop(self.random.randrange(len(self.mine)))

    def rename(self):
        if not self.mine:
            return True
        name, table_uuid = self.take_mine()
        identifier = lambda table: {"namespace": [NAMESPACE], "name": table}  # noqa: E731
        body = {"source": identifier(name), "destination": identifier(f"{name}-moved")}
        return self.ask(Change("rename", self.tag(), [name, f"{name}-moved"], None, uuid=table_uuid), "POST", f"{self.base}/tables/rename", body) is not None

    def drop(self):
        if not self.mine:
            return True
        name, table_uuid = self.take_mine()
        return self.ask(Change("drop", self.tag(), [name], None, uuid=table_uuid), "DELETE", f"{self.tables}/{name}") is not None


# --- what is there


def read_file(location):
    """The metadata file as the storage has it. Raises where it is missing or torn."""
    path = unquote_path(location)
    data = Path(path).read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    return json.loads(data)


def unquote_path(location):
    path = location.removeprefix("file:")
    while path.startswith("//"):
        path = path[1:]
    return path if Path(path).exists() else unquote(urlsplit(location).path)


def look(server, base):
    """(tables as `judge` wants them, problems with their files)"""
    connection = Connection(server)
    problems, tables = [], {}
    target = f"{base}/namespaces/{NAMESPACE}/tables"
    outcome, status, answer = connection.send("GET", target)
    if outcome != ACKNOWLEDGED:
        return {}, [f"cannot list the tables: {status} {answer}"]
    for identifier in answer["identifiers"]:
        name = identifier["name"]
        outcome, status, loaded = connection.send("GET", f"{target}/{namespace_path(name)}")
        if outcome != ACKNOWLEDGED:
            problems.append(f"listed but cannot be loaded: {name}: {status} {loaded}")
            continue
        metadata = loaded["metadata"]
        try:
            if read_file(loaded["metadata-location"]) != metadata:
                problems.append(f"the file and the answer differ: {name}: {loaded['metadata-location']}")
        except (OSError, ValueError, EOFError) as error:
            problems.append(f"pointer to a missing or torn file: {name}: {error!r}")
        tables[name] = {
            "uuid": metadata["table-uuid"], "properties": metadata.get("properties", {}),
            "snapshots": [snapshot["snapshot-id"] for snapshot in metadata.get("snapshots", [])],
            "history": [entry["snapshot-id"] for entry in metadata.get("snapshot-log", [])],
        }
    return tables, problems


def prefix_of(server):
    config = server.request("GET", "/v1/config").json
    prefix = {**config["defaults"], **config["overrides"]}.get("prefix")
    return f"/v1/{prefix}" if prefix else "/v1"


def set_up(server, base, history):
    connection = Connection(server)
    assert connection.send("POST", f"{base}/namespaces", {"namespace": [NAMESPACE]})[0] == ACKNOWLEDGED
    uuids = {}
    for table in SHARED_TABLES:
        outcome, status, answer = connection.send("POST", f"{base}/namespaces/{NAMESPACE}/tables", {"name": table, "schema": SCHEMA, "properties": {f"made-{table}": "1"}})
        assert outcome == ACKNOWLEDGED, (status, answer)
        uuids[table] = answer["metadata"]["table-uuid"]
        history.add(Change("create", f"made-{table}", [table], ACKNOWLEDGED, uuid=uuids[table]))
    return uuids


def traffic(server, base, history, uuids, seed, writers, seconds, counts, faults, answers=25):
    """Writers at work until the time is over and, since a busy machine does little in a second, some answers are there. Then the server is killed."""
    before, began = len(history.changes), time.monotonic()
    threads = [Writer(number, base, server, history, uuids, f"{seed}-{number}", counts, faults) for number in range(writers)]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    while len(history.changes) - before < answers and time.monotonic() - began < 30:
        time.sleep(0.02)
    seconds = time.monotonic() - began
    server.kill()
    for thread in threads:
        thread.stopped.set()
    for thread in threads:
        thread.join(60)
    return seconds


def story(arguments, folder, log):
    chance = random.Random(arguments.seed)
    history, counts, faults, problems = History(), {}, [], []
    server = Server(folder / "data", log=log).start()
    base = prefix_of(server)
    uuids = set_up(server, base, history)
    for number in range(arguments.rounds):
        seconds = chance.uniform(0.2, arguments.seconds)
        before = len(history.changes)
        seconds = traffic(server, base, history, uuids, chance.getrandbits(64), arguments.writers, seconds, counts, faults)
        unknown = sum(change.outcome == UNKNOWN for change in history.changes)
        began = time.monotonic()
        server.start()
        ready = time.monotonic() - began
        tables, wrong = look(server, base)
        wrong += history.judge(tables)
        problems += [f"round {number + 1}: {text}" for text in wrong]
        print(f"round {number + 1:2}: killed after {seconds:.2f} s and {len(history.changes) - before} answers, {unknown} without one; "
              f"ready in {ready:.2f} s; {len(tables)} tables, {len(wrong)} problems", flush=True)
        if len(problems) > 50:
            break
    problems += [f"while it ran: {fault}" for fault in faults]
    if not problems:
        problems += prove_that_it_notices(arguments, server, base, history, uuids, chance, counts, folder)
    code = server.stop()
    if server.is_frazil and code not in (0, None):
        problems.append(f"the server ended with {code} when it was asked to stop")
    return history, counts, problems


def prove_that_it_notices(arguments, server, base, history, uuids, chance, counts, folder):
    """An old copy of the data is put back after more was acknowledged: the judge must call every kind of it lost."""
    server.stop()
    shutil.copytree(folder / "data", folder / "old")
    server.start()
    before = len(history.changes)
    traffic(server, base, history, uuids, chance.getrandbits(64), arguments.writers, 1.5, counts, [], answers=60)
    acknowledged = [change for change in history.changes[before:] if change.outcome == ACKNOWLEDGED]
    shutil.rmtree(folder / "data")
    shutil.move(folder / "old", folder / "data")
    server.start()
    tables, _ = look(server, base)
    lost = [problem for problem in history.judge(tables) if problem.startswith("lost:")]
    print(f"an old copy put back: {len(acknowledged)} acknowledged changes since, {len(lost)} told as lost")
    missed = [change for change in acknowledged if change.kind in ("set", "append") and not any(str(change)[13:] in problem for problem in lost)]
    if not acknowledged or not lost or missed:
        return [f"the judge did not notice that data was rolled back: {missed[:3]}"]
    return []


# --- the judge, tried


def self_test():
    """One broken history for each kind of fault; each must be told, and the whole one must not be."""
    table = lambda table_uuid="u", properties=(), snapshots=(), log=None: {  # noqa: E731
        "uuid": table_uuid, "properties": dict.fromkeys(properties, "1"), "snapshots": list(snapshots), "history": list(snapshots if log is None else log)}
    made = [Change("create", f"made-{name}", [name], ACKNOWLEDGED, uuid=f"u-{name}") for name in "abc"]
    whole = {name: table(f"u-{name}", [f"made-{name}"]) for name in "abc"}

    def judged(changes, tables):
        history = History()
        history.changes = [*map(copy, made), *changes]
        return history.judge(tables), history

    def copy(change):
        return Change(change.kind, change.tag, change.tables, change.outcome, change.uuid, change.snapshot)

    def state(**changed):
        return {**whole, **changed}

    cases = [
        ("nothing happened", [], whole, None),
        ("an acknowledged property is there", [Change("set", "p", ["a"], ACKNOWLEDGED)], state(a=table("u-a", ["made-a", "p"])), None),
        ("an acknowledged property is lost", [Change("set", "p", ["a"], ACKNOWLEDGED)], whole, "lost"),
        ("a refused property is there", [Change("set", "p", ["a"], REFUSED)], state(a=table("u-a", ["made-a", "p"])), "refused"),
        ("an unknown property is there", [Change("set", "p", ["a"], UNKNOWN)], state(a=table("u-a", ["made-a", "p"])), None),
        ("an unknown property is not there", [Change("set", "p", ["a"], UNKNOWN)], whole, None),
        ("an acknowledged transaction is half there", [Change("set", "p", ["a", "b", "c"], ACKNOWLEDGED)], state(a=table("u-a", ["made-a", "p"])), "half"),
        ("an unknown transaction is half there", [Change("set", "p", ["a", "b", "c"], UNKNOWN)], state(c=table("u-c", ["made-c", "p"])), "half"),
        ("a refused transaction is half there", [Change("set", "p", ["a", "b", "c"], REFUSED)], state(b=table("u-b", ["made-b", "p"])), "half"),
        ("an acknowledged transaction is lost", [Change("set", "p", ["a", "b", "c"], ACKNOWLEDGED)], whole, "lost"),
        ("an acknowledged snapshot is lost", [Change("append", "1", ["a"], ACKNOWLEDGED, snapshot=1)], whole, "lost"),
        ("a snapshot is there but not in main's history", [Change("append", "1", ["a"], ACKNOWLEDGED, snapshot=1)],
         state(a=table("u-a", ["made-a"], [1], [])), "main's history"),
        ("a snapshot is there twice", [Change("append", "1", ["a"], UNKNOWN, snapshot=1)], state(a=table("u-a", ["made-a"], [1, 1])), "main's history"),
        ("a refused snapshot is there", [Change("append", "1", ["a"], REFUSED, snapshot=1)], state(a=table("u-a", ["made-a"], [1])), "refused"),
        ("an acknowledged table is lost", [], {name: whole[name] for name in "ab"}, "lost"),
        ("an acknowledged table has another uuid", [], state(a=table("other", ["made-a"])), "another uuid"),
        ("a refused table is there", [Change("create", "made-d", ["d"], REFUSED)], state(d=table("u-d", ["made-d"])), "refused"),
        ("a table that nobody made is there", [], state(x=table("u-x")), "nobody made"),
        ("a renamed table is under both names", [Change("rename", "r", ["a", "z"], ACKNOWLEDGED, uuid="u-a")], state(z=whole["a"]), "both names"),
        ("a renamed table is under neither name", [Change("rename", "r", ["a", "z"], ACKNOWLEDGED, uuid="u-a")], {name: whole[name] for name in "bc"}, "neither name"),
        ("an acknowledged rename did not happen", [Change("rename", "r", ["a", "z"], ACKNOWLEDGED, uuid="u-a")], whole, "lost"),
        ("a refused rename happened", [Change("rename", "r", ["a", "z"], REFUSED, uuid="u-a")], {"b": whole["b"], "c": whole["c"], "z": whole["a"]}, "refused"),
        ("an acknowledged rename happened", [Change("rename", "r", ["a", "z"], ACKNOWLEDGED, uuid="u-a")], {"b": whole["b"], "c": whole["c"], "z": whole["a"]}, None),
        ("a dropped table is back", [Change("drop", "d", ["a"], ACKNOWLEDGED, uuid="u-a")], whole, "lost"),
        ("a dropped table is gone", [Change("drop", "d", ["a"], ACKNOWLEDGED, uuid="u-a")], {name: whole[name] for name in "bc"}, None),
        ("a refused drop happened", [Change("drop", "d", ["a"], REFUSED, uuid="u-a")], {name: whole[name] for name in "bc"}, "refused"),
    ]
    wrong = []
    for name, changes, tables, expected in cases:
        problems, _ = judged([copy(change) for change in changes], tables)
        if (expected is None) != (not problems) or (expected and not any(expected in problem for problem in problems)):
            wrong.append(f"{name}: expected {expected}, told {problems}")

    # What was unknown and then seen may not vanish, and what was not there may not appear.
    for first, second in ((state(a=table("u-a", ["made-a", "p"])), whole), (whole, state(a=table("u-a", ["made-a", "p"])))):
        problems, history = judged([Change("set", "p", ["a"], UNKNOWN)], first)
        if problems or not history.judge(second):
            wrong.append("an unknown change may be there at one start and not at the next")

    with tempfile.TemporaryDirectory() as folder:
        for content in (b"", b'{"format-version":2,', b"\x1f\x8b\x08"):
            torn = Path(folder) / "torn.json"
            torn.write_bytes(content)
            try:
                read_file(f"file://{torn}")
                wrong.append(f"a torn file was read: {content!r}")
            except (OSError, ValueError, EOFError):
                pass
    return len(cases) + 3, wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=2.0, help="the longest a server runs before it is killed")
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--data", help="a folder to keep; a temporary one otherwise")
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()

    tried, wrong = self_test()
    print(f"the judge: {tried} histories, {len(wrong)} misjudged")
    if arguments.self_test or wrong:
        for text in wrong:
            print(f"FAILED: {text}")
        print(f"{tried - len(wrong)} passed, {len(wrong)} failed, 0 skipped")
        return 1 if wrong else 0

    arguments.seed = arguments.seed if arguments.seed is not None else int(time.time())
    print(f"seed {arguments.seed}")
    folder = Path(arguments.data or tempfile.mkdtemp(prefix="frazil-kill9-"))
    log = Path(os.environ.get("FRAZIL_TEST_LOGS", folder)) / "server-kill9.log"
    began = time.monotonic()
    history, counts, problems = story(arguments, folder, log)
    print(f"{len(history.changes)} changes in {time.monotonic() - began:.0f} s")
    for kind in ("set", "transaction", "append", "create", "rename", "drop"):
        print(f"  {kind:12}" + "".join(f" {counts.get((kind, outcome), 0):6} {outcome}" for outcome in (ACKNOWLEDGED, REFUSED, UNKNOWN)))
        if not counts.get((kind, ACKNOWLEDGED)):
            problems.append(f"no {kind} was ever acknowledged")
    for problem in problems[:50]:
        print(f"FAILED: {problem}")
    if not arguments.data and not problems:
        shutil.rmtree(folder)
    elif problems:
        print(f"the data is kept in {folder}")
    # Two results: the judge's own trial, and the story.
    print(f"{1 if problems else 2} passed, {1 if problems else 0} failed, 0 skipped")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
