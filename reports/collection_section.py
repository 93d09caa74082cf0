"""The follow-up in the report: who collects what by when, which clients confirmed, which commission is held."""

from models.collection import BalanceConfirmation, ClearingPlan, CommissionHold, ConfirmationState, MilestoneState
from reports.blocks import Cell, Column, Row, Section, Table, Tone
from reports.collection_words import CONFIRMATIONS, MILESTONES
from reports.writer import Writer

_DATES: dict[MilestoneState, Tone] = {MilestoneState.MET: "good", MilestoneState.MISSED: "bad"}
_ANSWERS: dict[ConfirmationState, Tone] = {
    ConfirmationState.CONFIRMED: "good",
    ConfirmationState.DISPUTED: "bad",
    ConfirmationState.SILENT: "open",
}


def collection_section(writer: Writer) -> Section | None:
    """What happens to the money after the hand-over; None before, and where there is nothing to follow."""
    found = writer.report.collection
    if found is None:
        return None
    title = writer.text("Follow-up of the money")
    tables = [_plans(writer, found.plans)]
    if found.confirmations:
        tables.append(_letters(writer, found.confirmations))
    if found.holds:
        tables.append(_holds(writer, found.holds))
    said = writer.text(
        "Balance confirmations: {confirmed} of {asked} confirmed ({rate}).",
        confirmed=found.confirmed,
        asked=len(found.confirmations),
        rate=writer.language.percent(found.rate) if found.rate is not None else "–",
    )
    return Section("collection", title, text=(said,) if found.confirmations else (), tables=tuple(tables))


def _plans(writer: Writer, plans: tuple[ClearingPlan, ...]) -> Table:
    return Table(
        caption=writer.text("Who collects what, and by when"),
        columns=(
            Column(writer.text("Client"), 6),
            Column(writer.text("Collects"), 4),
            Column(writer.text("Owed at the audit"), 5, numeric=True),
            Column(writer.text("At most open, by day"), 8),
        ),
        rows=tuple(_plan(writer, each) for each in plans),
        empty=writer.text("Nothing is to be collected."),
    )


def _plan(writer: Writer, plan: ClearingPlan) -> Row:
    dates = [
        writer.text(
            "{amount} by {day}: {state}",
            amount=writer.money(each.at_most, each.currency),
            day=writer.local_day(each.due_at),
            state=writer.word(MILESTONES, each.state),
        )
        for each in plan.milestones
    ]
    missed = any(each.state is MilestoneState.MISSED for each in plan.milestones)
    tones = [_DATES.get(each.state, "") for each in plan.milestones[:1]]
    first, rest = (dates[0], tuple(dates[1:])) if dates else (writer.text("nothing to collect"), ())
    return Row(
        (
            Cell(writer.client(plan.client)),
            Cell(writer.person(plan.collector)),
            Cell(writer.money(plan.audited, plan.currency)),
            Cell(first, rest, tones[0] if tones else ""),
        ),
        flagged=missed,
    )


def _letters(writer: Writer, letters: tuple[BalanceConfirmation, ...]) -> Table:
    return Table(
        caption=writer.text("Balance confirmations"),
        columns=(
            Column(writer.text("Client"), 6),
            Column(writer.text("Amount"), 4, numeric=True),
            Column(writer.text("As of"), 4),
            Column(writer.text("State"), 5),
        ),
        rows=tuple(
            Row(
                (
                    Cell(writer.client(each.client)),
                    Cell(writer.money(each.amount, each.currency)),
                    Cell(writer.day(each.as_of)),
                    Cell(writer.word(CONFIRMATIONS, each.state), tone=_ANSWERS.get(each.state, "")),
                ),
                flagged=each.state is ConfirmationState.DISPUTED,
            )
            for each in letters
        ),
        empty=writer.text("No client is asked."),
    )


def _holds(writer: Writer, holds: tuple[CommissionHold, ...]) -> Table:
    return Table(
        caption=writer.text("Commission held until the client has paid"),
        columns=(
            Column(writer.text("Document"), 5),
            Column(writer.text("Client"), 6),
            Column(writer.text("Amount"), 4, numeric=True),
            Column(writer.text("State"), 5),
        ),
        rows=tuple(
            Row(
                (
                    Cell(each.document),
                    Cell(writer.client(each.client)),
                    Cell(writer.money(each.amount, each.currency)),
                    Cell(writer.text("Released"), tone="good") if each.released_at else Cell(writer.text("Held")),
                )
            )
            for each in holds
        ),
        empty=writer.text("No commission is held."),
    )
