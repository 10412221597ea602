"""`--help` teaches: what the program is, how a chain begins, what the exit codes mean."""

from __future__ import annotations

import pytest

from ginesys_sync import __version__
from tests.support.retail_chain import run_verb

VERBS = (
    "demo",
    "init",
    "sync",
    "status",
    "where",
    "test-connection",
    "doctor",
    "launchpad",
    "pos",
    "service",
    "batch",
    "control",
    "relay",
)


def test_help_names_every_verb_and_shows_how_a_chain_begins() -> None:
    said = run_verb("--help")
    assert said.code == 0
    for verb in VERBS:
        assert f"\n    {verb} " in said.out or f"\n    {verb}\n" in said.out, verb
    begins = said.out.index("relay serve")
    assert begins < said.out.index("relay invite") < said.out.index("ginesys-sync init")
    assert "0 done, 1 done with something that needs attention, 2 could not run" in said.out


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_and_each_of_its_options(verb: str) -> None:
    said = run_verb(verb, "--help")
    assert said.code == 0
    assert said.out.startswith(f"usage: ginesys-sync {verb}")
    description = said.out.split("\n\n", 2)[1]
    assert not description.startswith(("options:", "positional arguments:")), "no description"
    options = said.out.partition("options:\n")[2].split("\n\n")[0].splitlines()
    explained = "\n".join(options).replace("\n                        ", "  ")
    for line in explained.splitlines():
        if line.lstrip().startswith("-"):
            assert "  " in line.strip(), f"{verb}: nothing is said about {line.strip()}"


@pytest.mark.parametrize(
    "words", [("batch", "show"), ("relay", "serve"), ("relay", "invite")], ids=" ".join
)
def test_every_verb_under_a_verb_explains_itself(words: tuple[str, str]) -> None:
    said = run_verb(*words, "--help")
    assert said.code == 0
    assert said.out.startswith(f"usage: ginesys-sync {' '.join(words)}")


def test_version_is_told() -> None:
    assert run_verb("--version").out.strip() == f"ginesys-sync {__version__}"


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("frobnicate",),
        ("sync",),
        ("status", "--home", "x"),
        ("status", "--home", "x", "--sent", "--received"),
        ("status", "--home", "x", "--sent", "--limit", "0"),
        ("status", "--home", "x", "--sent", "--limit", "many"),
        ("sync", "--home", "x", "--all", "--site", "S001"),
        ("sync", "--home", "x", "--events", "xml"),
        ("init", "--home", "x", "--site", "HO"),
        ("batch",),
        ("control",),
        ("relay",),
    ],
    ids=" ".join,
)
def test_a_line_that_makes_no_sense_ends_with_2_and_the_way_to_write_it(
    words: tuple[str, ...],
) -> None:
    said = run_verb(*words)
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("usage: ginesys-sync")
