"""Working by the newest plan: put in place when it has come, and said when it does not fit."""

from __future__ import annotations

from ginesys_sync.core.errors import PlanUnfit
from ginesys_sync.engine.context import RunContext
from ginesys_sync.store.database import transaction
from ginesys_sync.store.fence import require_fence
from ginesys_sync.store.plans import arrived_plan, install_plan


def put_plan_in_place(context: RunContext) -> None:
    """Put the triggers of a plan that has come in place, and work by it from here on. One that does
    not fit this database changes nothing: the run goes on by the plan it has, and says so.
    """
    with context.database.connect() as connection:
        try:
            plan = arrived_plan(connection)
            if plan is None:
                return
            with transaction(connection):
                require_fence(connection, context.fence)
                context.plan = install_plan(connection, plan, context.is_head_office)
        except PlanUnfit as fault:
            context.note(f"Head office's newest plan does not fit here: {fault}")
