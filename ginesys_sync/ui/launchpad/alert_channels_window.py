"""*Who Is Told*: the mail server and the webhook that hear of an alert. What is secret is entered
here and never shown again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit, QVBoxLayout, QWidget

from ginesys_sync.services.alert_desk import AlertView, ChannelChange
from ginesys_sync.services.alert_form import (
    PORTS,
    ChannelEntries,
    Entry,
    channel_entries,
    channel_problems,
    channels_of,
)
from ginesys_sync.ui.launchpad.schedule_form import Unrolled
from ginesys_sync.ui.widgets import theme, tokens
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.fields import FieldRow, ShortField
from ginesys_sync.ui.widgets.form_window import FormWindow

_WIDE = 320
_SECURITY = {
    "starttls": "STARTTLS (usual)",
    "tls": "TLS from the first byte",
    "none": "None (this machine only)",
}
_FORGETS = "OK forgets the mail server and its password."
_FORGETS_HOOK = "OK forgets the address."


class AlertChannelsWindow(FormWindow):
    """`save_channels` keeps them; it is called on a thread."""

    def __init__(
        self,
        parent: QWidget,
        background: Background,
        view: AlertView,
        save_channels: Callable[[ChannelChange], None],
    ) -> None:
        super().__init__(parent, background, "Who Is Told", (648, 620))
        self._view, self._save_channels = view, save_channels
        self.has_mail = QCheckBox("Write a mail")
        self.has_webhook = QCheckBox("Call a web address (webhook)")
        self.to, self.from_whom, self.host = _wide(), _wide(), _wide()
        self.user, self.password, self.webhook = _wide(), _wide(), _wide()
        self.port, self.security = ShortField(), Unrolled()
        self.mail_part, self.hook_part = QWidget(), QWidget()
        self.mail_lost, self.hook_lost = QLabel(_FORGETS), QLabel(_FORGETS_HOOK)
        self._make_rows()
        self._fill(channel_entries(view))
        self._wire()
        self.begin()
        self.has_mail.setFocus()

    def _make_rows(self) -> None:
        for key, words in _SECURITY.items():
            self.security.addItem(words, key)
        self.security.setFixedWidth(_WIDE)
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.to.setPlaceholderText("it@shop.example, owner@shop.example")
        self.from_whom.setPlaceholderText("sync@shop.example")
        self.host.setPlaceholderText("mail.shop.example")
        self.user.setPlaceholderText("empty: without signing in")
        if self._view.has_password:
            self.password.setPlaceholderText("kept; enter another to replace it")
        kept = self._view.webhook
        self.webhook.setPlaceholderText(f"{kept}/… is kept" if kept else "https://")
        fields: dict[Entry, QWidget] = {
            Entry.TO: self.to, Entry.SENDER: self.from_whom, Entry.HOST: self.host,
            Entry.SECURITY: self.security, Entry.PORT: self.port, Entry.USER: self.user,
            Entry.PASSWORD: self.password, Entry.WEBHOOK: self.webhook,
        }  # fmt: skip
        self.rows = {entry.value: FieldRow(entry.value, field) for entry, field in fields.items()}
        self._lay_out_form()

    def _lay_out_form(self) -> None:
        for label in (self.mail_lost, self.hook_lost):
            theme.mark(label, "small", "warning")
        mail, hook = _stack(self.mail_part), _stack(self.hook_part)
        for name, row in self.rows.items():
            (hook if name == Entry.WEBHOOK else mail).addWidget(row)
        for part in (
            self.has_mail, self.mail_lost, self.mail_part, self.has_webhook, self.hook_lost,
            self.hook_part,
        ):  # fmt: skip
            self.column.addWidget(part)
        self.column.addStretch(1)

    def _fill(self, typed: ChannelEntries) -> None:
        self.has_mail.setChecked(typed.has_mail)
        self.has_webhook.setChecked(typed.has_webhook)
        self.to.setText(typed.to)
        self.from_whom.setText(typed.sender)
        self.host.setText(typed.host)
        self.port.setText(typed.port)
        self.security.setCurrentIndex(self.security.findData(typed.security))
        self.user.setText(typed.user)

    def _wire(self) -> None:
        for field in (
            self.to, self.from_whom, self.host, self.port, self.user, self.password, self.webhook,
        ):  # fmt: skip
            field.textChanged.connect(self.look)
        for box in (self.has_mail, self.has_webhook):
            box.toggled.connect(self.look)
        self.security.currentIndexChanged.connect(self._suit_port)

    def _suit_port(self) -> None:
        """The usual port of this security, where the port was a usual one."""
        if self.port.text().strip() in ("", *PORTS.values()):
            self.port.setText(PORTS[self.security.currentData()])
        self.look()

    # --- what stands there ---

    def look(self) -> None:
        """Mark what is wrong, and grey what belongs to what is not ticked."""
        has_mail, has_hook = self.has_mail.isChecked(), self.has_webhook.isChecked()
        self.mail_part.setEnabled(has_mail)
        self.hook_part.setEnabled(has_hook)
        self.mail_lost.setVisible(self._view.mail is not None and not has_mail)
        self.hook_lost.setVisible(bool(self._view.webhook) and not has_hook)
        super().look()

    def entries(self) -> ChannelEntries:
        return ChannelEntries(
            has_mail=self.has_mail.isChecked(),
            to=self.to.text(),
            sender=self.from_whom.text(),
            host=self.host.text(),
            port=self.port.text(),
            security=self.security.currentData(),
            user=self.user.text(),
            password=self.password.text(),
            has_webhook=self.has_webhook.isChecked(),
            webhook=self.webhook.text(),
        )

    def problems(self) -> Mapping[str, str]:
        return channel_problems(self.entries(), self._view)

    def saving(self) -> Callable[[], None]:
        change = channels_of(self.entries(), self._view)
        return lambda: self._save_channels(change)


def _wide() -> QLineEdit:
    field = QLineEdit()
    field.setFixedWidth(_WIDE)
    field.setMaxLength(2_000)
    return field


def _stack(part: QWidget) -> QVBoxLayout:
    column = QVBoxLayout(part)
    column.setContentsMargins(tokens.SPACE_6, 0, 0, tokens.SPACE_2)
    column.setSpacing(tokens.SPACE_3)
    return column
