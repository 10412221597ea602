"""Floor 1: the only room at a site that speaks SQL for the sync.

The sync's own tables (`schema`, all named `sync_…`) live inside the business database, beside the
tables of the plan. Set-based work (`capture`, `sealing`, `applying`, `loading`) is written for
SQLite here; bookkeeping (`ledger`, `sites`, `runs`, `parking`, `grids`) in SQLAlchemy Core, but for
what every run asks: that goes by the driver itself. May import core and wire. Every fault of the
database leaves this room as a `core.errors.KnownError`.
"""
