"""The one table of what the Web Database answers to: routes and OpenAPI are made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ginesys_sync import __version__
from ginesys_sync.relay import access, acks, batches, loads, mail, opening, own, withdrawing
from ginesys_sync.relay.desk import Caller, Relay
from ginesys_sync.wire import control_messages, messages, own_messages, routes, wait_messages
from ginesys_sync.wire.messages import Message


class Open(Enum):
    """Who may come in at a door."""

    ANYONE = "anyone"
    SITES = "sites"
    HEAD_OFFICE = "head office"


@dataclass(frozen=True, slots=True)
class Door:
    """One message door: POST what it asks (GET when nothing), get what it answers.

    `act(relay, caller, message)`; the caller is None where anyone may come in, the message is None
    where nothing is asked. `act` None: the call goes to the waiting room. `problems` are the codes
    it may refuse with, beside those of every door.
    """

    path: str
    name: str
    summary: str
    open_to: Open
    asks: type[Message] | None
    answers: type[Message]
    act: Callable[[Relay, Any, Any], Message] | None
    problems: tuple[str, ...] = ()

    @property
    def method(self) -> str:
        """GET for what only looks, POST for what carries a message."""
        return "POST" if self.asks else "GET"


def _health(relay: Relay, caller: None, message: None) -> messages.Health:
    return messages.Health(program=__version__, protocol=routes.PROTOCOL, relay_id=relay.relay_id)


def _who_am_i(relay: Relay, caller: Caller, message: None) -> messages.WhoAmI:
    return opening.who_am_i(relay, caller)


def _enrol(relay: Relay, caller: None, message: messages.EnrolRequest) -> messages.EnrolAnswer:
    return access.enrol(relay, message)


DOORS = (
    Door(
        routes.HEALTH,
        "health",
        "Whether a Web Database is here",
        Open.ANYONE,
        None,
        messages.Health,
        _health,
    ),
    Door(
        routes.WHO_AM_I,
        "who_am_i",
        "Whose key this is",
        Open.SITES,
        None,
        messages.WhoAmI,
        _who_am_i,
    ),
    Door(
        routes.ENROL,
        "enrol",
        "Trade a one-time code for access",
        Open.ANYONE,
        messages.EnrolRequest,
        messages.EnrolAnswer,
        _enrol,
        ("code_wrong", "code_used", "code_expired", "role_differs", "site_blocked", "site_closed"),
    ),
    Door(
        routes.OPEN,
        "open",
        "Open a run, and the first page of mail",
        Open.SITES,
        messages.OpenRequest,
        messages.OpenAnswer,
        opening.open_run,
        ("site_restored", "site_cloned"),
    ),
    Door(
        routes.OWN,
        "own",
        "Read back one's own batches",
        Open.SITES,
        own_messages.OwnRequest,
        own_messages.OwnAnswer,
        own.read_own,
    ),
    Door(
        routes.SAME,
        "same",
        "Whether batches of others are still those that were read",
        Open.SITES,
        own_messages.SameRequest,
        own_messages.SameAnswer,
        own.compare,
    ),
    Door(
        routes.AGAIN,
        "again",
        "Say that everything of some channels was noted to be sent once more",
        Open.SITES,
        own_messages.AgainRequest,
        own_messages.AgainAnswer,
        own.take_again,
    ),
    Door(
        routes.BATCHES,
        "batches",
        "Hand in sealed batches and a release",
        Open.SITES,
        messages.BatchesRequest,
        messages.BatchesAnswer,
        batches.take_batches,
        (
            "gap",
            "number_taken",
            "epoch_unknown",
            "audience_unknown",
            "audience_wrong",
            "audience_refused",
            "body_damaged",
        ),
    ),
    Door(
        routes.MAIL,
        "mail",
        "Read the next page of mail",
        Open.SITES,
        messages.MailRequest,
        messages.MailAnswer,
        mail.read_mail,
    ),
    Door(
        routes.ACKS,
        "acks",
        "Acknowledge what was applied",
        Open.SITES,
        messages.AcksRequest,
        messages.AcksAnswer,
        acks.take_acks,
        ("ack_beyond",),
    ),
    Door(
        routes.WAIT,
        "wait",
        "Wait until there may be something new",
        Open.SITES,
        wait_messages.WaitRequest,
        wait_messages.WaitAnswer,
        None,
        ("waits_elsewhere",),
    ),
    Door(
        routes.LOADS,
        "loads",
        "Offer a first load to the sites that want it",
        Open.HEAD_OFFICE,
        messages.LoadsRequest,
        messages.LoadsAnswer,
        loads.offer_load,
        ("not_your_stream", "load_refused"),
    ),
    Door(
        routes.SITES,
        "change_site",
        "Say how a store stands",
        Open.HEAD_OFFICE,
        control_messages.SiteChange,
        messages.SiteContact,
        access.change_site,
        ("site_unknown", "site_is_ho"),
    ),
    Door(
        routes.RELOAD,
        "reload",
        "Have a store take first loads of everything again",
        Open.HEAD_OFFICE,
        control_messages.ReloadRequest,
        messages.SiteContact,
        access.reload_site,
        ("site_unknown", "site_is_ho"),
    ),
    Door(
        routes.WITHDRAW,
        "withdraw",
        "Take batches back that no site has heard of",
        Open.HEAD_OFFICE,
        control_messages.WithdrawRequest,
        control_messages.WithdrawAnswer,
        withdrawing.withdraw,
        ("batch_unknown",),
    ),
    Door(
        routes.WITHDRAWN,
        "withdrawn",
        "List what was taken back",
        Open.HEAD_OFFICE,
        control_messages.WithdrawnRequest,
        control_messages.WithdrawnAnswer,
        withdrawing.list_withdrawn,
    ),
    Door(
        routes.CHAIN,
        "chain",
        "List the sites of the chain",
        Open.HEAD_OFFICE,
        None,
        messages.Chain,
        access.list_chain,
    ),
)

ANY_DOOR = ("versions_differ", "too_large", "too_slow", "method_refused", "busy", "internal")
"""What every door may refuse with."""
MESSAGE_DOOR = ("malformed", "content_type", "disk_full")
"""What every door that takes a message may refuse with beside that."""
GUARDED_DOOR = ("key_refused", "site_blocked", "site_closed", "too_many_tries")
"""What every door may refuse with that is open to sites only."""
