"""Clients and open deals: what each is worth, why it is at risk, who is proposed to take it and why."""

from decimal import Decimal

from models.clients import ClientLine
from models.report import ReportClients, ReportTransfer
from reports.blocks import Cell, Column, Fact, Row, Section, Table, Tone
from reports.client_totals import Sums, overdue_by_client, owed_cell, totals_row
from reports.words import TRANSFER_STATUSES
from reports.writer import Writer


def clients_section(writer: Writer) -> Section:
    """Every client once, those without a successor first, then those at risk, then by value."""
    clients, title = writer.report.clients, writer.text("Clients")
    if clients is None:
        notice = writer.text("The clients could not be read yet, so their number and value are unknown, not zero.")
        return Section("clients", title, notice=notice)
    proposed = {transfer.client: transfer for transfer in clients.transfers}
    lines = sorted(clients.lines, key=lambda line: _rank(line, proposed.get(line.facts.client.id)))
    owed = overdue_by_client(writer)
    unassigned = sum(proposed[key].successor is None for key in proposed)
    return Section(
        "clients",
        title,
        notice=_unassigned(writer, clients, unassigned),
        facts=(*_facts(writer, clients), *_interim(writer, clients)),
        tables=(
            Table(
                caption=writer.text("Clients, without a successor first"),
                columns=_columns(writer),
                rows=tuple(_line(writer, line, proposed.get(line.facts.client.id), owed) for line in lines),
                empty=writer.text("The leaver has no clients."),
                totals=totals_row(writer, lines, owed) if lines else None,
            ),
        ),
        wide=True,
    )


def deals_section(writer: Writer) -> Section:
    """Every open deal with the person proposed for it, those without one first."""
    clients, title = writer.report.clients, writer.text("Open deals")
    if clients is None:
        return Section("deals", title, notice=writer.text("The deals could not be read yet; their number is unknown."))
    deals = sorted(clients.opportunity_transfers, key=lambda each: (each.successor is not None, each.opportunity or ""))
    stated = writer.count("{n} deal is open.", "{n} deals are open.", clients.open_opportunities)
    empty = writer.text("No proposal yet.") if clients.open_opportunities else writer.text("No deal is open.")
    return Section(
        "deals",
        title,
        text=(stated,),
        tables=(
            Table(
                caption=writer.text("Open deals, without a successor first"),
                columns=(
                    Column(writer.text("Deal"), 3),
                    Column(writer.text("Client"), 5),
                    Column(writer.text("Proposed owner"), 7),
                    Column(writer.text("Runner-up"), 3),
                    Column(writer.text("State"), 3),
                ),
                rows=tuple(_deal(writer, deal) for deal in deals),
                empty=empty,
            ),
        ),
        wide=True,
    )


def _rank(line: ClientLine, transfer: ReportTransfer | None) -> tuple[bool, bool, bool, str, Decimal, str]:
    client = line.facts.client
    assigned = transfer is not None and transfer.successor is not None
    value = client.annual_value
    return assigned, not line.at_risk, value is None, client.currency, -(value or Decimal(0)), client.id


def _unassigned(writer: Writer, clients: ReportClients, unassigned: int) -> str:
    if clients.lines and not clients.transfers:
        return writer.text("No successors are proposed yet: every client below still needs an owner.")
    if not unassigned:
        return ""
    return writer.count("{n} client has no successor yet.", "{n} clients have no successor yet.", unassigned)


def _facts(writer: Writer, clients: ReportClients) -> tuple[Fact, ...]:
    at_risk = writer.text("{n} of {all}", n=writer.number(clients.at_risk), all=writer.number(clients.count))
    return (
        Fact(writer.text("Clients"), writer.number(clients.count)),
        Fact(writer.text("Clients at risk"), at_risk, "bad" if clients.at_risk else ""),
        Fact(writer.text("Open deals"), writer.number(clients.open_opportunities)),
        Fact(writer.text("Deals won"), writer.number(clients.won)),
        Fact(writer.text("Deals lost"), writer.number(clients.lost)),
        Fact(writer.text("Value of deals won"), writer.money(clients.won_value, clients.won_currency)),
    )


def _interim(writer: Writer, clients: ReportClients) -> tuple[Fact, ...]:
    if clients.interim_owner is None:
        return ()
    return (Fact(writer.text("Interim owner of what has no successor"), writer.person(clients.interim_owner)),)


def _columns(writer: Writer) -> tuple[Column, ...]:
    return (
        Column(writer.text("Client"), 5),
        Column(writer.text("Annual value"), 4, numeric=True),
        Column(writer.text("Open deals"), 3, numeric=True),
        Column(writer.text("Last contact"), 4),
        Column(writer.text("Overdue"), 4, numeric=True),
        Column(writer.text("Why at risk"), 6),
        Column(writer.text("Proposed owner"), 7),
        Column(writer.text("Runner-up"), 3),
    )


def _line(writer: Writer, line: ClientLine, transfer: ReportTransfer | None, owed: dict[str, Sums] | None) -> Row:
    facts, client = line.facts, line.facts.client
    deals_value = (writer.money(facts.open_value, client.currency),) if facts.open_opportunities else ()
    risk = Cell(writer.text("At risk"), writer.because(line.reasons), "bad") if line.at_risk else Cell("–")
    return Row(
        (
            Cell(client.name, tuple(part for part in (client.id, client.segment) if part)),
            _amount(writer.money(client.annual_value, client.currency), client.annual_value is None),
            Cell(writer.number(facts.open_opportunities), deals_value),
            _last_touch(writer, line),
            owed_cell(writer, owed, client.id),
            risk,
            _owner(writer, transfer),
            Cell(writer.person(transfer.runner_up) if transfer and transfer.runner_up else "–"),
        ),
        flagged=transfer is None or transfer.successor is None,
    )


def _amount(text: str, unknown: bool) -> Cell:
    return Cell(text, tone="unknown" if unknown else "")


def _last_touch(writer: Writer, line: ClientLine) -> Cell:
    if not line.facts.touches_known:
        return Cell(writer.unknown, tone="unknown")
    if line.facts.last_touch is None:
        return Cell(writer.text("never recorded"))
    return Cell(writer.local_day(line.facts.last_touch))


def _owner(writer: Writer, transfer: ReportTransfer | None) -> Cell:
    if transfer is None:
        return Cell(writer.text("No proposal yet"), tone="open")
    if transfer.successor is None:
        return Cell(writer.text("No successor"), writer.because(transfer.reasons), "bad")
    status = writer.word(TRANSFER_STATUSES, transfer.status)
    fit = () if transfer.score is None else (writer.text("Fit {fit}", fit=writer.language.percent(transfer.score, 0)),)
    notes = (writer.text(" · ").join((status, *fit)), *writer.because(transfer.reasons))
    return Cell(writer.person(transfer.successor), notes)


def _deal(writer: Writer, deal: ReportTransfer) -> Row:
    state: Tone = "good" if deal.status == "completed" else "open"
    client = deal.client_name or (writer.client(deal.client) if deal.client else writer.text("without a client"))
    return Row(
        (
            Cell(deal.opportunity or "–"),
            Cell(client),
            _owner(writer, deal),
            Cell(writer.person(deal.runner_up) if deal.runner_up else "–"),
            Cell(writer.word(TRANSFER_STATUSES, deal.status), tone=state),
        ),
        flagged=deal.successor is None,
    )
