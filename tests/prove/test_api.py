"""A slice of the calls made of the OpenAPI description: more is `run.py prove api`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.prove import api


@pytest.mark.slow
def test_a_few_calls_to_every_door_are_answered_as_described(tmp_path: Path) -> None:
    tried, broken = api.called(tmp_path, 1, 2)
    assert not broken
    assert tried > 40


@pytest.mark.slow
def test_an_answer_that_is_not_described_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = api.described

    def poorer(server: Any) -> dict[str, Any]:
        document = real(server)
        document["paths"] = {"/v1/chain": document["paths"]["/v1/chain"]}
        del document["paths"]["/v1/chain"]["get"]["responses"]["403"]
        return document

    monkeypatch.setattr(api, "described", poorer)
    _, broken = api.called(tmp_path, 1, 3)
    assert "GET /v1/chain by S" in broken[0]
    assert "403" in broken[0]
