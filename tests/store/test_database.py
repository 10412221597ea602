"""Opening and migrating databases: the schema is what is declared, and faults are sentences."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from ginesys_sync.core.errors import DatabaseUnusable, DiskFull, PlanUnfit, VersionsDiffer
from ginesys_sync.store import schema
from ginesys_sync.store.database import (
    SCHEMA_VERSION,
    Database,
    database_faults,
    migrate,
    require_current,
    transaction,
)


def _database(path: Path) -> Database:
    return Database(f"sqlite+pysqlite:///{path}")


def _facts(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Columns, keys and indexes of every table, as SQLite tells them."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'sync!_%' "
            "ESCAPE '!' AND name <> 'sync_version' ORDER BY name"
        ).fetchall()
        facts: dict[str, list[tuple[object, ...]]] = {}
        for (name,) in names:
            facts[name] = connection.execute(f"PRAGMA table_xinfo({name})").fetchall()
            facts[f"{name} kind"] = connection.execute(
                "SELECT wr, strict FROM pragma_table_list WHERE name = ?", (name,)
            ).fetchall()
            (sql,) = connection.execute(
                "SELECT sql FROM sqlite_master WHERE name = ?", (name,)
            ).fetchone()
            facts[f"{name} ids"] = [("AUTOINCREMENT" in sql.upper(),)]
            facts[f"{name} indexes"] = sorted(
                (
                    unique,
                    origin,
                    *connection.execute(f"PRAGMA index_info({index!r})").fetchall(),
                )
                for _, index, unique, origin, _ in connection.execute(
                    f"PRAGMA index_list({name})"
                ).fetchall()
            )
        return facts


def test_the_migrations_build_exactly_the_declared_schema(tmp_path: Path) -> None:
    migrated, declared = tmp_path / "migrated.sqlite3", tmp_path / "declared.sqlite3"
    migrate(_database(migrated))
    engine = create_engine(f"sqlite+pysqlite:///{declared}")
    schema.metadata.create_all(engine)
    engine.dispose()
    assert _facts(migrated) == _facts(declared)


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    database = _database(tmp_path / "shop.sqlite3")
    migrate(database)
    before = _facts(database.path)
    migrate(database)
    require_current(database)
    assert _facts(database.path) == before


def test_a_database_made_by_a_newer_version_is_refused_and_not_touched(tmp_path: Path) -> None:
    database = _database(tmp_path / "shop.sqlite3")
    migrate(database)
    with closing(sqlite3.connect(database.path)) as connection:
        connection.execute("UPDATE sync_version SET version_num = '9999'")
        connection.commit()
    before = _facts(database.path)
    for opening in (require_current, migrate):
        with pytest.raises(VersionsDiffer, match="newer version"):
            opening(database)
    assert _facts(database.path) == before
    assert SCHEMA_VERSION < "9999"


def test_a_database_that_was_never_prepared_says_so(tmp_path: Path) -> None:
    database = _database(tmp_path / "shop.sqlite3")
    with pytest.raises(DatabaseUnusable, match="no database at"):
        require_current(database)
    sqlite3.connect(database.path).close()
    with pytest.raises(DatabaseUnusable, match="not been prepared"):
        require_current(database)


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "shop.sqlite3").write_bytes(b"no database" * 500)
    with pytest.raises(DatabaseUnusable, match="damaged or is not a database"):
        require_current(_database(tmp_path / "shop.sqlite3"))


@pytest.mark.parametrize(
    "url", ["", "postgresql://host/shop", "sqlite+pysqlite://", "sqlite+pysqlite:///:memory:"]
)
def test_an_address_that_cannot_be_synced_is_refused(url: str) -> None:
    with pytest.raises(DatabaseUnusable):
        Database(url)


def test_a_transaction_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    database = _database(tmp_path / "shop.sqlite3")
    migrate(database)
    with database.connect() as connection:
        with pytest.raises(ZeroDivisionError), transaction(connection):
            connection.exec_driver_sql("INSERT INTO sync_state VALUES ('a', 'b')")
            _ = 1 / 0
        found = connection.exec_driver_sql("SELECT * FROM sync_state").all()
    assert found == []


@pytest.mark.parametrize(
    ("words", "kind", "sentence"),
    [
        ("database or disk is full", DiskFull, "no room left"),
        ("database is locked", DatabaseUnusable, "locked for too long"),
        ("unable to open database file", DatabaseUnusable, "cannot be opened"),
        ("attempt to write a readonly database", DatabaseUnusable, "may not be written"),
        ("database disk image is malformed", DatabaseUnusable, "damaged"),
        ("no such table: main.item", PlanUnfit, "not as the plan says"),
        ("something else", DatabaseUnusable, "refused"),
    ],
)
def test_what_the_database_complains_of_becomes_a_sentence_with_a_thing_to_do(
    words: str, kind: type[Exception], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence) as caught, database_faults():
        raise sqlite3.OperationalError(words)
    assert caught.value.detail == words  # type: ignore[attr-defined]
    assert caught.value.advice.endswith(".")  # type: ignore[attr-defined]


def test_an_older_database_is_copied_aside_and_climbs_with_its_data(tmp_path: Path) -> None:
    database = _database(tmp_path / "shop.sqlite3")
    migrate(database, "0001")
    with closing(sqlite3.connect(database.path)) as connection:
        connection.execute("INSERT INTO sync_contact(site, run) VALUES ('S001', 7)")
        connection.execute("INSERT INTO sync_state VALUES ('site', 'HO')")
        connection.commit()
    require_current(database)
    with closing(sqlite3.connect(database.path)) as connection:
        assert connection.execute(
            "SELECT site, run, clock_ahead_seconds FROM sync_contact"
        ).fetchall() == [("S001", 7, 0)]
    declared = _database(tmp_path / "declared.sqlite3")
    migrate(declared)
    assert _facts(database.path) == _facts(declared.path)
    aside = tmp_path / f"shop.sqlite3.before-{SCHEMA_VERSION}"
    with closing(sqlite3.connect(aside)) as connection:
        assert connection.execute("SELECT version_num FROM sync_version").fetchall() == [("0001",)]
        assert connection.execute("SELECT site, run FROM sync_contact").fetchall() == [("S001", 7)]
