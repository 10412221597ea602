"""Floor 4: the Web Database server, its own wing.

It takes sealed batches in, keeps them on disk until every site that needs them has applied them,
and hands each site its own mail: nothing more. It knows no shop table; it may import `wire` and
`core` only, besides Starlette, uvicorn, Alembic and sqlite3. `main` is its door: `serve`, `invite`.

One SQLite database per home (`relay.sqlite3`) holds everything but large bodies, which are files
under `bodies/`. Nothing that matters is kept in memory, so several processes may share a home.
"""
