"""The first third of page 1: verdict, score, deadline, money, open decisions, and why."""

from models.report import ReportApproval
from models.risk import DomainStatus
from models.risk_level import Level, level_of
from reports.blocks import Summary, Tile, Tone
from reports.charts import score_scale
from reports.words import DOMAINS, GATES, LEVELS, mark
from reports.writer import Writer

_OTHER_CURRENCIES = 2

_FINDINGS = {
    Level.LOW: mark("Low risk: nothing that was found stands against the handover"),
    Level.MEDIUM: mark("Medium risk: the handover can go on while the points below are settled"),
    Level.HIGH: mark("High risk: settle the points below before the handover goes on"),
    Level.CRITICAL: mark("Critical risk: act on the points below today, before anything is handed over"),
}

_LOW_WITH_POINTS = mark("Low risk in total; before the handover goes on look at: {domains}")

_ENDS = {
    "closed": mark("The departure is closed; at the end the risk was {level}"),
    "declined": mark("The plan was declined and nothing was handed over; the risk is {level}"),
    "withdrawn": mark("The departure was withdrawn and everything was given back; the risk was {level}"),
}


def open_approvals(writer: Writer) -> tuple[ReportApproval, ...]:
    """The approvals that nobody has decided, the next deadline first."""
    undecided = [approval for approval in writer.report.approvals if approval.verdict is None]
    return tuple(sorted(undecided, key=lambda each: (each.due_at is None, each.due_at, each.gate)))


def summary(writer: Writer) -> Summary:
    """What a decision maker has to know, in reading order."""
    report = writer.report
    return Summary(
        verdict=_verdict(writer),
        tone=report.level.value,
        tiles=(_score(writer), _deadline(writer), _money(writer), _decisions(writer)),
        why_title=writer.text("Why"),
        why=writer.because(report.reasons)
        or (writer.text("No single point raises the score; the domains below give the whole picture."),),
    )


def _verdict(writer: Writer) -> str:
    report = writer.report
    end = _ENDS.get(report.case.phase or "")
    finding = writer.text(end, level=writer.word(LEVELS, report.level.value)) if end else _finding(writer)
    state = _state(writer)
    blind = sum(domain.status is DomainStatus.NO_DATA for domain in report.domains)
    if blind:
        state += writer.count("; {n} domain has no data", "; {n} domains have no data", blind)
    return writer.text("{finding}; {state}.", finding=finding, state=state)


def _finding(writer: Writer) -> str:
    """What the level asks for. A low total must not talk over a domain that is not low."""
    report = writer.report
    raised = [
        writer.word(DOMAINS, domain.domain.value)
        for domain in report.domains
        if domain.score is not None and level_of(domain.score) is not Level.LOW
    ]
    if report.level is Level.LOW and raised:
        return writer.text(_LOW_WITH_POINTS, domains=writer.text(", ").join(raised))
    return writer.text(_FINDINGS[report.level])


def _state(writer: Writer) -> str:
    verdicts = [approval.verdict for approval in writer.report.approvals]
    if declined := verdicts.count("declined"):
        return writer.count("{n} approval is declined", "{n} approvals are declined", declined)
    if sent_back := verdicts.count("sent_back"):
        return writer.count(
            "{n} approval sends the plan back: a new one is to be made",
            "{n} approvals send the plan back: a new one is to be made",
            sent_back,
        )
    if silent := verdicts.count("timed_out"):
        return writer.count(
            "{n} approval got no answer in time, which is not an approval",
            "{n} approvals got no answer in time, which is not an approval",
            silent,
        )
    if waiting := verdicts.count(None):
        return writer.count("{n} approval is still open", "{n} approvals are still open", waiting)
    return writer.text("every approval is given") if verdicts else writer.text("no approval has been asked for yet")


def _score(writer: Writer) -> Tile:
    report = writer.report
    level = writer.word(LEVELS, report.level.value)
    notes = [writer.text("Scale 0–100: low to 33, medium 34–66, high 67–84, critical from 85")]
    if report.provisional:
        missing = len(report.unknowns)
        late = writer.count(
            "Provisional: {n} domain is still unknown", "Provisional: {n} domains are still unknown", missing
        )
        notes.insert(0, late)
    score = writer.text("{score} of 100 · {level}", score=writer.number(report.score), level=level)
    return Tile("score", writer.text("Risk score"), score, tuple(notes), report.level.value, score_scale(report.score))


def _deadline(writer: Writer) -> Tile:
    title, last_day = writer.text("Next deadline"), writer.day(writer.report.case.last_working_day)
    note = writer.text("Last working day: {day}", day=last_day)
    if writer.report.case.phase in _ENDS:
        return Tile("deadline", title, writer.text("None"), (writer.text("The case has ended."), note))
    dated = [approval for approval in open_approvals(writer) if approval.due_at is not None]
    if not dated or dated[0].due_at is None:
        return Tile("deadline", title, last_day, (writer.text("Last working day; no approval has a deadline now"),))
    gate = writer.word(GATES, dated[0].gate)
    return Tile(
        "deadline", title, writer.moment(dated[0].due_at), (writer.text("Approval: {gate}", gate=gate), note), "open"
    )


def _money(writer: Writer) -> Tile:
    title, money = writer.text("Money at risk"), writer.report.receivables
    if money is None and writer.unknown_part("receivables"):
        note = writer.text("The receivables could not be read yet. Unknown is not zero.")
        return Tile("money", title, writer.text("Unknown"), (note,), "unknown")
    if money is None:
        return Tile("money", title, writer.text("Nothing open"), (writer.text("No client owes anything."),), "good")
    notes = [
        writer.text(
            "of {total} receivable ({share})",
            total=writer.money(money.total, money.currency),
            share=writer.share(money.overdue, money.total),
        ),
        writer.text("Expected credit loss: {loss}", loss=writer.money(money.expected_credit_loss, money.currency)),
    ]
    for other in money.others[:_OTHER_CURRENCIES]:
        overdue = writer.money(other.overdue, other.currency)
        notes.append(writer.text("Beside it: {overdue} overdue", overdue=overdue))
    if more := len(money.others) - _OTHER_CURRENCIES:
        notes += [writer.count("and {n} more currency", "and {n} more currencies", more)] if more > 0 else []
    tone: Tone = "bad" if money.overdue > 0 else ""
    overdue = writer.text("{overdue} overdue", overdue=writer.money(money.overdue, money.currency))
    return Tile("money", title, overdue, tuple(notes), tone)


def _decisions(writer: Writer) -> Tile:
    title, waiting = writer.text("Decisions open"), open_approvals(writer)
    if not writer.report.approvals:
        return Tile("decisions", title, writer.text("None asked for yet"))
    if not waiting:
        return Tile("decisions", title, writer.text("None"), tone="good")
    notes = tuple(
        writer.text(
            "{gate}: {people}",
            gate=writer.word(GATES, approval.gate),
            people=writer.people(approval.waiting_on) or writer.text("asked after this version was made"),
        )
        for approval in waiting
    )
    return Tile("decisions", title, writer.number(len(waiting)), notes, "open")
