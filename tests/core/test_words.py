"""The words of the sync: sites, streams, epochs, audiences, statuses, moments, errors, settings."""

import json
import stat
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ginesys_sync.core import errors
from ginesys_sync.core.clock import SystemClock, from_iso, iso
from ginesys_sync.core.errors import HomeUnusable, KnownError, VersionsDiffer
from ginesys_sync.core.events import RunEnded, event_document
from ginesys_sync.core.model import Audience, Epoch, Stream, is_site_code, key_text
from ginesys_sync.core.settings import (
    Settings,
    is_home,
    open_home,
    write_key,
    write_settings,
)
from ginesys_sync.core.status import (
    CLOSING_SENTENCE,
    Outcome,
    Reach,
    Status,
    received_status,
    sent_status,
)

codes = st.from_regex(r"[A-Z0-9][A-Z0-9_-]{0,15}", fullmatch=True)


@given(st.sets(codes))
def test_an_audience_is_named_by_its_members_alone(sites: set[str]) -> None:
    audience = Audience.of(sites)
    assert Audience.parse(audience.members) == audience
    assert Audience.of(reversed(sorted(sites))).name == audience.name
    assert all(audience.holds(site) for site in sites)
    assert audience.is_nobody is (not sites)


def test_all_holds_sites_to_come() -> None:
    assert Audience.all().holds("S999")
    assert Audience.parse("*") == Audience.all()
    assert not Audience.all().is_nobody


@given(codes, st.from_regex(r"[a-z]{1,9}", fullmatch=True))
def test_a_stream_is_read_back(origin: str, channel: str) -> None:
    stream = Stream.parse(f"{origin}/{channel}")
    assert (stream.origin, stream.channel, str(stream)) == (origin, channel, f"{origin}/{channel}")


@pytest.mark.parametrize("text", ["", "HO", "HO/", "/pricing", "ho/pricing", "HO/a b", "HO/a/b"])
def test_what_is_no_stream_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a stream"):
        Stream.parse(text)


@pytest.mark.parametrize("text", ["", "3", "3-", "x-0123456789abcdef", "3-0123456789ABCDEF"])
def test_what_is_no_epoch_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an epoch"):
        Epoch.parse(text)
    assert str(Epoch.parse("3-0123456789abcdef")) == "3-0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("HO", True), ("S001", True), ("", False), ("s001", False), ("S 1", False), ("A" * 17, False)],
)
def test_what_may_be_a_sites_code(text: str, is_one: bool) -> None:
    assert is_site_code(text) is is_one


def test_a_key_is_told_as_a_person_reads_it() -> None:
    assert key_text(("S001", 7, b"\x01\xff")) == "S001 / 7 / 01ff"


@pytest.mark.parametrize(
    ("no", "reach", "status"),
    [
        (5, Reach(4, 9, 0), Status.WAITING),
        (5, Reach(9, 4, 0), Status.WAITING),
        (5, Reach(5, 5, 4), Status.UPLOADED),
        (5, Reach(5, 5, 5), Status.PROCESSED),
        (5, Reach(9, 9, 9, covered=5), Status.COVERED),
        (6, Reach(9, 9, 5, covered=5), Status.UPLOADED),
    ],
)
def test_the_senders_status_follows_from_how_far_the_stream_is(
    no: int, reach: Reach, status: Status
) -> None:
    assert sent_status(no, reach) is status


@given(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_no_later_word_walks_a_status_backwards(
    no: int, uploaded: int, released: int, acknowledged: int
) -> None:
    order = [Status.WAITING, Status.UPLOADED, Status.PROCESSED]
    before = order.index(sent_status(no, Reach(uploaded, released, acknowledged)))
    for more in ((1, 0, 0), (0, 1, 0), (0, 0, 1)):
        later = Reach(uploaded + more[0], released + more[1], acknowledged + more[2])
        assert order.index(sent_status(no, later)) >= before


def test_the_receivers_status_follows_from_its_cursor() -> None:
    assert received_status(3, 3) is Status.PROCESSED
    assert received_status(4, 3) is Status.RECEIVED


def test_every_outcome_has_its_exit_code() -> None:
    assert [outcome.exit_code for outcome in Outcome] == [0, 1, 2, 3, 2, 2]


def test_moments_are_kept_in_utc_sort_as_text_and_are_read_back() -> None:
    east = datetime(2026, 3, 1, 4, 30, 0, 5000, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert iso(east) == "2026-02-28T23:00:00.005Z"
    assert from_iso(iso(east)) == east
    assert SystemClock().now().tzinfo is UTC


def _known_errors() -> list[type[KnownError]]:
    return [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, KnownError)]


def test_every_error_says_what_happened_and_what_to_do() -> None:
    assert len({error.code for error in _known_errors()}) == len(_known_errors())
    for error in _known_errors():
        fault = error("The title.")
        assert str(fault) == f"The title. {fault.advice}"
        assert fault.advice.endswith(".")


def test_an_event_is_one_flat_object() -> None:
    document = event_document(RunEnded(3, Outcome.DONE, CLOSING_SENTENCE))
    assert json.loads(json.dumps(document)) == {
        "event": "RunEnded",
        "run": 3,
        "outcome": "done",
        "closing": "Sync process completed, flushing buffer.",
    }


def test_a_home_is_read_back_and_its_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    home = write_settings(tmp_path / "home", Settings("S001", "store", "sqlite:///x", "http://y"))
    write_key(home.folder, "secret")
    again = open_home(home.folder)
    assert again == home
    assert again.key() == "secret"
    assert stat.S_IMODE((home.folder / "key").stat().st_mode) == 0o600
    assert is_home(home.folder)


def test_settings_that_a_newer_program_added_are_passed_over(tmp_path: Path) -> None:
    home = write_settings(tmp_path, Settings("S001", "store", "sqlite:///x", "http://y"))
    document = json.loads((tmp_path / "home.json").read_text()) | {"from_the_future": 1}
    (tmp_path / "home.json").write_text(json.dumps(document))
    assert open_home(tmp_path) == home


@pytest.mark.parametrize(
    ("text", "kind", "sentence"),
    [
        (None, HomeUnusable, "is not the home folder"),
        ("{", HomeUnusable, "cannot be read"),
        ("[]", HomeUnusable, "are not those of a site"),
        ('{"format": 1}', HomeUnusable, "are incomplete"),
        ('{"format": 99}', VersionsDiffer, "newer version"),
    ],
)
def test_a_folder_that_is_no_home_is_refused_in_a_sentence(
    tmp_path: Path, text: str | None, kind: type[KnownError], sentence: str
) -> None:
    if text is not None:
        (tmp_path / "home.json").write_text(text)
    with pytest.raises(kind, match=sentence):
        open_home(tmp_path)


def test_a_home_without_its_key_says_what_to_do(tmp_path: Path) -> None:
    home = write_settings(tmp_path, Settings("S001", "store", "sqlite:///x", "http://y"))
    with pytest.raises(HomeUnusable, match="enrolment code"):
        home.key()
