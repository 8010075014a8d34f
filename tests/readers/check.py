"""Reads what zdx writes with the engines themselves, and compares with what a plain parser finds.

Called by tests/readers/run with the path of zdx. Each check prints a line when it fails; an engine
that is not there is skipped aloud.
"""

import collections
import gzip
import importlib.util
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

ZDX = os.path.abspath(sys.argv[1])
RESOURCES = ["tickets", "users", "organizations", "ticket_events", "ticket_metric_events", "articles"]
CHANGES = {
    "tickets": "generated_timestamp",
    "ticket_events": "timestamp",
    "ticket_metric_events": "time",
}
RUNS = ["20261101T000000Z", "20261101T000500Z-2", "20261102T000000Z"]
EMOJI = "👩🏽‍🚀 naïve \u2028 \U0001f9ff"

results = collections.Counter()


def check(what, found, expected):
    good = found == expected
    results["passed" if good else "failed"] += 1
    if not good:
        print(f"FAILED: {what}: found {str(found)[:300]}, expected {str(expected)[:300]}")


def skip(what, why):
    results["skipped"] += 1
    print(f"SKIPPED: the readers: {what}: {why}")


# What the user's own environment says of an account is none of this.
ENV = {key: value for key, value in os.environ.items() if not key.startswith(("ZDX_", "ZENDESK_"))}


def zdx(*words):
    """What zdx prints, on stdout and on stderr."""
    run = subprocess.run([ZDX, *words], capture_output=True, text=True, env=ENV, timeout=120)
    assert run.returncode == 0, f"zdx {' '.join(words)}: {run.stderr}"
    return run.stdout, run.stderr


def schema(engine, resource, where):
    """The text for an engine, and the line to type with it."""
    text, said = zdx("schema", resource, "--format", engine, "--from", where)
    return text, said.strip()


def records(path):
    """The records of a file, by a parser that knows nothing of zdx."""
    if path.suffix == ".gz":
        lines = gzip.open(path, "rt", encoding="utf-8", newline="\n")
    elif path.suffix == ".zst":
        import pyarrow

        text = pyarrow.input_stream(str(path), compression="zstd").read().decode()
        lines = text.rstrip("\n").split("\n")
    else:
        lines = open(path, encoding="utf-8", newline="\n")
    return [json.loads(line) for line in lines]


class DuckDB:
    name = "duckdb"

    def __init__(self):
        import duckdb

        self.connection = duckdb.connect()

    def load(self, table, text, said):
        self.connection.execute(text)

    def rows(self, sql):
        return [tuple(row) for row in self.connection.execute(sql).fetchall()]

    inside = "json_extract_string({}, '$.{}')"
    kinds = (
        "select json_type(custom_fields, '$[0].value'), count(*) from {} where id > 0 group by 1"
    )
    kind_names = {"VARCHAR": "text", "UBIGINT": "number", "ARRAY": "list", "BOOLEAN": "bool"}


class ClickHouse:
    name = "clickhouse"

    def __init__(self):
        from chdb.session import Session

        self.session = Session()
        self.session.query("create database if not exists z engine = Atomic")

    def load(self, table, text, said):
        self.session.query("drop table if exists " + table)
        self.session.query(text)

    def rows(self, sql):
        found = str(self.session.query(sql, "JSONCompactEachRow"))
        rows = [json.loads(line) for line in found.splitlines()]
        whole = lambda value: int(value) if isinstance(value, str) and value.isdigit() else value
        return [tuple(whole(value) for value in row) for row in rows]

    inside = "JSONExtractString({}, '{}')"
    kinds = (
        "select toString(JSONType(custom_fields, 1, 'value')), count(*) from {} where id > 0 group by 1"
    )
    kind_names = {"String": "text", "Int64": "number", "Array": "list", "Bool": "bool"}


class Spark:
    name = "spark"

    def __init__(self):
        import logging

        from pyspark.sql import SparkSession

        logging.getLogger("py4j").setLevel(logging.ERROR)
        build = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
        build = build.config("spark.ui.showConsoleProgress", "false")
        build = build.config("spark.sql.shuffle.partitions", "1")
        self.spark = build.config("spark.sql.session.timeZone", "UTC").getOrCreate()
        self.spark.sparkContext.setLogLevel("FATAL")

    def load(self, table, text, said):
        # What is to be typed, as it is.
        pathlib.Path(f"{table}.ddl").write_text(text)
        names = {"spark": self.spark, "open": open}
        exec(said.split("then: ", 1)[1], names)
        names[table].cache().createOrReplaceTempView(table)

    def rows(self, sql):
        return [tuple(row) for row in self.spark.sql(sql).collect()]

    inside = "get_json_object({}, '$.{}')"
    kinds = None


