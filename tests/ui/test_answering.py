"""What is asked before much is deleted is answered where it is read, and never by one press."""

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QPushButton

from ginesys_sync.core.errors import NotPossible
from ginesys_sync.services.views import Done
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.widgets.ask import Question
from ginesys_sync.ui.widgets.attention import AttentionDialog
from tests.support.judged import cut
from tests.support.staged_desk import StagedDesk
from tests.ui.conftest import Opens, OpensPos

ASKED = "60 of the 60 items were deleted at head office; the stores keep theirs until someone says."


class AskingDesk(StagedDesk):
    """A site that is asked about its items."""

    def __init__(self, *, is_ho: bool = True, refuses: bool = False) -> None:
        super().__init__(is_ho=is_ho)
        self.needing_attention()
        question = replace(
            self.attention_rows[0], entity="Items", key="", code="deletion_asks", reason=ASKED
        )
        self.attention_rows.insert(0, replace(question, missing=""))
        self.refuses = refuses
        self.answers: list[tuple[str, bool]] = []

    def answer(self, entity: str, may_go: bool, reason: str) -> Done:
        """Noted, or refused."""
        if self.refuses:
            raise NotPossible("Items cannot be kept by a word.", "Have them meant for S001 again.")
        self.answers.append((entity, may_go))
        self.attention_rows.pop(0)
        return Done("They go with the next sync." if may_go else "They stay.")


def _dialog(window: object) -> AttentionDialog:
    window.show_attention()  # type: ignore[attr-defined]
    offscreen.turn(50)
    dialog = window.attention_dialog  # type: ignore[attr-defined]
    assert isinstance(dialog, AttentionDialog)
    dialog.table.selectRow(0)
    offscreen.turn(20)
    return dialog


def _button(dialog: AttentionDialog, words: str) -> QPushButton:
    (box,) = (each for each in dialog.findChildren(Question) if each.isVisible())
    return next(each for each in box.findChildren(QPushButton) if each.text() == words)


@pytest.mark.parametrize("is_ho", [True, False])
def test_a_second_look_comes_before_anything_is_let_go(
    launchpad: Opens, pos: OpensPos, is_ho: bool
) -> None:
    desk = AskingDesk(is_ho=is_ho)
    dialog = _dialog((launchpad if is_ho else pos)(desk))
    assert dialog.reason.text() == f"Items: {ASKED}"
    assert not cut(dialog)
    offscreen.press(dialog.answers.go)
    offscreen.press(_button(dialog, "Not now"))
    assert desk.answers == []
    offscreen.press(dialog.answers.go)
    offscreen.press(_button(dialog, "Let them go"))
    offscreen.turn(100)
    assert desk.answers == [("Items", True)]
    assert dialog.answers.told.text() == "They go with the next sync."
    assert not dialog.answers.go.isVisible()
    dialog.reject()


def test_they_can_be_kept_with_one_press(launchpad: Opens) -> None:
    desk = AskingDesk()
    dialog = _dialog(launchpad(desk))
    offscreen.press(dialog.answers.keep)
    offscreen.turn(100)
    assert (desk.answers, dialog.answers.told.text()) == ([("Items", False)], "They stay.")
    dialog.reject()


def test_what_is_no_question_has_no_buttons(launchpad: Opens) -> None:
    dialog = _dialog(launchpad(AskingDesk()))
    assert dialog.answers.isVisible()
    dialog.table.selectRow(1)
    offscreen.turn(20)
    assert not dialog.answers.isVisible()
    dialog.reject()


def test_a_refused_answer_is_said_with_what_to_do(launchpad: Opens) -> None:
    dialog = _dialog(launchpad(AskingDesk(refuses=True)))
    offscreen.press(dialog.answers.keep)
    offscreen.turn(100)
    (box,) = (each for each in dialog.findChildren(Question) if each.isVisible())
    assert box.title.text() == "Items cannot be kept by a word."
    assert dialog.answers.go.isEnabled()
    box.accept()
    dialog.reject()
