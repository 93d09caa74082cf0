"""What cases have handed over: who owned it before, and whom the newest handover made its owner."""

from sqlalchemy import Subquery, Text, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from store.tables import effects


def handed_over(kind: str) -> Subquery:
    """One row a client (or deal) that a case moved and did not take back: `id`, `owner_id`, and `earlier` owners.

    `earlier` has every owner before one of these handovers: a source that missed two of them names the first owner.
    """
    target = effects.c.result["id"].astext
    undone = effects.alias("undone")
    newest = aggregate_order_by(effects.c.result["after"]["owner_id"].astext, effects.c.at.desc())
    return (
        select(
            target.label("id"),
            func.array_agg(newest, type_=ARRAY(Text))[1].label("owner_id"),
            func.array_agg(effects.c.before["owner_id"].astext, type_=ARRAY(Text)).label("earlier"),
        )
        .outerjoin(undone, undone.c.key == effects.c.case_id + literal(f"/undo/{kind}/") + target)
        .where(
            func.starts_with(effects.c.key, effects.c.case_id + literal(f"/transfer/{kind}/")),
            func.jsonb_typeof(effects.c.before) == "object",  # without one, the case changed nothing
            undone.c.key.is_(None),
        )
        .group_by(target)
        .subquery("handed_over")
    )
