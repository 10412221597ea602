"""The books of streams: what an acknowledgement says, and of which epoch."""

from __future__ import annotations

from ginesys_sync.store import ledger
from ginesys_sync.store.database import Database, transaction
from tests.support.chain_floor import HO, ChainFloor

STREAM, OLD, NEW = "S001/sales", "1-old", "2-new"
RUN, AT = 9_001, "2026-03-01T10:00:00.000Z"


def _acknowledged(floor: ChainFloor) -> list[tuple[object, ...]]:
    return floor.sql(
        HO,
        "SELECT epoch, from_no, to_no, delivered_at IS NULL FROM sync_ack "
        f"WHERE stream = '{STREAM}' AND run = {RUN} ORDER BY id",
    )


def test_a_stream_that_begins_anew_within_a_run_is_acknowledged_per_epoch(
    floor: ChainFloor,
) -> None:
    with Database(floor.url(HO)).connect() as connection:
        for epoch, reached in ((OLD, 3), (OLD, 5), (NEW, 1), (NEW, 2)):
            with transaction(connection):
                ledger.ensure_stream(connection, STREAM, epoch)
                ledger.move_cursor(connection, STREAM, epoch, reached, HO, RUN, AT)
    assert _acknowledged(floor) == [(OLD, 0, 5, 1), (NEW, 0, 2, 1)]


def test_what_is_parked_of_the_present_epoch_is_told_with_its_acknowledgement_alone(
    floor: ChainFloor,
) -> None:
    with Database(floor.url(HO)).connect() as connection:
        for epoch in (OLD, NEW):
            with transaction(connection):
                ledger.ensure_stream(connection, STREAM, epoch)
                ledger.move_cursor(connection, STREAM, epoch, 1, HO, RUN, AT)
        with transaction(connection):
            connection.exec_driver_sql("UPDATE sync_ack SET delivered_at = 'then'")
        with transaction(connection):
            ledger.acknowledge_again(connection, STREAM, HO, RUN, AT)
    assert _acknowledged(floor) == [(OLD, 0, 1, 0), (NEW, 0, 1, 1)]


def test_only_the_word_that_says_where_the_cursor_stands_is_said_again(floor: ChainFloor) -> None:
    """A load took it back in this run: the later number would say too much."""
    with Database(floor.url(HO)).connect() as connection:
        with transaction(connection):
            ledger.ensure_stream(connection, STREAM, NEW)
            ledger.move_cursor(connection, STREAM, NEW, 20, HO, RUN, AT)
            ledger.move_cursor(connection, STREAM, NEW, 10, HO, RUN, AT, kind="load")
            connection.exec_driver_sql("UPDATE sync_ack SET delivered_at = 'then'")
        with transaction(connection):
            ledger.acknowledge_again(connection, STREAM, HO, RUN, AT)
    assert _acknowledged(floor) == [(NEW, 0, 20, 0), (NEW, 10, 10, 1)]
    assert floor.sql(HO, f"SELECT to_no, said FROM sync_ack WHERE run = {RUN} ORDER BY id") == [
        (20, 0),
        (10, 1),
    ]
