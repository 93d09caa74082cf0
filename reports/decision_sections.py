"""What a decision rests on: the domains, what is missing, what changed, and the approvals."""

from models.report import ReportApproval, ReportVote
from models.risk import DomainScore, DomainStatus
from models.risk_level import level_of
from reports.blocks import Cell, Column, Row, Section, Table, Tone
from reports.words import DOMAIN_STATUSES, DOMAINS, GATES, LEVELS, VERDICTS
from reports.writer import Writer

_VERDICT_TONES: dict[str, Tone] = {"approved": "good", "declined": "bad", "sent_back": "bad", "timed_out": "bad"}


def domains_section(writer: Writer) -> Section:
    """Each domain with its score, whether it is known, and why."""
    return Section(
        "domains",
        writer.text("Risk by domain"),
        tables=(
            Table(
                caption=writer.text("Domains, scored 0–100"),
                columns=(
                    Column(writer.text("Domain"), 4),
                    Column(writer.text("Score"), 4),
                    Column(writer.text("State"), 3),
                    Column(writer.text("Reasons"), 9),
                ),
                rows=tuple(_domain(writer, domain) for domain in writer.report.domains),
                empty=writer.text("No domain is assessed."),
            ),
        ),
    )


def gaps_section(writer: Writer) -> Section:
    """What the figures do not hold. A gap is named, never counted as zero."""
    report, late = writer.report, [writer.word(DOMAINS, name) for name in writer.report.unknowns]
    notice = ""
    if late:
        notice = writer.text(
            "Still unknown: {domains}. The score is provisional; a new version follows when they are known.",
            domains=writer.listed(late),
        )
    points = writer.because(report.gaps)
    nothing = () if points or late else (writer.text("No gaps are known: every source answered."),)
    return Section("gaps", writer.text("Data gaps"), notice=notice, text=nothing, points=points)


def changes_section(writer: Writer) -> Section:
    """What is different from the version before."""
    report = writer.report
    points, title = writer.because(report.changes), writer.text("Changes since the last version")
    if points:
        return Section("changes", title, points=points)
    first = writer.text("This is the first version.")
    same = writer.text("Nothing that matters changed since version {n}.", n=report.version - 1)
    return Section("changes", title, text=(first if report.version == 1 else same,))


def approvals_section(writer: Writer) -> Section:
    """Who decided what and when, and what is still open."""
    approvals = writer.report.approvals
    waiting = sum(approval.verdict is None for approval in approvals)
    notice = ""
    if waiting:
        notice = writer.count(
            "{n} approval is open. Silence is never an approval.",
            "{n} approvals are open. Silence is never an approval.",
            waiting,
        )
    return Section(
        "approvals",
        writer.text("Approvals"),
        notice=notice,
        tables=(
            Table(
                caption=writer.text("Approvals with their decisions"),
                columns=(
                    Column(writer.text("Approval"), 4),
                    Column(writer.text("Decision"), 4),
                    Column(writer.text("By"), 4),
                    Column(writer.text("When"), 5),
                    Column(writer.text("Note"), 5),
                ),
                rows=tuple(_approval(writer, approval) for approval in approvals),
                empty=writer.text("No approval has been asked for in this version."),
            ),
        ),
    )


def _domain(writer: Writer, domain: DomainScore) -> Row:
    tone: Tone = "unknown" if domain.status is DomainStatus.UNKNOWN else ""
    return Row(
        (
            Cell(writer.word(DOMAINS, domain.domain.value)),
            _score(writer, domain),
            Cell(writer.word(DOMAIN_STATUSES, domain.status.value), tone=tone),
            _reasons(writer, domain),
        ),
        flagged=domain.status is DomainStatus.UNKNOWN,
    )


def _score(writer: Writer, domain: DomainScore) -> Cell:
    if domain.status is DomainStatus.UNKNOWN:
        stand_in = () if domain.score is None else (writer.text("counted as {n}", n=writer.number(domain.score)),)
        return Cell(writer.text("Unknown"), stand_in, "unknown")
    if domain.score is None:
        return Cell("–")
    level = level_of(domain.score)
    return Cell(f"{writer.number(domain.score)} · {writer.word(LEVELS, level.value)}", tone=level.value)


def _reasons(writer: Writer, domain: DomainScore) -> Cell:
    said = writer.because(domain.reasons)
    return Cell(said[0], said[1:]) if said else Cell("–")


def _approval(writer: Writer, approval: ReportApproval) -> Row:
    gate = Cell(writer.word(GATES, approval.gate), _round(writer, approval))
    if approval.verdict is None:
        return Row(
            (gate, Cell(writer.text("Open"), _count(writer, approval), "open"), *_waiting(writer, approval)),
            flagged=True,
        )
    late = (writer.text("late"),) if approval.late else ()
    verdict = writer.word(VERDICTS, approval.verdict)
    decision = Cell(verdict, (*late, *_count(writer, approval)), _VERDICT_TONES.get(approval.verdict, ""))
    decided = Cell(writer.moment(approval.at) if approval.at else "–")
    who = Cell(writer.person(approval.by) if approval.by else writer.text("nobody"), _votes(writer, approval))
    note = Cell(approval.note or "–", _carried_over(writer, approval))
    return Row((gate, decision, who, decided, note))


def _waiting(writer: Writer, approval: ReportApproval) -> tuple[Cell, ...]:
    asked = writer.people(approval.waiting_on)
    due = writer.text("until {moment}", moment=writer.moment(approval.due_at)) if approval.due_at else "–"
    later = writer.text("asked after this version was made")
    who = Cell(writer.text("Waiting for {people}", people=asked) if asked else later, _votes(writer, approval))
    return (who, Cell(due), Cell(approval.note or "–"))


def _count(writer: Writer, approval: ReportApproval) -> tuple[str, ...]:
    """How many of the approvals are there that the gate needs; nothing where one is enough."""
    given = sum(vote.verdict == "approved" for vote in approval.votes)
    return (writer.text("{n} of {needed} approvals", n=given, needed=approval.needed),) if approval.needed > 1 else ()


def _votes(writer: Writer, approval: ReportApproval) -> tuple[str, ...]:
    return tuple(_vote(writer, vote) for vote in approval.votes)


def _vote(writer: Writer, vote: ReportVote) -> str:
    facts = {
        "verdict": writer.word(VERDICTS, vote.verdict),
        "person": writer.person(vote.by),
        "moment": writer.moment(vote.at),
        "version": vote.version,
    }
    if vote.by == vote.principal:
        return writer.text("{verdict}: {person}, {moment}, for version {version}", **facts)
    absent = writer.person(vote.principal)
    return writer.text("{verdict}: {person} for {absent}, {moment}, for version {version}", absent=absent, **facts)


def _carried_over(writer: Writer, approval: ReportApproval) -> tuple[str, ...]:
    if approval.carried_over_from is None:
        return ()
    return (
        writer.text(
            "Decided on version {older}; version {version} changed nothing material.",
            older=approval.carried_over_from,
            version=writer.report.version,
        ),
    )


def _round(writer: Writer, approval: ReportApproval) -> tuple[str, ...]:
    return (writer.text("round {n}", n=approval.round),) if approval.round > 1 else ()
