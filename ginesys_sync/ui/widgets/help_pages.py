"""The help pages for shop people: what they are called, what they say, which belongs to what is
shown. Knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass

from ginesys_sync.core.resources import resource_path

FIRST = "first-minute"
ORDER = (
    FIRST,
    "statuses",
    "where-is-it",
    "needs-attention",
    "control",
    "web-database",
    "schedules",
    "alerts",
    "my-bills",
)
PAGE_OF = {
    "Data Sync": FIRST,
    "Select Site": FIRST,
    "Sites": "statuses",
    "Sent Data": "statuses",
    "Received Data": "statuses",
    "Runs": "statuses",
    "Sync": "statuses",
    "Application Settings": "schedules",
    "Schedule": "schedules",
    "Schedule Configuration": "schedules",
    "Alerts": "alerts",
    "Alert Limits": "alerts",
    "Who Is Told": "alerts",
    "Web Database": "web-database",
    "Web Database Locator": "web-database",
    "Needs attention": "needs-attention",
    "Where is it?": "where-is-it",
    "Control": "control",
    "Blocked": "control",
    "Log": "control",
    "Preview": "control",
    "Data Exchange": "my-bills",
    "HO Control": "my-bills",
    "What changed": "my-bills",
}
"""The page that helps with a tab, a room or a window, by the words on it."""


@dataclass(frozen=True, slots=True)
class HelpPage:
    """A page: `name` is its file's, `text` is Markdown and begins with the title."""

    name: str
    title: str
    text: str

    def fits(self, words: str) -> bool:
        """Whether every one of these words stands in it."""
        return all(word in self.text.casefold() for word in words.casefold().split())


def help_pages() -> tuple[HelpPage, ...]:
    """Every page, in the order of the list."""
    found = []
    for name in ORDER:
        text = resource_path("help", f"{name}.md").read_text(encoding="utf-8")
        found.append(HelpPage(name, text.splitlines()[0].removeprefix("# "), text))
    return tuple(found)


def page_for(shown: str) -> str:
    """The name of the page that helps with what is shown."""
    return PAGE_OF.get(shown, FIRST)
