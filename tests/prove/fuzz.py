"""Coverage-guided fuzzing of the reader of bodies, for as long as there is time.

Whatever it raises beside a refusal, a hang, or too much memory breaks the proof; the input is kept
beside the project, and named.
"""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from ginesys_sync.core.plan import Entity
from ginesys_sync.services.site import opened_site
from ginesys_sync.wire.body import body_schema, pack
from tests.prove.report import Line, Work
from tests.prove.weather_runs import open_floor
from tests.support.chain_floor import HO, S001

KEPT = Path(__file__).resolve().parents[2] / "out" / "fuzz"
HANG_SECONDS = 5
MOST_MEGABYTES = 700
_WHAT = "inputs for the reader of bodies"
_PATIENCE_SECONDS = 120.0


def prove(work: Work) -> Iterator[Line]:
    """As many inputs as there is time for."""
    if find_spec("atheris") is None:
        why = "atheris is not installed: it has no wheel for this machine and Python"
        yield Line("fuzz", _WHAT, 0, None, (why,))
        return
    yield fuzzed(work)


def fuzzed(work: Work, *more: str) -> Line:
    """Let the fuzzer loose for `work.seconds`; `more` are options of libFuzzer."""
    begun = time.monotonic()
    floor = open_floor(work.folder / "floor")
    with floor:
        _something_to_send(floor)
    corpus = work.folder / "corpus"
    corpus.mkdir()
    _seed(corpus, floor.home(HO))
    found = work.folder / "found"
    found.mkdir()
    options = [
        f"-max_total_time={max(1, int(work.seconds))}",
        f"-seed={work.seed * 1_000 + work.shard + 1}",
        f"-timeout={HANG_SECONDS}",
        f"-rss_limit_mb={MOST_MEGABYTES}",
        "-max_len=40000",
        "-print_final_stats=1",
        "-verbosity=1",
        f"-artifact_prefix={found}/",
        *more,
        str(corpus),
    ]
    command = [sys.executable, "-m", "tests.prove.fuzz_reader", work.folder, floor.home(HO)]
    told = subprocess.run(
        [*_watched(work.seconds + _PATIENCE_SECONDS), *map(str, command), *options],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if told.returncode == 128 + signal.SIGKILL:
        return Line("fuzz", _WHAT, 0, None, ("the fuzzer did not come to an end",))
    broken = [_kept(path, told.stderr) for path in sorted(found.iterdir())]
    if told.returncode and not broken:
        last = " ".join(told.stderr.strip().splitlines()[-3:])
        broken.append(f"the fuzzer ended with {told.returncode}: {last[:500]}")
    executed = re.findall(r"number_of_executed_units: (\d+)", told.stderr)
    tried = int(executed[-1]) if executed else 0
    return Line("fuzz", _WHAT, tried, None, tuple(broken), time.monotonic() - begun)


def _watched(seconds: float) -> list[str]:
    """Begin of a command that is killed after that time. What libFuzzer takes for its own peak of
    memory (`ru_maxrss`) holds that of the process which started it, on Linux: so a small one does.
    """
    return ["timeout", "--foreground", "--signal=KILL", str(seconds)]


def _kept(path: Path, told: str) -> str:
    """Keep an input that broke the reader, and say how to see it again."""
    data = path.read_bytes()
    KEPT.mkdir(parents=True, exist_ok=True)
    name = KEPT / f"{path.name.partition('-')[0]}-{sha256(data).hexdigest()[:16]}"
    shutil.copyfile(path, name)
    why = re.findall(r"^(?:\w+\.)*\w*(?:Error|Exception).*|^==\d+== ERROR: .*", told, re.M)
    return f"{(why or ['it broke'])[0][:300]}; the input is kept as out/fuzz/{name.name}"


def _something_to_send(floor: object) -> None:
    """Rows of every kind at head office, so that what comes meets something."""
    sql = floor.sql  # type: ignore[attr-defined]
    sql(
        HO,
        "INSERT INTO item VALUES ('I1', 'Tea', '1'), ('I2', 'Salt', '2')",
        "INSERT INTO price VALUES ('I1', '2026-11-02', 100)",
        "INSERT INTO bill VALUES ('S001', 1, 1, NULL), ('S002', 1, 2, NULL)",
        "INSERT INTO bill_line VALUES ('S001', 1, 1, 'I1', 1), ('S002', 1, 1, 'I1', 2)",
        "INSERT INTO customer VALUES ('C1', 'Asha', '1', '2026-11-02')",
    )
    floor.sync(HO, S001)  # type: ignore[attr-defined]


def _seed(corpus: Path, home: Path) -> None:
    """Bodies of every entity, packed and not, with and without rows."""
    with opened_site(home) as site:
        entities = site.plan.entities
    for place, entity in enumerate(entities):
        for size, raw in enumerate(_bodies(entity)):
            for layer, data in enumerate((pack(raw).data, raw)):
                file = corpus / f"{entity.name}-{size}-{layer}"
                file.write_bytes(bytes((layer, place)) + data)


def _bodies(entity: Entity) -> Iterator[bytes]:
    for page, rows in ((512, 0), (512, 2), (1_024, 3)):
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            connection.execute(f"PRAGMA page_size={page}")
            for statement in body_schema(entity):
                connection.execute(statement)
            for number in range(1, rows + 1):
                _fill(connection, entity, number)
            yield connection.serialize()


def _fill(connection: sqlite3.Connection, entity: Entity, number: int) -> None:
    """One record of an entity, with a child row in each of its tables; the last one is gone."""
    if number == 3:
        keys = ["S001" if column == entity.site_column else "I2" for column in entity.key]
        connection.execute(
            f"INSERT INTO _gone VALUES ({_marks(connection, '_gone')})",
            _padded(connection, "_gone", [number, *keys]),
        )
        return
    for table in entity.tables:
        row: list[object] = [number if table is entity.root else (number << 20) + 1]
        for column in table.columns:
            is_site = column in ("store", "site_code") or column == entity.site_column
            row.append("S001" if is_site else f"I{number}" if "code" in column else number)
        connection.execute(
            f'INSERT INTO "{table.name}" VALUES ({_marks(connection, table.name)})',
            _padded(connection, table.name, row),
        )


def _marks(connection: sqlite3.Connection, table: str) -> str:
    return ",".join("?" * len(connection.execute(f'PRAGMA table_info("{table}")').fetchall()))


def _padded(connection: sqlite3.Connection, table: str, row: list[object]) -> list[object]:
    wanted = len(connection.execute(f'PRAGMA table_info("{table}")').fetchall())
    return [*row, *[0] * (wanted - len(row))]