def ticket(number, **members):
    """A ticket as this file makes them, with the least that matters."""
    made = {
        "url": f"https://sandbox.zendesk.com/api/v2/tickets/{number}.json",
        "id": number,
        "external_id": None,
        "created_at": "2026-11-01T00:00:00Z",
        "subject": f"Ticket {number} {EMOJI}",
        "description": "x",
        "status": "open",
        "custom_fields": [{"id": 1, "value": ["a", 1, ["a", 2], True][number % 4]}],
        "generated_timestamp": 1_761_955_200 + number,
    }
    return {**made, **members}


def hard():
    """Three files of one series, in their order, with what makes readers stumble: members that begin
    late and change their types, texts of all lengths, versions out of order."""
    files = {run: [ticket(number) for number in range(1, 7501)] for run in RUNS}
    first, second, third = files.values()
    second[:] = [ticket(number) for number in range(7501, 15001)]
    third[:] = [ticket(number) for number in range(15001, 22501)]
    # Begins first in the line 21,000 of all.
    for line in third[5999:]:
        line["brand_new"] = {"x": f"new {line['id']}"}
    first[10]["description"] = "ü" * 30_000
    first[11]["status"] = "deleted"
    first[12]["custom_fields"] = []
    # Other types than declared.
    first[13].update(external_id=7, priority=["high"], created_at="soon", is_public="perhaps")
    first[14].update(problem_id="none", via="web", tags="a b", type={"is": "object"})
    # Versions: the latest is not the last, a tie in a file, a tie between files.
    first[20]["generated_timestamp"] = 1_900_000_000
    first[20]["subject"] = "the latest"
    second.append(ticket(21, subject="older", generated_timestamp=1_800_000_000))
    second.append(ticket(22, subject="tie, first", generated_timestamp=1_900_000_000))
    second.append(ticket(22, subject="tie, later line", generated_timestamp=1_900_000_000))
    first[22].update(subject="tie, first file", generated_timestamp=1_900_000_000)
    third.insert(0, ticket(23, subject="tie, later file", generated_timestamp=1_900_000_000))
    first.append(ticket(9_007_199_254_740_993, subject="beyond doubles"))
    return files


def write(path, lines):
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")


def latest(lines, change):
    found = {}
    for line in lines:
        known = found.get(line["id"])
        if known is None or known[change] <= line[change]:
            found[line["id"]] = line
    return found


def reads_exports(engine, exported):
    """Every column of every resource has as many values as the records have."""
    for (resource, form), path in exported.items():
        what = f"{engine.name}: {path.name}"
        engine.load(resource, *schema(engine.name, resource, str(path)))
        lines = records(path)
        members = json.loads(zdx("schema", resource, "--format", "json-schema")[0])["properties"]
        counts = ", ".join(f"count(`{member}`)" for member in members)
        if engine.name == "duckdb":
            counts = counts.replace("`", '"')
        found = engine.rows(f"select count(*), count(distinct id), {counts} from {resource}")[0]
        values = [sum(line.get(member) is not None for line in lines) for member in members]
        ids = len({line["id"] for line in lines})
        check(f"{what}: values", list(found), [len(lines), ids, *values])
        change = CHANGES.get(resource, "updated_at")
        if isinstance(lines[0][change], int):
            found = engine.rows(f"select max({change}), min({change}) from {resource}")[0]
            times = [line[change] for line in lines]
            check(f"{what}: times", found, (max(times), min(times)))
        if form == "" and engine.name == "duckdb":
            found = engine.rows(f"select count(*) from {resource}_latest")[0][0]
            check(f"{what}: latest", found, len(latest(lines, change)))


