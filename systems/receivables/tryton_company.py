"""What a key may read in a Tryton, and of which company."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from models.errors import Unavailable
from models.reasons import Reason, because
from systems.receivables.answers import Fields, Misread
from systems.receivables.failures import NO_ANSWER, NOT_ALLOWED, not_allowed, which_company
from systems.receivables.port import SourceCheck
from systems.receivables.tryton_books import (
    INVOICE,
    LINE,
    LONGEST_CODE,
    Scope,
    bookings_asked,
    invoices_asked,
    lines_asked,
)
from systems.receivables.tryton_rest import SYSTEM, Question, TrytonRest, day, related

COMPANIES = Question("company.company", [], ("id", "party.name", "currency.code"))
DUNNING = "account.dunning"
PARTY = "party.party"
NOBODY = (["party.code", "in", []], ["id", "in", []])
NEEDED = (
    LINE, "account.move", "account.move.reconciliation", "account.account", "account.account.type", INVOICE,
    PARTY, "currency.currency",
)  # fmt: skip


class Company(NamedTuple):
    """Whose books are read."""

    id: int
    name: str
    currency: str


def company_of(rest: TrytonRest, wanted: str | None) -> Company:
    """The company with that name, or the only one. Raises `Unavailable` when it cannot be told which is meant."""
    found = [_company(row) for row in rest.rows(COMPANIES)]
    if not found:
        raise not_allowed(SYSTEM, COMPANIES.model)
    chosen = [company for company in found if wanted is None or company.name == wanted]
    if len(chosen) != 1:
        raise which_company(SYSTEM, len(found))
    return chosen[0]


def clients_since(rest: TrytonRest, company: int, since: date, as_of: date) -> list[str]:
    """Codes of everybody who was sent an invoice in these days."""
    domain: list[object] = [
        ["type", "=", "out"], ["company", "=", company], ["move", "!=", None],
        ["invoice_date", ">=", day(since)], ["invoice_date", "<=", day(as_of)],
    ]  # fmt: skip
    asked = Question(INVOICE, domain, ("id", "party.code"))
    return sorted({_code(row) for row in rest.rows(asked, company)})


def parties_of(rest: TrytonRest, company: int, codes: Sequence[str]) -> set[str]:
    """Those of some codes that are of a party. Raises Misread when one was not asked for."""
    found = set()
    for row in rest.rows(Question(PARTY, [["code", "in", list(codes)]], ("id", "code")), company):
        code = row.text("code", longest=LONGEST_CODE)
        if code not in codes:
            raise row.misread("code", "was not asked for")
        found.add(code)
    return found


def check(rest: TrytonRest, wanted: str | None, *, disputes: bool) -> SourceCheck:
    """Ask for one row of everything. Raises `Unavailable` when Tryton does not answer or knows no such key."""
    rest.ask(COMPANIES._replace(fields=("id",)))  # every key may read it: a key that may not is none
    models = (*NEEDED, *((DUNNING,) if disputes else ()))
    if broken := [reason for model in models if (reason := _look(rest, model))]:
        return SourceCheck((), broken=tuple(broken))
    company = company_of(rest, wanted)
    broken = _fields(rest, company, disputes=disputes)
    can = (
        because("the ledger of {company}, in {currency}", company=company.name, currency=company.currency),
        because("invoices with their payments"),
        because("by which instalments an invoice is due"),
        because("to which invoice a credit note belongs"),
        because("what was paid on account"),
    )
    return SourceCheck(() if broken else can, broken=tuple(broken))


def _look(rest: TrytonRest, model: str) -> Reason | None:
    try:
        rest.ask(Question(model, [], ("id",)))
    except Unavailable as failure:
        if failure.detail["reason"] == NOT_ALLOWED:
            return because("its user has no right to read {model}", model=model)
        if failure.detail["reason"] == NO_ANSWER and model == DUNNING:
            return because(
                "{model} fails there: install the module account_dunning, or add ?disputes=no to "
                "OFFBOARD_RECEIVABLES_URL",
                model=model,
            )
        raise
    return None


def _fields(rest: TrytonRest, company: Company, *, disputes: bool) -> list[Reason]:
    """Fields that may not be read, though their models may: the first one of each question."""
    today = Scope(company.id, company.currency, (), datetime.now(UTC).date())
    broken = []
    for question in (
        lines_asked(today, disputes=disputes, settled=True),
        bookings_asked(today),
        invoices_asked(today, ()),
    ):
        anybody = [clause for clause in question.domain if clause not in NOBODY]
        try:
            next(rest.rows(question._replace(domain=anybody), company.id, 1), None)
        except Unavailable as failure:
            if failure.detail["reason"] != NOT_ALLOWED:
                raise
            broken.append(because("its user has no right to read {model}", model=failure.detail["answer"]))
    return broken


def _company(row: Fields) -> Company:
    party, currency = related(row, "party"), related(row, "currency")
    if party is None or currency is None:
        raise Misread("is missing", "party", row.place)
    return Company(row.number("id"), party.text("name"), currency.currency("code"))


def _code(row: Fields) -> str:
    party = related(row, "party")
    if party is None:
        raise Misread("is missing", "party", row.place)
    return party.text("code")
