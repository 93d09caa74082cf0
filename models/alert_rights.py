"""Who may triage an alert, see who it is about, and watch people by name. Pure: answers are refusals, or None."""

from models.errors import NotAllowed
from models.people import Employee, EmployeeStatus
from models.warning import AlertState
from models.warning_policy import Triage


def refusal_to_decide(
    person: Employee, subject: str, to: AlertState, asked: tuple[str, ...], triage: Triage
) -> NotAllowed | None:
    """Why a person may not decide about an alert on `subject`.

    Who holds the role of triage, or may see names, decides everything. Who was only asked because those were silent
    may dismiss: confirming is for the trained.
    """
    if person.id == subject:
        # The same words as for everybody without a role: the answer must not tell anybody that an alert is about them.
        return _no_role(person)
    if not _is_there(person):
        return _no_role(person)
    if _holds_a_role(person, triage) or (person.id in asked and to is AlertState.DISMISSED):
        return None
    return _no_role(person)


def refusal_to_reveal(person: Employee, subject: str, reason: str, triage: Triage) -> NotAllowed | None:
    """Why a person may not be told who an alert is about."""
    may = any(person.holds(role) for role in triage.may_reveal)
    if not may or person.id == subject or not _is_there(person):
        return NotAllowed(
            "{person} may not see who an alert is about: that needs one of the roles {roles}. "
            "The try is in the evidence.",
            person=person.id,
            roles=", ".join(triage.may_reveal),
        )
    if not reason.strip():
        return NotAllowed("say why you need the name: --reason is kept in the evidence", person=person.id)
    return None


def refusal_to_watch(person: Employee, subject: str, reason: str, triage: Triage) -> NotAllowed | None:
    """Why a person may not put another on the watchlist, or take them off."""
    if person.id == subject:
        return NotAllowed("nobody watches themself, and nobody takes themself off the watchlist", person=person.id)
    if not _holds_a_role(person, triage) or not _is_there(person):
        return _no_role(person)
    if not reason.strip():
        return NotAllowed("say why: --reason is kept in the evidence", person=person.id)
    return None


def _no_role(person: Employee) -> NotAllowed:
    return NotAllowed(
        "{person} may not do this: it needs an active person with a role that the policy names. Nothing was changed.",
        person=person.id,
    )


def _holds_a_role(person: Employee, triage: Triage) -> bool:
    return any(person.holds(role) for role in (triage.role, *triage.may_reveal))


def _is_there(person: Employee) -> bool:
    return person.status is EmployeeStatus.ACTIVE
