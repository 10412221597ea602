"""Connections that lose things on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import requests


class LostAnswers(requests.Session):
    """A connection on which the Web Database hears everything and some of its answers get lost.

    `paths` are those whose answers are lost; `times` how many of them.
    """

    def __init__(self, paths: Sequence[str], times: int) -> None:
        super().__init__()
        self._paths = paths
        self._left = times

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """The call arrives and is carried out; then its answer may be lost."""
        answer = super().request(method, url, *args, **kwargs)
        if self._left and any(path in str(url) for path in self._paths):
            self._left -= 1
            answer.close()
            raise requests.ConnectionError("the answer was lost")
        return answer


class NoLine(requests.Session):
    """A connection on which nothing arrives."""

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Raises ConnectionError before anything is sent."""
        raise requests.ConnectionError("there is no line")
