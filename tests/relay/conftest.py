"""One real Web Database per test module, with head office and as many stores as a test wants."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from tests.support.forked_relay import ForkedRelay
from tests.support.relay_server import Member

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedRelay]:
    """A running Web Database that forgets at once what everybody has processed."""
    with ForkedRelay(tmp_path_factory.mktemp("relay") / "home", keep_days=0) as running:
        yield running


@pytest.fixture(scope="module")
def ho(server: ForkedRelay) -> Member:
    """Head office, enrolled."""
    return Member(server, "HO")


@pytest.fixture
def new_store(server: ForkedRelay) -> Callable[[], Member]:
    """Enrols one more store."""
    return lambda: Member(server, f"S{next(_numbers):03d}")


@pytest.fixture
def channel() -> str:
    """A channel that no other test writes."""
    return f"lane{next(_numbers)}"
