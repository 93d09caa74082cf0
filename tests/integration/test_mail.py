"""Mail systems: what every one of them promises, checked against a real SMTP server and a real folder."""

import mailbox
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiosmtpd import smtp as server_side
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from pydantic import SecretStr

from models.errors import Refused, Unavailable
from systems.mail.choose import mailer_for
from systems.mail.folder import FolderMailer
from systems.mail.port import Mailer
from systems.mail.smtp import SmtpMailer

SENDER = "Offboard <offboard@example.com>"


class Inbox:
    """What a real SMTP server does with mail: refuses an address, refuses a word, keeps the rest."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []

    async def handle_RCPT(  # noqa: N802  (the name that the server calls)
        self, server: server_side.SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        if address.startswith("nobody@"):
            return "550 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: server_side.SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        if b"Subject: forbidden" in content:
            return "554 not this one"
        self.received.append(message_from_bytes(content, policy=SMTP))
        return "250 OK"


@dataclass
class System:
    """One mail system with a way to look at what arrived."""

    mailer: Mailer
    arrived: Callable[[], list[EmailMessage]]
    broken: Mailer


@pytest.fixture
def smtp() -> Iterator[tuple[Inbox, int]]:
    """A real SMTP server on a free port."""
    inbox = Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield inbox, controller.port
    controller.stop()


@pytest.fixture(params=["smtp", "folder"])
def system(request: pytest.FixtureRequest, tmp_path: Path) -> System:
    """Every mail system in turn."""
    if request.param == "folder":
        return folder_system(tmp_path)
    inbox, port = request.getfixturevalue("smtp")
    return System(
        SmtpMailer(f"smtp://127.0.0.1:{port}", SENDER),
        lambda: inbox.received,
        SmtpMailer(f"smtp://127.0.0.1:{free_port()}", SENDER, timeout=2),
    )


def folder_system(place: Path) -> System:
    folder = place / "state" / "mail"

    def arrived() -> list[EmailMessage]:
        box = mailbox.Maildir(folder, factory=None)
        return [message_from_bytes(box.get_bytes(key), policy=SMTP) for key in box.keys()]  # noqa: SIM118

    occupied = place / "occupied"
    occupied.write_text("a file where the folder should be")
    return System(FolderMailer(folder, SENDER), arrived, FolderMailer(occupied, SENDER))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def letter(to: str = "wang@example.com", subject: str = "王伟离职：请审批") -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = "<1@example.com>"
    message.set_content("请在 18:00 之前同意或拒绝。\n" + "长" * 2000)
    message.add_alternative("<p>请在 18:00 之前同意或拒绝。</p>", subtype="html")
    return message


def test_a_chinese_letter_arrives_as_it_was_sent(system: System) -> None:
    system.mailer.send(letter())
    [arrived] = system.arrived()
    assert str(arrived["Subject"]) == "王伟离职：请审批"
    assert str(arrived["From"]) == SENDER
    assert str(arrived["Message-ID"]) == "<1@example.com>"
    bodies = [str(part.get_content()) for part in arrived.walk() if not part.is_multipart()]
    assert bodies[0].replace("\r\n", "\n") == "请在 18:00 之前同意或拒绝。\n" + "长" * 2000 + "\n"
    assert "<p>请在" in bodies[1]


def test_a_sender_that_is_there_stays(system: System) -> None:
    message = letter()
    message["From"] = "hr@example.com"
    system.mailer.send(message)
    assert str(system.arrived()[0]["From"]) == "hr@example.com"


def test_two_letters_are_two(system: System) -> None:
    system.mailer.send(letter())
    system.mailer.send(letter("li@example.com"))
    assert {str(arrived["To"]) for arrived in system.arrived()} == {"wang@example.com", "li@example.com"}


def test_a_broken_system_is_unavailable_and_says_that_nobody_fares_better(system: System) -> None:
    with pytest.raises(Unavailable, match="tried again") as failed:
        system.broken.send(letter())
    assert failed.value.detail["system"] == "mail"
    assert failed.value.detail["reason"] == "no_answer"
    assert not failed.value.non_retryable


@pytest.mark.parametrize(("to", "subject"), [("nobody@example.com", "hello"), ("wang@example.com", "forbidden")])
def test_a_refused_letter_is_unavailable_for_itself_alone(smtp: tuple[Inbox, int], to: str, subject: str) -> None:
    inbox, port = smtp
    mailer = SmtpMailer(f"smtp://127.0.0.1:{port}", SENDER)
    with pytest.raises(Unavailable) as failed:
        mailer.send(letter(to, subject))
    assert failed.value.detail["reason"] == "refused"
    assert to not in str(failed.value)
    assert inbox.received == []


def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(Unavailable):
            SmtpMailer(f"smtp://127.0.0.1:{silent.getsockname()[1]}", SENDER, timeout=0.5).send(letter())


@dataclass
class Guarded:
    """A server that wants a password and would take it unencrypted; `seen` is every password that reached it."""

    port: int
    inbox: Inbox
    seen: list[tuple[bytes, bytes]]


@pytest.fixture
def guarded() -> Iterator[Guarded]:
    """A real SMTP server whose password is p@ss/word."""
    seen: list[tuple[bytes, bytes]] = []

    def check(server: object, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
        seen.append((data.login, data.password))
        return AuthResult(success=data.password == b"p@ss/word", handled=False)

    inbox = Inbox()
    login = {"authenticator": check, "auth_required": True, "auth_require_tls": False}
    controller = Controller(inbox, "127.0.0.1", free_port(), **login)  # type: ignore[arg-type]
    controller.start()
    yield Guarded(controller.port, inbox, seen)
    controller.stop()


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # the server runs on this machine alone
def test_the_password_is_used(guarded: Guarded) -> None:
    SmtpMailer(f"smtp://offboard:p%40ss%2Fword@127.0.0.1:{guarded.port}", SENDER).send(letter())
    with pytest.raises(Unavailable):
        SmtpMailer(f"smtp://offboard:wrong@127.0.0.1:{guarded.port}", SENDER).send(letter())
    assert guarded.seen[0] == (b"offboard", b"p@ss/word")
    assert len(guarded.inbox.received) == 1


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_a_password_never_leaves_the_machine_unencrypted(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo  # a name from elsewhere that leads to the server of this test
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: resolve("127.0.0.1", *rest, **more))
    with pytest.raises(Unavailable):
        SmtpMailer(f"smtp://offboard:p%40ss%2Fword@mail.example.com:{guarded.port}", SENDER).send(letter())
    assert guarded.seen == []
    assert guarded.inbox.received == []


@pytest.mark.parametrize("url", ["", "mail.example.com", "http://mail.example.com", "smtp://", "smtp://host:port"])
def test_an_address_that_cannot_be_meant_is_refused_at_once(url: str) -> None:
    with pytest.raises(Refused, match="smtp://user:password@host:port"):
        SmtpMailer(url, SENDER)


def test_letters_in_the_folder_are_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    folder.mkdir(mode=0o755)
    FolderMailer(folder, SENDER).send(letter())
    [file] = (folder / "new").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("seen", [False, True])
def test_a_letter_that_lies_in_the_folder_already_is_not_put_there_again(tmp_path: Path, seen: bool) -> None:
    for part in ("tmp", "new", "cur"):
        (tmp_path / part).mkdir()
    (tmp_path / "tmp" / "half").touch()  # a worker died while it wrote
    FolderMailer(tmp_path, SENDER).send(letter())
    [file] = (tmp_path / "new").iterdir()
    if seen:
        file.rename(tmp_path / "cur" / f"{file.name}:2,S")
    FolderMailer(tmp_path, SENDER).send(letter())
    assert len(mailbox.Maildir(tmp_path, create=False)) == 1
    FolderMailer(tmp_path, SENDER).send(letter("li@example.com"))
    assert len(mailbox.Maildir(tmp_path, create=False)) == 2


def test_the_settings_choose_the_mail_system(tmp_path: Path) -> None:
    chosen = SimpleNamespace(home=tmp_path, smtp_url=None, mail_from=SENDER)
    assert isinstance(mailer_for(chosen), FolderMailer)
    mailer_for(chosen).send(letter())
    assert len(list((tmp_path / "mail" / "new").iterdir())) == 1
    chosen.smtp_url = SecretStr("smtps://mail.example.com")
    assert isinstance(mailer_for(chosen), SmtpMailer)


# ---- servers that refuse the way real ones do ----


class Grumpy(Inbox):
    """A real server in a mood: no such user, greylisting, closing down, or a line cut after the mail was taken."""

    def __init__(self, mood: str) -> None:
        super().__init__()
        self.mood = mood
        self.tries = 0

    async def handle_RCPT(  # noqa: N802  (the name that the server calls)
        self, server: server_side.SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        self.tries += 1
        refusals = {
            "unknown": "550 5.1.1 no such user here",
            "greylisted": "451 4.7.1 greylisted, come back in a minute" if self.tries == 1 else "",
            "closing": "421 4.3.2 service shutting down" if self.tries == 1 else "",
        }
        if refusal := refusals.get(self.mood):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: server_side.SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        if self.mood == "cut" and self.tries == 1:
            assert server.transport is not None
            server.transport.abort()
        if self.mood == "full":
            return "452 4.2.2 mailbox full"
        return answer


@pytest.fixture
def grumpy(request: pytest.FixtureRequest) -> Iterator[tuple[Grumpy, SmtpMailer]]:
    """A server in the mood that the test names, and the way to it."""
    server = Grumpy(request.param)
    controller = Controller(server, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield server, SmtpMailer(f"smtp://127.0.0.1:{controller.port}", SENDER, timeout=3)
    controller.stop()


@pytest.mark.parametrize(
    ("grumpy", "reason", "code"),
    [
        ("unknown", "refused", "550"),
        ("greylisted", "refused", "451"),
        ("full", "refused", "452"),
        ("closing", "no_answer", "421"),
        ("cut", "no_answer", "SMTPServerDisconnected"),
    ],
    indirect=["grumpy"],
)
def test_every_refusal_is_seen_and_says_what_the_server_said(
    grumpy: tuple[Grumpy, SmtpMailer], reason: str, code: str
) -> None:
    _, mailer = grumpy
    with pytest.raises(Unavailable) as failed:
        mailer.send(letter())
    assert failed.value.detail["reason"] == reason
    assert failed.value.detail["answer"] == code
    assert code in failed.value.message
    assert "wang@" not in failed.value.message


@pytest.mark.parametrize(("grumpy", "arrived"), [("greylisted", 1), ("closing", 1), ("cut", 2)], indirect=["grumpy"])
def test_a_second_try_arrives_and_a_copy_can_be_told_by_its_id(grumpy: tuple[Grumpy, SmtpMailer], arrived: int) -> None:
    server, mailer = grumpy
    with pytest.raises(Unavailable):
        mailer.send(letter())
    mailer.send(letter())
    assert [str(mail["Message-ID"]) for mail in server.received] == ["<1@example.com>"] * arrived
