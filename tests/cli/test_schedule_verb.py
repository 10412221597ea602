"""`schedule`: head office lays schedules down at the prompt, a store sees what it works by."""

import json

import pytest

from tests.support.retail_chain import HO, S001, S002, RetailChain, run_verb


def show(chain: RetailChain, site: str) -> dict[str, object]:
    said = run_verb("schedule", "show", "--home", chain.home(site), "--json")
    assert said.code == 0
    found: dict[str, object] = json.loads(said.out)
    return found


def lay_down(chain: RetailChain, *words: str) -> None:
    said = run_verb("schedule", "set", "--home", chain.home(HO), *words)
    assert (said.code, said.lines[0]) == (0, "Laid down."), said.err


def test_the_site_policy_wins_over_the_master_policy_and_both_travel(chain: RetailChain) -> None:
    chain.done(HO)
    lay_down(chain, "--stores", "--every", "15m", "--from", "09:00", "--to", "21:00", "--start",
             "2026-12-01")  # fmt: skip
    lay_down(chain, "--site", S001, "--at", "06:30", "--weekly", "mon,thu", "--live", "--start",
             "2026-12-01")  # fmt: skip
    for site in (HO, S001, S002):
        chain.done(site)
    mine, other = show(chain, S001), show(chain, S002)
    assert mine["source"] == "Site Policy, for this store only"
    assert mine["words"] == (
        "every week on Mon and Thu at 06:30, from 1 Dec 2026, no end date; "
        "changes also go within seconds while online"
    )
    assert other["source"] == "Master Policy, for all stores"
    assert other["words"] == (
        "every day, every 15 minutes from 09:00 to 21:00, from 1 Dec 2026, no end date"
    )
    runs = other["next_runs"]
    assert isinstance(runs, list) and len(runs) == 5
    assert chain.sql(S002, "SELECT count(*) FROM sync_site_policy") == [(0,)]
    said = run_verb("schedule", "clear", "--home", chain.home(HO), "--site", S001)
    assert said.code == 0
    chain.done(HO)
    chain.done(S001)
    assert show(chain, S001)["source"] == "Master Policy, for all stores"


def test_head_office_sees_every_schedule_and_who_laid_it_down_is_noted(chain: RetailChain) -> None:
    chain.done(HO)
    assert show(chain, HO)["words"] == (
        "No schedule is set: a sync runs only when someone asks for it."
    )
    lay_down(chain, "--own", "--on-startup")
    lay_down(chain, "--site", S002, "--every", "2h")
    said = run_verb("schedule", "show", "--home", chain.home(HO))
    assert said.lines[0] == "HO: right after the program starts (set here)"
    assert said.last.startswith("S002: every day, every 2 hours from 00:00 to 23:59, from ")
    assert [row[0] for row in chain.sql(HO, "SELECT action FROM sync_audit")] == [
        "set schedule",
        "set schedule",
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--stores", "--every", "0m"), "Occurs every must be 1 or more minutes."),
        (("--stores", "--every", "soon"), "Occurs every"),
        (("--stores", "--every", "15m", "--from", "21:00", "--to", "09:00"), "Ending at must be"),
        (("--stores", "--at", "25:00"), "Occurs at"),
        (("--stores", "--at", "09:00", "--weekly", "someday"), "week-day"),
        (("--stores", "--at", "09:00", "--start", "2026-12-02", "--end", "2026-12-01"), "End Date"),
        (("--site", "S777", "--at", "09:00"), "There is no store 'S777' in this chain."),
    ],
)
def test_a_wrong_entry_is_refused_and_nothing_is_laid_down(
    chain: RetailChain, words: tuple[str, ...], sentence: str
) -> None:
    said = run_verb("schedule", "set", "--home", chain.home(HO), *words)
    assert said.code == 2
    assert sentence in said.err
    assert chain.sql(HO, "SELECT count(*) FROM sync_master_policy") == [(0,)]


def test_a_store_cannot_lay_down_its_own(chain: RetailChain) -> None:
    said = run_verb("schedule", "set", "--home", chain.home(S001), "--own", "--on-startup")
    assert said.code == 2
    assert said.err.startswith("Only head office sets schedules.")
