"""The page on roles in the guide is what the table says, in both languages."""

import pytest

from models.secrecy import Action, Field, Part
from reports.language import language
from reports.roles import ACTIONS, FIELDS, PAGES, PARTS, page


@pytest.mark.parametrize("tag", PAGES)
def test_the_page_is_made_from_the_table(tag: str) -> None:
    assert PAGES[tag].read_text(encoding="utf-8") == page(language(tag)), "run `python -m reports.roles`"


def test_every_part_field_and_action_has_its_words_in_both_languages() -> None:
    named = [*PARTS.values(), *FIELDS.values(), *ACTIONS.values()]
    assert (set(PARTS), set(FIELDS), set(ACTIONS)) == (set(Part), set(Field), set(Action))
    chinese = language("zh-CN")
    assert [name for name in named if chinese.text(name) == name] == []