def joins(engine, exported):
    """Ids of one resource are those of another."""
    lines = {name: records(path) for (name, form), path in exported.items() if form == ""}
    users = {user["id"]: user for user in lines["users"]}
    for (name, form), path in exported.items():
        if form == "" and name in ("tickets", "users", "organizations"):
            engine.load(name, *schema(engine.name, name, str(path)))
    found = engine.rows(
        "select count(*), count(distinct t.id), count(distinct o.id) from tickets t "
        "join users u on u.id = t.requester_id join organizations o on o.id = u.organization_id"
    )[0]
    known = {organization["id"] for organization in lines["organizations"]}
    pairs = [
        (line["id"], users[line["requester_id"]]["organization_id"])
        for line in lines["tickets"]
        if line["requester_id"] in users
    ]
    pairs = [pair for pair in pairs if pair[1] in known]
    expected = (len(pairs), len({pair[0] for pair in pairs}), len({pair[1] for pair in pairs}))
    check(f"{engine.name}: joins", found, expected)
    found = engine.rows("select count(*) from tickets where status = 'deleted'")[0][0]
    deleted = sum(line["status"] == "deleted" for line in lines["tickets"])
    check(f"{engine.name}: deleted tickets", (found, found > 0), (deleted, True))


def reads_hard_ones(engine, place, files):
    lines = [line for run in RUNS for line in files[run]]
    where = f"{place}/hard/{{resource}}.{{run}}.ndjson"
    engine.load("tickets", *schema(engine.name, "tickets", where))
    what = f"{engine.name}: hard files"
    rows = lambda sql: engine.rows(sql)
    check(f"{what}: rows", rows("select count(*), count(distinct id) from tickets")[0],
          (len(lines), len({line["id"] for line in lines})))
    check(f"{what}: records", rows("select count(record) from tickets")[0][0], len(lines))
    late = engine.inside.format("record", "brand_new")
    inside = engine.inside.format(engine.inside.format("record", "brand_new"), "x")
    if engine.name == "clickhouse":
        inside = "JSONExtractString(record, 'brand_new', 'x')"
        late = f"nullIf({inside}, '')"
    found = rows(f"select count({late}), min({inside}), max({inside}) from tickets where {inside} <> ''")
    new = sorted(line["brand_new"]["x"] for line in lines if "brand_new" in line)
    check(f"{what}: a member that begins in the line 21,000", found[0], (len(new), new[0], new[-1]))
    found = rows(f"select id from tickets where subject like '%{EMOJI}'")
    check(f"{what}: emoji", len(found), sum(line["subject"].endswith(EMOJI) for line in lines))
    length = "lengthUTF8" if engine.name == "clickhouse" else "length"
    found = rows(f"select id, {length}(description) from tickets where {length}(description) > 9")
    check(f"{what}: 60 KB of text", found, [(11, 30_000)])
    check(f"{what}: deleted", rows("select id from tickets where status = 'deleted'"), [(12,)])
    found = rows("select count(*) from tickets where id = 9007199254740993")
    check(f"{what}: ids beyond doubles", found, [(1,)])
    if engine.kinds:
        found = {engine.kind_names.get(kind): n for kind, n in rows(engine.kinds.format("tickets"))}
        found.pop(None, None)
        names = {str: "text", int: "number", list: "list", bool: "bool"}
        values = [line["custom_fields"][0]["value"] for line in lines if line["custom_fields"]]
        kinds = collections.Counter(names[type(value)] for value in values)
        check(f"{what}: custom fields of all types", found, dict(kinds))
    else:
        found = rows("select count(*) from tickets where get_json_object(custom_fields, '$[0].value') is not null")
        check(f"{what}: custom fields of all types", found[0][0], len(lines) - 1)
    # What does not fit is null, or its own text, and whole in the line.
    found = rows("select created_at, is_public, record from tickets where id = 14")[0]
    check(f"{what}: other types", found[:2], (None, None))
    check(f"{what}: and their lines", json.loads(found[2]), files[RUNS[0]][13])
    found = rows("select problem_id, record from tickets where id = 15")[0]
    check(f"{what}: more other types", found[0], None)
    check(f"{what}: and their lines", json.loads(found[1]), files[RUNS[0]][14])


def latest_of_hard_ones(engine, files):
    lines = [line for run in RUNS for line in files[run]]
    found = engine.rows("select id, subject from tickets_latest")
    expected = latest(lines, "generated_timestamp")
    check("duckdb: latest of each ticket", dict(found),
          {id: line["subject"] for id, line in expected.items()})
    check("duckdb: each once", len(found), len(expected))


