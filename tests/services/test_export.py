"""*Export CSV*: whole or not at all, stoppable at any moment, faults told in shop words."""

from __future__ import annotations

import csv
import errno
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ginesys_sync.core.errors import Cancelled, DiskFull, KnownError
from ginesys_sync.core.status import Status
from ginesys_sync.services import files
from ginesys_sync.services.files import FileNotWritten
from ginesys_sync.services.home_desk import HomeDesk
from ginesys_sync.services.views import ExportProgress, GridFilter
from tests.support.retail_chain import HO, S001, RetailChain

pytestmark = pytest.mark.long

EVERYTHING = GridFilter()
MORE = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
INSERT INTO sync_batch(stream, no, epoch, run, entity, audience, plan_version, records, gone, rows,
  sha256, size, raw_size, sealed_at, uploaded_at)
SELECT 'HO/made', i, 'e', 1, 'items', a.id, 1, 1, 0, 1, '', 1, 1, '2026-01-01T00:00:00.000Z', NULL
FROM n, sync_audience a WHERE a.name = '*'"""


@pytest.fixture
def desk(settled: RetailChain) -> Iterator[HomeDesk]:
    """Head office's desk, with two thousand batches more for each of two stores."""
    settled.sql(HO, MORE.format(count=2000))
    found = HomeDesk(settled.home(HO))
    yield found
    found.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a person wants the file: nothing else is in it."""
    chosen = tmp_path / "chosen"
    chosen.mkdir()
    return chosen


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_is_written_and_the_last_word_says_so(desk: HomeDesk, folder: Path) -> None:
    path, told = folder / "sent.csv", list[ExportProgress]()
    count = desk.export(True, EVERYTHING, path, told.append)
    assert count == len(lines(path)) > 4000
    assert told[0] == ExportProgress(0, 0, count)
    assert told[-1] == ExportProgress(count, count, count)
    assert len(told) > 8
    assert [far.written for far in told] == sorted(far.written for far in told)
    assert list(folder.iterdir()) == [path]


def test_a_filtered_export_knows_beforehand_how_many_rows_there_will_be(
    desk: HomeDesk, folder: Path
) -> None:
    path, told = folder / "sent.csv", list[ExportProgress]()
    wanted = GridFilter(site=S001, status=Status.WAITING, sort="batch")
    count = desk.export(True, wanted, path, told.append)
    assert [int(line["batch"]) for line in lines(path)] == list(range(1, 2001))
    assert count == 2000
    assert told[0] == ExportProgress(0, 0, 2000)
    assert told[-1] == ExportProgress(2000, 2000, 2000)


def test_the_total_of_received_rows_is_how_many_there_are(
    desk: HomeDesk, settled: RetailChain, folder: Path
) -> None:
    for site in (HO, S001):
        other = HomeDesk(settled.home(site))
        for wanted in (EVERYTHING, GridFilter(site=S001), GridFilter(site=HO)):
            told: list[ExportProgress] = []
            count = other.export(False, wanted, folder / "received.csv", told.append)
            assert told[-1] == ExportProgress(count, count, count), (site, wanted)
        other.close()


def test_a_first_load_is_in_the_file_without_a_batch_number(
    settled: RetailChain, folder: Path
) -> None:
    settled.join("S003")
    settled.sync("S003")
    settled.done(HO)
    settled.done("S003")
    path, told = folder / "received.csv", list[ExportProgress]()
    late = HomeDesk(settled.home("S003"))
    count = late.export(False, EVERYTHING, path, told.append)
    late.close()
    loads = [line for line in lines(path) if line["what"].startswith("First load: ")]
    items = settled.scalar(HO, "SELECT count(*) FROM item")
    assert [line["what"] for line in loads if line["records"] == str(items)]
    assert {(line["batch"], line["status"]) for line in loads} == {("", "PROCESSED")}
    assert told[-1] == ExportProgress(count, count, count)


@pytest.mark.parametrize("sort", ["", "-records"])
def test_stopped_in_the_middle_it_leaves_no_file(desk: HomeDesk, folder: Path, sort: str) -> None:
    told: list[ExportProgress] = []
    with pytest.raises(Cancelled, match="stopped"):
        desk.export(
            True,
            GridFilter(sort=sort),
            folder / "sent.csv",
            told.append,
            lambda: len(told) > 1,
        )
    assert len(told) == 2
    assert list(folder.iterdir()) == []
    assert desk.export(True, EVERYTHING, folder / "sent.csv") > 4000


def test_stopped_inside_a_long_query_it_ends_without_its_first_row(
    desk: HomeDesk, settled: RetailChain, folder: Path
) -> None:
    settled.sql(HO, "DELETE FROM sync_batch WHERE stream = 'HO/made'", MORE.format(count=30_000))
    asked, told = 0, list[ExportProgress]()

    def is_stopped() -> bool:
        nonlocal asked
        asked += 1
        return asked > 5

    with pytest.raises(Cancelled):
        desk.export(True, EVERYTHING, folder / "sent.csv", told.append, is_stopped)
    assert all(far.looked_at == 0 for far in told)
    assert list(folder.iterdir()) == []
    assert desk.sent_rows(None, EVERYTHING, None, 5).rows


def test_an_older_file_of_that_name_stays_until_the_new_one_is_whole(
    desk: HomeDesk, folder: Path
) -> None:
    path, seen = folder / "sent.csv", set[str]()
    path.write_text("last week's")

    def told(_: ExportProgress) -> None:
        seen.add(path.read_text())

    with pytest.raises(Cancelled):
        desk.export(True, EVERYTHING, path, is_stopped=lambda: True)
    assert path.read_text() == "last week's"
    desk.export(True, EVERYTHING, path, told)
    assert seen == {"last week's"}
    assert len(lines(path)) > 4000


def test_a_link_is_followed_and_kept(desk: HomeDesk, folder: Path) -> None:
    (folder / "far").mkdir()
    link, real = folder / "sent.csv", folder / "far" / "real.csv"
    link.symlink_to(real)
    desk.export(True, EVERYTHING, link)
    assert link.is_symlink() and len(lines(real)) > 4000


def test_a_moment_is_exported_and_not_what_comes_meanwhile(
    desk: HomeDesk, settled: RetailChain, folder: Path
) -> None:
    told: list[ExportProgress] = []

    def told_of(far: ExportProgress) -> None:
        if not told:
            settled.sql(HO, "DELETE FROM sync_batch WHERE stream = 'HO/made'")
        told.append(far)

    assert desk.export(True, EVERYTHING, folder / "sent.csv", told_of) == told[0].total > 4000


@contextmanager
def no_larger_than(size: int) -> Iterator[None]:
    """Files of this process may not grow beyond `size` bytes: the kernel refuses the next write."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_without_room_it_says_so_and_leaves_no_half_file(desk: HomeDesk, folder: Path) -> None:
    with no_larger_than(100_000), pytest.raises(DiskFull) as fault:
        desk.export(True, EVERYTHING, folder / "sent.csv")
    assert fault.value.title == "There is no room on the disk for sent.csv."
    assert "Free some space" in fault.value.advice
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_gone_and_a_name_that_is_a_folders_are_told(
    desk: HomeDesk, folder: Path
) -> None:
    (folder / "inside.csv").mkdir()
    for path, title in (
        (folder / "gone" / "sent.csv", "The folder for sent.csv is not there."),
        (folder / "inside.csv", "inside.csv is the name of a folder."),
    ):
        with pytest.raises(FileNotWritten) as fault:
            desk.export(True, EVERYTHING, path)
        assert fault.value.title == title
    assert [path.name for path in folder.iterdir()] == ["inside.csv"]


