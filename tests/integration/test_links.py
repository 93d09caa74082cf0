"""Signed links: who made them, what they stand for, and that nothing else opens."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer
from sqlalchemy import Connection, event, select

from activities.approvals import ApprovalActivities
from models.errors import LinkExpired, LinkInvalid
from store import gates
from store.database import Database
from store.links import LONGEST_TOKEN, Purpose, make_link, open_link
from store.tables import links
from tests.approval_case import CASE, DUE, OPENED, Collecting, opening, start_case

SECRET = "a secret of this test"
EXPIRES = DUE + timedelta(days=60)


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """A transaction in a case whose finance gate is open."""
    start_case(database)
    ApprovalActivities(database, Collecting(), "another secret", "http://127.0.0.1").open_gates(opening("finance"))
    with database.begin() as opened:
        yield opened


def token_for(connection: Connection, purpose: Purpose = Purpose.DECIDE, person: str = "F1") -> str:
    return make_link(connection, SECRET, CASE, "finance", 1, person, purpose, EXPIRES, OPENED)


def test_a_link_opens_to_what_it_was_made_for(connection: Connection) -> None:
    link = open_link(connection, SECRET, token_for(connection), at=DUE)
    assert (link.case_id, link.gate, link.round, link.approver_id) == (CASE, "finance", 1, "F1")
    assert (link.purpose, link.expires_at) == (Purpose.DECIDE, EXPIRES)


def test_a_retry_makes_the_same_link_and_no_second_row(connection: Connection) -> None:
    before = len(connection.execute(select(links)).all())
    assert token_for(connection) == token_for(connection)
    assert len(connection.execute(select(links)).all()) == before + 1


def test_every_person_and_purpose_has_a_link_of_its_own(connection: Connection) -> None:
    made = {token_for(connection), token_for(connection, Purpose.FOLLOW), token_for(connection, person="D1")}
    assert len(made) == 3


def test_only_the_hash_of_a_token_is_kept(connection: Connection) -> None:
    token = token_for(connection)
    rows = connection.execute(select(links)).mappings().all()
    assert hashlib.sha256(token.encode()).hexdigest() in {row["token_hash"] for row in rows}
    assert all(token not in str(value) for row in rows for value in row.values())


def test_a_link_opens_after_the_deadline_until_it_expires(connection: Connection) -> None:
    token = token_for(connection)
    assert open_link(connection, SECRET, token, at=DUE + timedelta(days=30)).gate == "finance"
    assert open_link(connection, SECRET, token, at=EXPIRES).gate == "finance"
    with pytest.raises(LinkExpired):
        open_link(connection, SECRET, token, at=EXPIRES + timedelta(microseconds=1))


def test_the_clock_of_the_database_is_the_default(connection: Connection) -> None:
    past = OPENED.replace(year=2020)
    token = make_link(connection, SECRET, CASE, "finance", 1, "F1", Purpose.DECIDE, past, past)
    with pytest.raises(LinkExpired):
        open_link(connection, SECRET, token)


def test_forged_and_unknown_links_look_the_same(connection: Connection) -> None:
    genuine = token_for(connection)
    never_given = str(_signer(SECRET).dumps([CASE, "hr", 1, "F1", "decide"]))
    other_key = str(_signer("a guess").dumps([CASE, "finance", 1, "F1", "decide"]))
    messages = set()
    for token in (never_given, other_key, genuine + "x", genuine[:-1], "", "a.b", "x" * (LONGEST_TOKEN + 1), "链接"):
        with pytest.raises(LinkInvalid) as refused:
            open_link(connection, SECRET, token, at=DUE)
        messages.add(str(refused.value))
    assert len(messages) == 1


def test_a_token_without_our_signature_never_reaches_the_database(connection: Connection) -> None:
    asked: list[object] = []
    event.listen(connection, "before_cursor_execute", lambda *query: asked.append(query))
    bomb = base64.urlsafe_b64encode(b"[" * 900).decode().rstrip("=")
    for token in (f"{bomb}.{'A' * 43}", str(_signer("a guess").dumps([CASE, "finance", 1, "F1", "decide"]))):
        with pytest.raises(LinkInvalid):
            open_link(connection, SECRET, token, at=DUE)
    assert asked == []


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_token_changed_anywhere_is_refused(connection: Connection, data: st.DataObject) -> None:
    token = token_for(connection)
    place = data.draw(st.integers(0, len(token) - 1))
    sign = data.draw(st.characters(codec="ascii").filter(lambda sign: sign != token[place]))
    with pytest.raises(LinkInvalid):
        open_link(connection, SECRET, token[:place] + sign + token[place + 1 :], at=DUE)


def test_the_link_in_a_mail_is_the_link_of_the_round(database: Database) -> None:
    start_case(database)
    mailer = Collecting()
    ApprovalActivities(database, mailer, SECRET, "https://offboard.example/").open_gates(opening("finance"))
    body = str(mailer.to("F1")[0].get_body(("plain",)).get_content())  # type: ignore[union-attr]
    address = next(word for word in body.split() if word.startswith("https://offboard.example/d/"))
    with database.begin() as connection:
        link = open_link(connection, SECRET, address.rpartition("/")[2], at=DUE)
        row = gates.current(connection, CASE, "finance")
    assert row is not None
    assert (link.gate, link.round, link.approver_id) == (row.gate, row.round, row.approvers[0])


def _signer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="offboard.link", signer_kwargs={"digest_method": hashlib.sha256})
