"""Views of approvals: what waits, who answers for whom, questions, what a person chose."""

from collections.abc import Iterable
from typing import Any

from rich.text import Text

from reports.terminal_tables import Blocks, grid, minute
from reports.terminal_words import Words


def seat_words(seat: Any, words: Words) -> str:
    """Whose vote a seat is, and who may cast it as well: `A (M1), or B (M2) for them`."""
    whose = words.person(seat["principal"])
    if not seat["delegate"]:
        return whose
    return words.text("{person}, or {delegate} for them", person=whose, delegate=words.person(seat["delegate"]))


def seats_words(seats: Iterable[Any], words: Words) -> str:
    """Several seats in one cell."""
    return words.text("; ").join(seat_words(seat, words) for seat in seats)


def show_inbox(plain: Any, words: Words) -> Blocks:
    """What waits, three lines a question: names and addresses do not fit beside one another."""
    if not plain["waiting"]:
        return [Text(words.text("Nothing waits."))]
    blocks: Blocks = []
    for item in plain["waiting"]:
        head = words.text(
            "{gate}: {person} leaves, risk {level}, until {time} (UTC)",
            gate=words.word(item["gate"]), person=words.person(item["leaver_id"]),
            level=words.text(item["level"]), time=minute(item["due_at"]),
        )  # fmt: skip
        blocks += [Text(head, style="bold"), Text(f"  {_asked(item, words)}"), Text(f"  {item['url']}")]
    return blocks


def _asked(item: Any, words: Words) -> str:
    who = words.person(item["approver"])
    if item["for_id"]:
        who = words.text("{person} for {principal}", person=who, principal=words.person(item["for_id"]))
    asked = words.text("asked: {person}", person=who)
    if item["questions"]:
        asked += words.text("; ") + words.text("questions without an answer: {n}", n=item["questions"])
    return f"{asked}  {item['case_id']}"


def show_question(plain: Any, words: Words) -> Blocks:
    """A question that was asked or answered just now."""
    if plain["answer"] is not None:
        told = words.text("Answered; {person} is told.", person=words.person(plain["asked_by"]))
        return [Text(told)]
    return [
        Text(words.text("Asked. The deadline goes on; you can decide at any time.")),
        Text(words.text('The answer is given on the page, or by: offboard answer {question} "..." --as PERSON',
                        question=plain["id"])),
    ]  # fmt: skip


def show_questions(asked: Any, words: Words) -> Blocks:
    """The questions of a case."""
    blocks: Blocks = []
    for one in asked:
        said = words.text("{person} asks about {gate}: {text}", person=words.person(one["asked_by"]),
                          gate=words.word(one["gate"]), text=one["text"])  # fmt: skip
        blocks.append(Text(f"{minute(one['asked_at'])} {said}"))
        if one["answer"] is None:
            how = words.text("without an answer: offboard answer {question} TEXT --as PERSON", question=one["id"])
            blocks.append(Text(f"  {how}"))
        else:
            given = words.text("{person} answers: {text}", person=words.person(one["answered_by"]), text=one["answer"])
            blocks.append(Text(f"  {given}"))
    return blocks


def show_delegation(plain: Any, words: Words) -> Blocks:
    """What became of one delegation."""
    if plain["revoked_at"]:
        return [Text(words.text("Revoked: {what}", what=_sentence(plain, words)))]
    how = words.text("Take it back: offboard delegations --revoke {id} --as PERSON", id=plain["id"])
    return [Text(words.text("Recorded: {what}", what=_sentence(plain, words))), Text(how)]


def show_delegations(plain: Any, words: Words) -> Blocks:
    """Who answers in whose place, now and later."""
    if not plain["delegations"]:
        return [Text(words.text("Nobody answers in the place of somebody else."))]
    blocks: Blocks = []
    for one in plain["delegations"]:
        blocks += [Text(_sentence(one, words)), Text(f"  {one['id']}")]
    return blocks


SENTENCES = {
    "delegation": "{to} answers for {giver}, {start} to {end} (UTC)",
    "absence": "{giver} is away, {start} to {end} (UTC); others are asked",
    "handed_over": "{to} answers for {giver} at {gate} of {case}",
    "reassigned": "{to} is asked in place of {giver} at {gate} of {case}",
}


def _sentence(plain: Any, words: Words) -> str:
    return words.text(
        SENTENCES[plain["kind"]],
        to=words.person(plain["to_id"]),
        giver=words.person(plain["from_id"]),
        start=minute(plain["starts_at"]),
        end=minute(plain["ends_at"]),
        gate=words.word(plain["gate"] or ""),
        case=plain["case_id"] or "",
    )


def show_preferences(plain: Any, words: Words) -> Blocks:
    """How a person is reached."""
    table = grid(words, "person", "channel", "quiet hours", "one mail a day")
    hours = f"{plain['quiet_from'][:5]}-{plain['quiet_until'][:5]}" if plain["quiet_from"] else words.word("none")
    digest = words.word("yes" if plain["digest"] else "no")
    table.add_row(words.person(plain["employee_id"]), plain["channel"], hours, digest)
    return [table]
