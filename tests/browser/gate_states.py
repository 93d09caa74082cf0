"""Every state that the page of a gate can be in: how it comes about, and what the page then says."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from models.approvals import Verdict
from models.risk_level import Level
from store import delegations, questions
from store.database import Database
from store.delegations import Delegation, DelegationKind
from store.links import Purpose
from tests.browser.departure import CASE, DUE, NOON, Departure

GATE = "sales_manager"
SUBSTITUTE = ("E106", "Sofia Lindqvist", "sales_manager", "E105", "en", "Asia/Shanghai")


@dataclass(frozen=True)
class Scene:
    """A page: its path, and the cookies of who opens it."""

    departure: Departure
    path: str
    cookies: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class GateState:
    """`make` brings the state about. The page answers with `status` and holds `english`, or `chinese`."""

    make: Callable[[Database], Scene]
    status: int
    english: str
    chinese: str
    asks: bool = False


def _open(database: Database) -> Scene:
    departure = Departure(database).build()
    return Scene(departure, f"/d/{departure.link()}")


def _signed_in(database: Database) -> Scene:
    departure = Departure(database, sign_in_from=Level.LOW).build()
    return Scene(departure, f"/g/{CASE}/{GATE}", departure.sign_in("E101"))


def _sign_in_needed(database: Database) -> Scene:
    departure = Departure(database, sign_in_from=Level.HIGH).build()
    return Scene(departure, f"/d/{departure.link()}")


def _changed(database: Database) -> Scene:
    departure = Departure(database).build()
    departure.change_report()
    departure.ask_again(GATE, "E101")
    return Scene(departure, f"/d/{departure.link(number=2)}")


def _for_another(database: Database) -> Scene:
    departure = Departure(database).build()
    departure.hire(*SUBSTITUTE)
    departure.ask_again(GATE, "E101", E101="E106")
    return Scene(departure, f"/d/{departure.link(approver='E106', number=2)}")


def _handed_over(database: Database) -> Scene:
    scene = _for_another(database)
    given = Delegation(
        kind=DelegationKind.HANDED_OVER, from_id="E101", to_id="E106", case_id=CASE, gate=GATE, starts_at=NOON,
        made_by="E101", made_at=NOON,
    )  # fmt: skip
    with database.begin() as connection:
        delegations.make(connection, given)
    return Scene(scene.departure, f"/d/{scene.departure.link(number=2)}")


def _asked(database: Database) -> Scene:
    scene = _open(database)
    with database.begin() as connection:
        for text in ("Who talks to Hengtong?", "<b>Is the laptop back?</b>"):
            asked = questions.ask(connection, case_id=CASE, gate=GATE, round=1, by="E101", text=text, at=NOON)
        questions.answer(connection, asked.id, by="E104", text="Yes, since Monday.", at=NOON + timedelta(minutes=5))
    return scene


def _quorum(database: Database) -> Departure:
    departure = Departure(database, needed=2).build()
    departure.ask_again(GATE, "E101", "E105", E105="E102")
    return departure


def _waiting(database: Database) -> Scene:
    departure = _quorum(database)
    departure.say(Verdict.APPROVED, "E101")
    return Scene(departure, f"/d/{departure.link(number=2)}")


def _one_has_approved(database: Database) -> Scene:
    departure = _quorum(database)
    departure.say(Verdict.APPROVED, "E105")
    return Scene(departure, f"/d/{departure.link(number=2)}")


def _taken_back(database: Database) -> Scene:
    departure = _quorum(database)
    departure.say(Verdict.APPROVED, "E101")
    departure.say(Verdict.TAKEN_BACK, "E101")
    return Scene(departure, f"/d/{departure.link(number=2)}")


def _own(verdict: Verdict, *, counted: bool = True) -> Callable[[Database], Scene]:
    def make(database: Database) -> Scene:
        scene = _open(database)
        scene.departure.say(verdict, "E101", counted=counted, note="" if verdict is Verdict.APPROVED else "逾期款未清")
        if counted:
            scene.departure.close(GATE, verdict, "E101")
        return scene

    return make


def _after(happens: Callable[[Departure], object], **link: str | int) -> Callable[[Database], Scene]:
    def make(database: Database) -> Scene:
        departure = Departure(database).build()
        path = f"/d/{departure.link(**link)}"
        happens(departure)
        return Scene(departure, path)

    return make


def _wrong_person(database: Database) -> Scene:
    departure = Departure(database).build()
    return Scene(departure, f"/d/{departure.link()}", departure.sign_in("E105"))


def _expired(database: Database) -> Scene:
    departure = Departure(database).build()
    return Scene(departure, f"/d/{departure.link(expires_at=NOON - timedelta(seconds=1))}")


def _follow(database: Database) -> Scene:
    departure = Departure(database).build()
    return Scene(departure, f"/d/{departure.link(approver='E104', purpose=Purpose.FOLLOW)}")


def _unknown(database: Database) -> Scene:
    return Scene(Departure(database).build(), "/d/cut-on-its-way")


def _late(departure: Departure) -> None:
    departure.clock.now = DUE + timedelta(microseconds=1)


STATES = {
    "open": GateState(_open, 200, "Approve", "同意", asks=True),
    "signed_in": GateState(_signed_in, 200, "Approve", "同意", asks=True),
    "sign_in_needed": GateState(_sign_in_needed, 200, "Sign in to decide", "登录后审批"),
    "changed": GateState(_changed, 200, "Changed: The score went from", "变更： ", asks=True),
    "for_another": GateState(_for_another, 200, "You answer for 李娜.", "您代李娜审批。", asks=True),
    "handed_over": GateState(_handed_over, 200, "You handed this over to Sofia", "转交给Sofia", asks=True),
    "asked": GateState(_asked, 200, "Answer by Priya Raman: Yes, since Monday.", "Priya Raman的答复：", asks=True),
    "one_has_approved": GateState(
        _one_has_approved, 200, "1 of 2 approvals are there.", "已有 1 人同意", asks=True
    ),
    "taken_back": GateState(_taken_back, 200, "You took your answer back", "撤回意见，可以重新审批", asks=True),
    "waiting": GateState(_waiting, 200, "Take my answer back", "撤回我的意见"),
    "approved": GateState(_own(Verdict.APPROVED), 200, "You approved this", "您已同意"),
    "declined": GateState(_own(Verdict.DECLINED), 200, "You declined this", "您已拒绝"),
    "own_sent_back": GateState(_own(Verdict.SENT_BACK), 200, "You sent this back", "您已退回此方案"),
    "stored": GateState(_own(Verdict.APPROVED, counted=False), 202, "Stored, not yet confirmed", "已保存，待确认"),
    "late": GateState(_after(_late), 410, "The time to decide is over", "审批时间已过"),
    "decided": GateState(
        _after(lambda departure: departure.close(GATE, Verdict.APPROVED, "E105")),
        409, "This has been decided already", "该事项已有审批结果",
    ),
    "plan_changed": GateState(
        _after(lambda departure: (departure.change_report(), departure.ask_again(GATE, "E101"))),
        409, "The report has changed since this link was sent", "此链接发出后报告已变更",
    ),
    "sent_back": GateState(
        _after(lambda departure: departure.close("finance", Verdict.SENT_BACK, "E102")),
        409, "The plan was sent back", "方案已被退回",
    ),
    "passed_on": GateState(
        _after(lambda departure: departure.escalate(GATE, "E105")), 403, "Somebody else is asked now", "已转交他人"
    ),
    "ended": GateState(_after(Departure.end), 410, "This question is closed", "该事项已关闭"),
    "wrong_person": GateState(_wrong_person, 403, "This link is for 李娜", "此链接是发给李娜的"),
    "expired": GateState(_expired, 410, "This link has expired", "此链接已过期"),
    "unknown": GateState(_unknown, 404, "This link opens nothing", "链接"),
    "follow": GateState(_follow, 200, "How the approvals stand", "审批"),
}  # fmt: skip
