"""The time zone of a site: by its name, or as the machine has it."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ginesys_sync.core.schedule import ScheduleUnfit
from ginesys_sync.core.schedule_zone import local_zone_name, site_zone, zone_named, zone_names


@pytest.mark.parametrize("name", ["Asia/Kolkata", "Australia/Lord_Howe", "UTC", "Etc/GMT+5"])
def test_a_known_zone_is_found_by_its_name(name: str) -> None:
    assert zone_named(name) == ZoneInfo(name)
    assert name in zone_names()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Mars/Olympus",
        "Asia",
        "Asia/",
        "/etc/localtime",
        "../../etc/passwd",
        "Asia/../UTC",
        "localtime",
        "posixrules",
        "leapseconds",
        "right/UTC",
        "posix/UTC",
        "Asia/Kolkata\0",
        "Asia/Kolkata\n",
        "\ud800",
        "a" * 100_000,
    ],
    ids=lambda name: ascii(name)[:30],
)
def test_an_unknown_zone_is_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(ScheduleUnfit, match="does not know the time zone") as caught:
        zone_named(name)
    assert len(caught.value.title) < 200
    assert "Asia/Kolkata" in caught.value.advice


def test_every_zone_to_choose_from_can_be_chosen() -> None:
    names = zone_names()
    assert names == sorted(names)
    assert [str(zone_named(name)) for name in names] == names


def test_a_site_without_a_choice_has_the_zone_of_its_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "Asia/Beirut")
    assert site_zone("") == ZoneInfo("Asia/Beirut")
    assert site_zone("Asia/Kolkata") == ZoneInfo("Asia/Kolkata")


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("Asia/Kolkata", "Asia/Kolkata"),
        (":Asia/Kolkata", "Asia/Kolkata"),
        (":/usr/share/zoneinfo/Asia/Kolkata", "Asia/Kolkata"),
        ("/usr/share/zoneinfo/posix/Asia/Kolkata", "Asia/Kolkata"),
        ("", "UTC"),
        ("XYZ-3", "Europe/Berlin"),
        (":/etc/localtime", "Europe/Berlin"),
        (None, "Europe/Berlin"),
    ],
)
def test_what_the_environment_says_goes_before_the_machines_link(
    tmp_path: Path, told: str | None, name: str
) -> None:
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    assert local_zone_name({} if told is None else {"TZ": told}, tmp_path) == name


def test_the_link_is_followed_wherever_the_database_stands(tmp_path: Path) -> None:
    (tmp_path / "localtime").symlink_to(tmp_path / "second")
    (tmp_path / "second").symlink_to("/var/db/timezone/zoneinfo.default/America/New_York")
    assert local_zone_name({}, tmp_path) == "America/New_York"


def test_without_a_link_the_written_name_counts(tmp_path: Path) -> None:
    (tmp_path / "localtime").write_bytes(b"TZif a copy, not a link")
    (tmp_path / "timezone").write_text("Asia/Kolkata\n")
    assert local_zone_name({}, tmp_path) == "Asia/Kolkata"


@pytest.mark.parametrize("written", [None, "", "nowhere\n", "\xe9"])
def test_a_machine_that_names_no_zone_is_taken_as_utc(tmp_path: Path, written: str | None) -> None:
    (tmp_path / "localtime").symlink_to(tmp_path / "localtime")
    if written is not None:
        (tmp_path / "timezone").write_text(written, encoding="latin-1")
    assert local_zone_name({}, tmp_path) == "UTC"
