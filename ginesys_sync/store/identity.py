"""Who this database is: the names under which the sync remembers it."""

from __future__ import annotations

from sqlalchemy import Connection

from ginesys_sync.store.database import write_state

EPOCH, INCARNATION, SITE = "epoch", "incarnation", "site"


def begin_life(connection: Connection, incarnation: str) -> None:
    """Inside the caller's transaction: this copy of the database is the site from here on."""
    write_state(connection, INCARNATION, incarnation)


def begin_epoch(connection: Connection, epoch: str) -> None:
    """Inside the caller's transaction: own batches are numbered anew, as the Web Database says."""
    write_state(connection, EPOCH, epoch)