def parses(place):
    """What is printed for engines that cannot be had is SQL of theirs."""
    import sqlglot
    from sqlglot import expressions

    for resource in [*RESOURCES, "custom_objects:appliance", "tickets.users"]:
        text, said = schema("snowflake", resource, f"{place}/{{resource}}.{{run}}.ndjson.gz")
        parsed = [part for part in sqlglot.parse(text, dialect="snowflake") if part is not None]
        kinds = [type(part) for part in parsed]
        check(f"snowflake: {resource}", kinds, [expressions.Create, expressions.Copy])
        put = said.split("first: ", 1)[1]
        check(f"snowflake: {resource}: put", sqlglot.parse_one(put, dialect="snowflake").key, "put")
        text, said = schema("bigquery", resource, f"{place}/")
        columns = json.loads(text)
        types = {"INTEGER", "FLOAT", "BOOLEAN", "STRING", "TIMESTAMP", "JSON"}
        check(f"bigquery: {resource}: types", {one["type"] for one in columns} - types, set())
        check(f"bigquery: {resource}: modes", {one["mode"] for one in columns}, {"NULLABLE"})
        legacy = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
        lines = ", ".join(f"`{one['name']}` {legacy.get(one['type'], one['type'])}" for one in columns)
        created = sqlglot.parse_one(f"create table d.t ({lines})", dialect="bigquery")
        check(f"bigquery: {resource}", len(created.this.expressions), len(columns))


def bq(place):
    """The line that is to be typed loads each file of the records, and no other, once."""
    fake = place / "bin" / "bq"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\nfor last; do before=$file; file=$last; done\necho "$before"\n')
    fake.chmod(0o755)
    for where, expected in [
        (f"{place}/hard/{{resource}}.{{run}}.ndjson", [f"{place}/hard/tickets.{run}.ndjson" for run in RUNS]),
        (f"{place}/plain/", [f"{place}/plain/tickets.ndjson"]),
    ]:
        _, said = schema("bigquery", "tickets", where)
        env = {**os.environ, "PATH": f"{fake.parent}:{os.environ['PATH']}"}
        line = said.split("then: ", 1)[1]
        run = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=env)
        check(f"bigquery: the line to type: {where}", run.stdout.split(), expected)


def sandbox():
    """A sandbox without quotas, which ends when it is told to; exports go there from now on."""
    words = ["sandbox", "--records", "1500", "--quota", "0", "--late", "all=off"]
    server = subprocess.Popen([ZDX, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=ENV)
    for line in [server.stdout.readline(), server.stdout.readline()]:
        ENV.update(word.split("=", 1) for word in line.split()[1:])
    return server


def main():
    # Told to end, it still ends the sandbox.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    server = sandbox()
    place = pathlib.Path(tempfile.mkdtemp(prefix="zdx-readers-"))
    os.chdir(place)
    try:
        exported = {}
        for form, resources in [("", RESOURCES), (".gz", ["tickets"]), (".zst", ["tickets", "users"])]:
            (place / "plain").mkdir(exist_ok=True)
            output = f"{place}/plain/{{resource}}.ndjson{form}"
            zdx("export", *resources, "--no-state", "--since", "90d", "-o", output, "-q")
            for resource in resources:
                exported[resource, form] = place / "plain" / f"{resource}.ndjson{form}"
        files = hard()
        (place / "hard").mkdir()
        for run, lines in files.items():
            write(place / "hard" / f"tickets.{run}.ndjson", lines)
            # What stands beside them is not theirs.
            write(place / "hard" / f"tickets.{run}.users.ndjson", [{"id": -1}])
        for kind, module, needs in [
            (DuckDB, "duckdb", None),
            (ClickHouse, "chdb", None),
            (Spark, "pyspark", "java"),
        ]:
            if importlib.util.find_spec(module) is None:
                skip(kind.name, f"{module} is not installed")
                continue
            if needs and not shutil.which(needs):
                skip(kind.name, f"there is no {needs}")
                continue
            engine = kind()
            some = {key: path for key, path in exported.items()}
            if engine.name == "spark":
                # It is slow to begin and to end with each file.
                some = {key: exported[key] for key in [("tickets", ".zst"), ("ticket_events", "")]}
            reads_exports(engine, some)
            joins(engine, exported)
            reads_hard_ones(engine, place, files)
            if engine.name == "duckdb":
                latest_of_hard_ones(engine, files)
        if importlib.util.find_spec("sqlglot") is None:
            skip("snowflake and bigquery", "sqlglot is not installed")
        else:
            parses(place)
        bq(place)
    finally:
        server.terminate()
        server.wait()
        os.chdir("/")
        shutil.rmtree(place)
    print(f"readers: {results['passed']} passed, {results['failed']} failed, {results['skipped']} skipped")
    sys.exit(1 if results["failed"] else 0)


main()
