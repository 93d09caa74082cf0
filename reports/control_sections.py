"""Access, assets and duties, and how to check that this report is what it was."""

from models.access import AccessStep, ResultClass
from models.inventory import Asset
from reports.blocks import Cell, Column, Fact, Row, Section, Table, Tone
from reports.words import ACCESS_RESULTS, ACCESS_STATES, ASSETS, DUTIES, GRADES
from reports.writer import Writer

_RESULT_TONES: dict[ResultClass, Tone] = {
    ResultClass.OBSERVED: "good",
    ResultClass.ACKNOWLEDGED: "open",
    ResultClass.FAILED: "bad",
}


def access_section(writer: Writer) -> Section:
    """Every step of the lockdown with what was seen afterwards."""
    access, title = writer.report.access, writer.text("Access")
    if access is None:
        notice = writer.text("The state of the access rights is unknown. Take them as still active.")
        return Section("access", title, notice=notice)
    remaining = ""
    if access.remaining:
        remaining = writer.count("{n} right is still active.", "{n} rights are still active.", access.remaining)
    return Section(
        "access",
        title,
        notice=remaining,
        tables=(
            Table(
                caption=writer.text("Steps of the lockdown, in order"),
                columns=(
                    Column(writer.text("Grade"), 5),
                    Column(writer.text("Right"), 6),
                    Column(writer.text("Change"), 5),
                    Column(writer.text("Result"), 5),
                    Column(writer.text("When"), 6),
                ),
                rows=tuple(_step(writer, step) for step in access.steps),
                empty=writer.text("No right has been taken so far."),
            ),
        ),
    )


def inventory_section(writer: Writer) -> Section:
    """What the leaver still holds, and which duties need another person."""
    inventory, title = writer.report.inventory, writer.text("Assets and duties")
    if inventory is None:
        notice = writer.text("Assets and duties could not be read yet; they are unknown, not none.")
        return Section("inventory", title, notice=notice)
    assets = Table(
        caption=writer.text("Assets with the leaver"),
        columns=(
            Column(writer.text("Asset"), 4),
            Column(writer.text("Description"), 7),
            Column(writer.text("Replacement cost"), 4, numeric=True),
            Column(writer.text("State"), 3),
        ),
        rows=tuple(_asset(writer, asset) for asset in inventory.assets),
        empty=writer.text("The leaver holds no assets."),
    )
    duties = Table(
        caption=writer.text("Duties to hand on"),
        columns=(Column(writer.text("Duty"), 8), Column(writer.text("Number"), 2, numeric=True)),
        rows=tuple(
            Row((Cell(writer.word(DUTIES, kind)), Cell(writer.number(number))))
            for kind, number in inventory.duties.items()
        ),
        empty=writer.text("No duties to hand on."),
    )
    return Section("inventory", title, tables=(assets, duties))


def evidence_section(writer: Writer) -> Section:
    """Where the figures come from and the one command that checks them."""
    report = writer.report
    policy = writer.text("{name}, version {version}", name=report.policy.name, version=report.policy.version)
    check = f"offboard evidence verify {report.case.id}"
    return Section(
        "evidence",
        writer.text("Evidence and method"),
        text=(
            writer.text(
                "No decision about the person is made by a machine alone: people decide at every approval. "
                "The leaver may ask for an explanation of this report and for a review by a person."
            ),
            writer.text(
                "The total is the weighted mean of the domains, raised when one domain alone is high or critical. "
                "A domain that is unknown counts as 50 or its last known score, whichever is higher, never as 0."
            ),
        ),
        facts=(
            Fact(writer.text("Policy"), policy),
            Fact(writer.text("Figures as of"), writer.day(report.case.as_of)),
            Fact(writer.text("Made at"), writer.moment(report.made_at)),
            Fact(writer.text("Report digest (SHA-256)"), report.digest or writer.text("not sealed")),
            Fact(writer.text("Evidence entries"), writer.number(report.evidence.entries)),
            Fact(writer.text("Head of the evidence chain"), report.evidence.head),
            Fact(writer.text("How to verify"), check),
        ),
    )


def _step(writer: Writer, step: AccessStep) -> Row:
    before, after = (writer.word(ACCESS_STATES, state.value) for state in (step.before, step.after))
    return Row(
        (
            Cell(writer.word(GRADES, str(step.grade.value))),
            Cell(step.target, (step.entitlement_id,) if step.entitlement_id != step.target else ()),
            Cell(f"{before} → {after}"),
            Cell(writer.word(ACCESS_RESULTS, step.result.value), tone=_RESULT_TONES[step.result]),
            Cell(writer.moment(step.at)),
        ),
        flagged=step.result is ResultClass.FAILED,
    )


def _asset(writer: Writer, asset: Asset) -> Row:
    state = (
        Cell(writer.text("Returned"), tone="good") if asset.returned else Cell(writer.text("Still out"), tone="open")
    )
    return Row(
        (
            Cell(writer.word(ASSETS, asset.kind)),
            Cell(asset.description or "–"),
            Cell(writer.money(asset.value, asset.currency), tone="unknown" if asset.value is None else ""),
            state,
        ),
        flagged=not asset.returned,
    )
