"""A column that keeps whatever it is given."""

from __future__ import annotations

from sqlalchemy.types import UserDefinedType


class Untyped(UserDefinedType[object]):
    """A column without a declared type: SQLite keeps every value exactly as it came."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return ""
