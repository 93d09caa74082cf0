"""The mail with a code for signing in: there is nothing to click in it."""

from reports.language import Language
from reports.letters import Letter


def sign_in_letter(code: str, minutes: int, words: Language) -> Letter:
    """Put the code into words. It stands in the text alone: a subject is shown on locked screens."""
    return Letter(
        subject=words.text("Your code for signing in to Offboard"),
        lead=words.text("Your code is {code}.", code=code),
        rows=((words.text("Good for"), words.count("{n} minute", "{n} minutes", minutes)),),
        colon=words.text(": "),
        invitation="",
        link=None,
        notes=(
            words.text("Type it on the page that asked for it, and nowhere else. Nobody will ever ask you for it."),
            words.text("If you did not ask for it, somebody else typed your name. Nothing happens without the code."),
        ),
    )
