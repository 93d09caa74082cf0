"""What the mail about a high prediction says: a pseudonym, what it means, and what it does not."""

from datetime import date

from reports.language import Language
from reports.letters import Letter


def talk_letter(alias: str, day: date, words: Language) -> Letter:
    """Put the suggestion into words."""
    return Letter(
        subject=words.text("A talk may be worth it: {alias}", alias=alias),
        lead=words.text(
            "The scan of {day} sees signs that {alias} may be thinking of leaving. Please consider a talk.",
            alias=alias,
            day=words.day(day),
        ),
        rows=(
            (words.text("About"), words.text("{alias}, a pseudonym", alias=alias)),
            (words.text("Why"), words.text("To see the reasons: offboard scan explain {alias}", alias=alias)),
        ),
        colon=words.text(": "),
        invitation="",
        link=None,
        notes=(
            words.text("A prediction is often wrong. It has no consequence: no right, client or case was touched."),
            words.text("Please do not pass this on, and do not hold it against anybody."),
        ),
    )
