"""What an auditor asks of an approval besides what happened: in whose place, by which way, why these people.

An entry of the evidence holds it; these are the sentences that follow the first one where there is something to say.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from models.approvals import Ladder, Verdict, Via
from reports.terminal_words import Words

WAYS: dict[str, str] = {
    Via.LINK: "By the link of a message, without signing in.",
    Via.SESSION: "Signed in.",
    Via.COMMAND: "By the command.",
    Via.WEBHOOK: "By a signed web hook.",
}
RUNGS: dict[str, str] = {
    Ladder.ESCALATION: "Escalated: nobody before them could or did answer.",
    Ladder.FALLBACK: "The fallback approver: nobody else could or did answer.",
}
SUPERSEDED = "superseded"
ENDED_BEFORE: dict[str, str] = {
    Verdict.TIMED_OUT: "Nobody answered the request before in time.",
    SUPERSEDED: "This replaces the request before.",
}
IN_PLACE = "In the place of {person}."
VOTES = "Votes: {votes}."
ASKED = ("gate.opened", "gate.reseated")
SAID = ("decision.accepted", "decision.counted", "decision.refused", "vote.taken_back")
ENDS = ("gate.closed", "gate.sent_back")


def more(kind: str, body: Mapping[str, Any], words: Words) -> Iterator[str]:
    """The sentences to add to an entry; a body that somebody has tampered with may add none."""
    if kind in ASKED:
        ended = body.get("ended_rounds")
        ends = {str(end) for end in ended.values()} if isinstance(ended, dict) else set()
        told = [text for end, text in ENDED_BEFORE.items() if end in ends]
        yield from (words.text(text) for text in (RUNGS.get(str(body.get("found_as"))), *told) if text)
    if kind in SAID and isinstance(body.get("for"), str):
        yield words.text(IN_PLACE, person=words.person(body["for"]))
    if kind == "decision.accepted" and str(body.get("via")) in WAYS:
        yield words.text(WAYS[str(body["via"])])
    if kind in ENDS:
        votes = [each for each in _list(body.get("votes")) if isinstance(each, dict)]
        if len(votes) > 1 or any(each.get("by") != each.get("principal") for each in votes):
            told = [words.text("{verdict}: {person}", **_vote(each, words)) for each in votes]
            yield words.text(VOTES, votes=words.text("; ").join(told))


def seat(found: Mapping[str, Any], words: Words) -> str:
    """`A`, or `B for A` where B may answer in the place of A."""
    principal, delegate = (str(found.get(name) or "") for name in ("principal", "delegate"))
    return in_place(delegate or principal, principal, words)


def in_place(by: str, principal: str, words: Words) -> str:
    """`A`, or `B for A` where it is B in the place of A."""
    if by == principal:
        return words.person(by)
    return words.text("{person} for {principal}", person=words.person(by), principal=words.person(principal))


def _vote(found: Mapping[str, Any], words: Words) -> dict[str, str]:
    by, principal = str(found.get("by") or ""), str(found.get("principal") or "")
    return {"verdict": words.word(str(found.get("verdict"))), "person": in_place(by, principal, words)}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
