"""When a client is at risk, and what the data does not say. Overdue money is judged with the receivables, not here."""

from collections.abc import Iterable
from datetime import UTC, date

from models.clients import ClientFacts, ClientLine
from models.policy import ClientRisk
from models.reasons import Reason, because


def assess_client(facts: ClientFacts, rules: ClientRisk, as_of: date) -> ClientLine:
    """Judge one client as of a day (features 4.6). Missing data is no risk: `gaps` names it once for the whole book."""
    reasons = tuple(_contacts(facts, rules)) + tuple(_renewal(facts, rules, as_of)) + tuple(_touch(facts, rules, as_of))
    return ClientLine(facts=facts, at_risk=bool(reasons), reasons=reasons)


def assess_book(clients: Iterable[ClientFacts], rules: ClientRisk, as_of: date) -> tuple[ClientLine, ...]:
    """One line a client: those at risk first, then by value, then by id, so that the urgent ones stand on top."""
    lines = [assess_client(facts, rules, as_of) for facts in clients]
    return tuple(sorted(lines, key=_urgency))


def gaps(clients: tuple[ClientFacts, ...], won_currencies: tuple[str, ...]) -> tuple[Reason, ...]:
    """What the book cannot say. `won_currencies` are those of won deals, the one that is added up first."""
    found: list[Reason] = []
    if any(facts.contacts is None for facts in clients):
        found.append(because("No contact persons are fed: clients with one known contact cannot be found."))
    if any(not facts.touches_known for facts in clients):
        found.append(because("No contact log is fed: clients that nobody has touched cannot be found."))
    for missing, code in (
        (
            sum(facts.client.renewal_on is None for facts in clients),
            "{missing} of {clients} clients have no renewal date.",
        ),
        (
            sum(facts.client.annual_value is None for facts in clients),
            "{missing} of {clients} clients have no annual value.",
        ),
    ):
        if missing:
            found.append(because(code, missing=missing, clients=len(clients)))
    if len(won_currencies) > 1:
        others = ", ".join(currency or "-" for currency in won_currencies[1:])
        found.append(
            because("Won deals in {currencies} are counted, but not added to the value won.", currencies=others)
        )
    return tuple(found)


def _urgency(line: ClientLine) -> tuple[bool, bool, object, str]:
    value = line.facts.client.annual_value
    return (not line.at_risk, value is None, -value if value is not None else 0, line.facts.client.id)


def _contacts(facts: ClientFacts, rules: ClientRisk) -> Iterable[Reason]:
    if facts.contacts is not None and facts.contacts < rules.min_contacts:
        yield because(
            "Known contact persons: {contacts}; there should be at least {minimum}.",
            contacts=facts.contacts,
            minimum=rules.min_contacts,
        )


def _renewal(facts: ClientFacts, rules: ClientRisk, as_of: date) -> Iterable[Reason]:
    renewal = facts.client.renewal_on
    if renewal is None:
        return
    days = (renewal - as_of).days
    if days < 0:
        yield because("The renewal was due on {day} and is not recorded.", day=renewal.isoformat())
    elif days <= rules.renewal_within_days:
        yield because("Renewal on {day}, in {days} days.", day=renewal.isoformat(), days=days)


def _touch(facts: ClientFacts, rules: ClientRisk, as_of: date) -> Iterable[Reason]:
    if not facts.touches_known:
        return
    if facts.last_touch is None:
        yield because("Nobody has recorded any contact with this client.")
        return
    last = facts.last_touch.astimezone(UTC).date()
    days = (as_of - last).days
    if days > rules.untouched_for_days:
        yield because("Last contact on {day}, {days} days ago.", day=last.isoformat(), days=days)
