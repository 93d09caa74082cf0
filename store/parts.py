"""The part that a person has in a case, from our books."""

from sqlalchemy import Connection, select

from models.people import Employee
from models.secrecy import Part, parts_of
from store import gates, standing
from store.tables import cases, decisions


def of_person(connection: Connection, case_id: str, person: Employee) -> frozenset[Part]:
    """The parts of a person in a case; a case that does not exist is one in which everybody is `other`.

    Both take the same queries, so that the time of an answer does not tell the one from the other.
    """
    newest = gates.newest_of(connection, case_id)
    said = set(
        connection.execute(
            select(decisions.c.gate).where(decisions.c.case_id == case_id, decisions.c.by_id == person.id)
        ).scalars()
    )
    successors = standing.successors(connection, case_id)
    case = connection.execute(
        select(cases.c.employee_id, cases.c.requested_by, cases.c.plan["gates"].label("gates")).where(
            cases.c.id == case_id
        )
    ).one_or_none()
    if case is None:
        return frozenset({Part.OTHER})
    at_gates = said | {row.gate for row in newest if person.id in row.approvers}
    roles = {plan["role"] for plan in case.gates if plan["gate"] in at_gates}
    return parts_of(person, leaver=case.employee_id, starter=case.requested_by, asked=roles, successors=successors)