@pytest.mark.parametrize(
    "number, kind, title",
    [
        (errno.ENOSPC, DiskFull, "There is no room on the disk for sent.csv."),
        (errno.EDQUOT, DiskFull, "There is no room on the disk for sent.csv."),
        (errno.EACCES, FileNotWritten, "sent.csv may not be written there."),
        (errno.EROFS, FileNotWritten, "sent.csv may not be written there."),
        (errno.EIO, FileNotWritten, "sent.csv could not be written."),
    ],
)
def test_what_the_disk_says_is_told_in_shop_words(
    number: int, kind: type[KnownError], title: str
) -> None:
    fault = files._told_as(OSError(number, "said the system"), Path("/there/sent.csv"))
    assert type(fault) is kind
    assert fault.title == title and fault.advice.endswith(".")
    assert "said the system" in fault.detail


def test_text_that_a_spreadsheet_would_compute_is_only_text(
    desk: HomeDesk, settled: RetailChain, folder: Path
) -> None:
    with closing(sqlite3.connect(settled.database(HO))) as connection:
        connection.execute("UPDATE sync_batch SET entity = '=1+1' WHERE stream = 'HO/made'")
        connection.commit()
    desk.export(True, GridFilter(text="=1+1"), folder / "sent.csv")
    whats = {line["what"] for line in lines(folder / "sent.csv")}
    assert whats == {"1 =1+1"}
