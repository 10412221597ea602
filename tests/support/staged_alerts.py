"""The part of the staged desk that answers about alert settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.alert_desk import AlertView, ChannelChange, Tried
from ginesys_sync.services.alert_settings import Limits, Mail, webhook_host
from tests.support import staged_data as data

MAIL = Mail(
    "mail.shop.example", ("it@shop.example", "owner@shop.example"), "sync@shop.example", user="sync"
)


class StagedAlerts:
    """Set its fields before a window is shown. What a window lays down is kept here."""

    site_lines: Sequence[data.SiteLine]
    alerts_kept: AlertView | None = None
    alerts_fault: KnownError | None = None
    alerts_tried: tuple[Tried, ...] = (Tried(True, "Mail: sent to it@shop.example."),)
    limits_laid_down: Limits | None = None
    channels_laid_down: ChannelChange | None = None

    def _ask(self) -> None:
        raise NotImplementedError

    def with_alert_channels(self) -> Self:
        """A mail server, a webhook, and two stores with limits of their own."""
        limits = Limits(silent_minutes_of={"S002": 30, "S005": 3 * 1440})
        self.alerts_kept = AlertView(limits, MAIL, True, "https://chat.shop.example", ())
        self.alerts_tried = (
            Tried(True, "Mail: sent to it@shop.example, owner@shop.example."),
            Tried(False, "Webhook: The webhook at chat.shop.example does not answer."),
        )
        return self

    def alert_settings(self) -> AlertView:
        self._ask()
        stores = tuple((line.code, line.name) for line in self.site_lines)
        kept = self.alerts_kept or AlertView(Limits(), None, False, "", ())
        return replace(kept, stores=stores)

    def set_alert_limits(self, limits: Limits) -> None:
        self._refuse()
        self.limits_laid_down = limits
        self.alerts_kept = replace(self.alert_settings(), limits=limits)

    def set_alert_channels(self, change: ChannelChange) -> None:
        self._refuse()
        self.channels_laid_down = change
        before = self.alert_settings()
        hook = before.webhook if change.webhook is None else webhook_host(change.webhook)
        has = before.has_password if change.password is None else bool(change.password)
        self.alerts_kept = replace(before, mail=change.mail, has_password=has, webhook=hook)

    def try_alerts(self) -> tuple[Tried, ...]:
        self._refuse()
        return self.alerts_tried

    def _refuse(self) -> None:
        self._ask()
        if self.alerts_fault is not None:
            raise self.alerts_fault
