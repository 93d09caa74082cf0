"""Everything that the hook can refuse, with a name, a status and words (RFC 9457). docs/approvers.md lists them."""

from dataclasses import dataclass
from enum import StrEnum

from models.approvals import Refusal
from reports.language import Language


class Problem(StrEnum):
    """Types of problem; the type URI is `<public address>/problems/<value>`."""

    LATE = "late"
    ALREADY_DECIDED = "already_decided"
    NOT_OPEN = "not_open"
    NOT_AN_APPROVER = "not_an_approver"
    SEPARATION_OF_DUTIES = "separation_of_duties"
    REPORT_CHANGED = "report_changed"
    PLAN_SENT_BACK = "plan_sent_back"
    NO_VOTE = "no_vote"
    SIGN_IN_NEEDED = "sign_in_needed"
    WRONG_PERSON = "wrong_person"
    EXPIRED = "expired"
    REASON_MISSING = "reason_missing"
    MALFORMED = "malformed"
    BAD_SIGNATURE = "bad_signature"
    CALL_REUSED = "call_reused"
    UNKNOWN_CASE = "unknown_case"
    UNKNOWN = "unknown"
    CROSS_SITE = "cross_site"
    TOO_LARGE = "too_large"
    TOO_MANY_REQUESTS = "too_many_requests"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    UNAVAILABLE = "unavailable"
    FAULT = "fault"


@dataclass(frozen=True)
class Words:
    """`status` of the answer; `title` and `detail` are msgids: what happened, what was kept, what to do."""

    status: int
    title: str
    detail: str


WORDS: dict[Problem, Words] = {
    Problem.LATE: Words(
        410,
        "The time to decide is over",
        "Nothing was recorded. Silence is no approval: somebody else is asked or the case waits, as the policy says.",
    ),
    Problem.ALREADY_DECIDED: Words(
        409, "This has been decided already", "The first decision counts and was kept. Nothing was changed now."
    ),
    Problem.NOT_OPEN: Words(
        410, "This question is closed", "The case no longer waits for this decision. You need not do anything."
    ),
    Problem.NOT_AN_APPROVER: Words(
        403,
        "Somebody else is asked now",
        "Nothing was recorded. The question was passed on, and only the person asked now can answer it.",
    ),
    Problem.SEPARATION_OF_DUTIES: Words(
        403,
        "You cannot decide in this case",
        "Nothing was recorded. Who leaves, who started the case and who takes over clients may not approve it.",
    ),
    Problem.REPORT_CHANGED: Words(
        409,
        "The report has changed since this link was sent",
        "Nothing was recorded. A decision counts only for the report that you saw: open the newest link that we sent.",
    ),
    Problem.PLAN_SENT_BACK: Words(
        409,
        "The plan was sent back",
        "Nothing was recorded. A new plan is being made; whoever is asked about it gets a new link.",
    ),
    Problem.NO_VOTE: Words(
        409, "There is nothing to take back", "Nothing was changed: no answer of yours counts here just now."
    ),
    Problem.SIGN_IN_NEEDED: Words(
        403,
        "Sign in to decide",
        "Nothing was recorded. At this level of risk a link alone is not enough: open it again and sign in there.",
    ),
    Problem.WRONG_PERSON: Words(
        403,
        "This link is for somebody else",
        "Nothing was recorded but this visit. Give the link to nobody; what waits for you is in your own inbox.",
    ),
    Problem.EXPIRED: Words(
        410,
        "This link has expired",
        "Nothing was recorded. Sign in to see what waits for you, or ask your HR partner how the case stands.",
    ),
    Problem.REASON_MISSING: Words(
        422,
        "A decline needs a reason",
        "Nothing was recorded. Write one sentence; to send a plan back needs one, too.",
    ),
    Problem.MALFORMED: Words(
        400,
        "We could not read this answer",
        "Nothing was recorded. Open the link in your message again and decide there.",
    ),
    Problem.BAD_SIGNATURE: Words(
        401,
        "This call is not signed by somebody we know",
        "Nothing was recorded. Check the secret, that the bytes are sent as they were signed, and the clock: five "
        "minutes are allowed.",
    ),
    Problem.CALL_REUSED: Words(
        409,
        "This id came with another body before",
        "Nothing was recorded. What came first stands: give every new call an id of its own.",
    ),
    Problem.UNKNOWN_CASE: Words(
        404, "There is no such case or gate", "Nothing was recorded. The events name the case and the gate that wait."
    ),
    Problem.UNKNOWN: Words(
        404,
        "This link opens nothing",
        "Copy the whole link from the newest message, or ask your HR partner for a new one.",
    ),
    Problem.CROSS_SITE: Words(
        403,
        "This answer came from another site",
        "Nothing was recorded. Open the link in your message and decide there.",
    ),
    Problem.TOO_LARGE: Words(
        413, "This answer is too long", "Nothing was recorded. Go back and shorten the note to 1,500 characters."
    ),
    Problem.TOO_MANY_REQUESTS: Words(
        429, "Too many wrong links", "Wait a minute, then open the link from your message. A right link still works."
    ),
    Problem.METHOD_NOT_ALLOWED: Words(405, "This address does not take that", "Nothing was recorded."),
    Problem.UNAVAILABLE: Words(
        503,
        "We cannot store anything just now",
        "Nothing was recorded. Try again in a minute with the same link; a second press never counts twice.",
    ),
    Problem.FAULT: Words(
        500,
        "Something broke on our side",
        "Open the link again to see whether a decision was recorded; a second press never counts twice.",
    ),
}

RETRY_AFTER = 60  # seconds


def of_refusal(refusal: Refusal) -> Problem:
    """The problem that stands for a refusal; both share their names."""
    return Problem(refusal.value)


def document(problem: Problem, words: Language, public_url: str, instance: str) -> dict[str, object]:
    """Body of an `application/problem+json` answer. `instance` must not hold a token."""
    facts = WORDS[problem]
    return {
        "type": f"{public_url}/problems/{problem.value}",
        "title": words.text(facts.title),
        "status": facts.status,
        "detail": words.text(facts.detail),
        "instance": instance,
        "reason": problem.value,
    }
