"""A whole case whose receivables come from a real Tryton, which falls silent in the middle of the audit."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from models.case import Phase
from models.reasons import because
from models.report import CaseReport
from models.search_attributes import ALL
from services.explaining import opened
from store import reports
from store.database import Database
from systems.receivables.http import Patience
from systems.receivables.tryton import TrytonReceivables
from tests.integration.receivables_port.downstream import Downstream, Said
from tests.servers.environments import Unreachable
from tests.servers.tryton import Tryton
from tests.servers.tryton_fill import Ledger
from tests.workflow.conftest import TEST_SERVER
from tests.workflow.reading import activities_in
from tests.workflow.stage import CASE, Stage, TestServerStage, build_company

BUDGET = timedelta(seconds=61)
SHORT = Patience(timeout=1, tries=1, budget=2)
PASSED_ON = ("authorization", "range", "x-tryton-context", "accept-language")
LINES = "account.move.line"
ENDS: dict[str, tuple[Callable[[Tryton], None], Callable[[Tryton], None]]] = {
    "killed": (Tryton.kill, Tryton.start),
    "paused": (Tryton.pause, Tryton.resume),
}


def books() -> Ledger:
    """What the two clients of the leaver owe: by instalments, in two currencies, paid in part and too much."""
    ledger = Ledger("CNY").rates("USD", {date(2000, 1, 1): "0.14"})
    ledger.invoice("T1", "C001", "900.00", date(2024, 1, 10), due=((30, "0.5"), (60, "0.5")))
    ledger.paid("T1", "450.00", date(2024, 2, 8)).paid("T1", "100.01", date(2024, 3, 1))
    ledger.invoice("T2", "C001", "500.00", date(2024, 2, 1), currency="USD").disputed("T2")
    ledger.invoice("T3", "C002", "80.00", date(2024, 2, 2)).paid("T3", "100.00", date(2024, 2, 20))
    ledger.invoice("T4", "C002", "70.10", date(2024, 2, 3)).credited(
        "T4", "N4", date(2024, 2, 9), "20.10", how="applied"
    )
    return ledger.received("C002", "5.55", date(2024, 3, 3)).invoice("T5", "SOMEBODY-ELSE", "9999.00", date(2024, 2, 1))


@pytest.fixture(scope="module")
def erp() -> Iterator[Tryton]:
    """A Tryton with what the leaver's clients owe."""
    try:
        with Tryton(books().document()) as server:
            yield server
    except Unreachable as reason:
        pytest.skip(f"the packages of Tryton cannot be fetched from here: {reason}")


@pytest.fixture
async def stage(database: Database, tmp_path: Path) -> AsyncIterator[TestServerStage]:
    """The small company on a time-skipping server of its own; no worker runs yet."""
    build_company(database)
    environment = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(TEST_SERVER), data_converter=pydantic_data_converter
    )
    async with environment:
        attributes = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in ALL}
        await environment.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace="default", search_attributes=attributes)
        )
        yield TestServerStage(environment, database, tmp_path)


@contextmanager
def watched(stage: Stage, erp: Tryton) -> Iterator[Downstream]:
    """Tryton behind a server of ours that sees each question, so that something can happen between two of them."""

    def passed_on(path: str, headers: dict[str, str]) -> Said:
        try:
            asked = {name: headers[name] for name in PASSED_ON if name in headers}
            said = httpx.get(f"{erp.url}{path}", headers=asked, timeout=SHORT.timeout, trust_env=False)
        except httpx.HTTPError:
            return Said(reset=True)
        kept = {name: said.headers[name] for name in ("Content-Type", "Content-Range") if name in said.headers}
        return Said(said.content, said.status_code, kept)

    with Downstream(passed_on) as between:
        address = f"tryton+http://{urlsplit(between.url).netloc}/{erp.database}"
        change = {"receivables_url": SecretStr(address), "receivables_key": SecretStr(erp.key)}
        stage.settings = stage.settings.model_copy(update=change)
        yield between


@pytest.mark.parametrize("how", ENDS)
async def test_tryton_falls_silent_in_the_middle_of_an_audit_and_comes_back(
    stage: TestServerStage, erp: Tryton, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    end, come_back = ENDS[how]
    monkeypatch.setitem(TrytonReceivables.__init__.__kwdefaults__ or {}, "patience", SHORT)

    def silenced(number: int, path: str, good: Said) -> Said:
        if LINES in path and not ended:
            ended.append(path)
            end(erp)  # the first answer is out, the next question meets nobody
        return good

    ended: list[str] = []
    with watched(stage, erp) as between:
        between.fault = silenced
        async with stage.worker():
            await stage.start(policy=stage.policy(sales_manager="hold"))
            await stage.pass_time(BUDGET)
            asked = await stage.until_asked()
            first = report(stage, 1)
            assert ended
            assert (asked.provisional, asked.unknowns) == (True, ("receivables",))
            assert first.receivables is None
            (gap,) = [gap for gap in first.gaps if gap.code.startswith("{system} has not answered since")]
            assert gap.params["system"] == "Tryton"

            come_back(erp)
            await stage.pass_time(timedelta(minutes=2))
            again = await stage.until(lambda now: all(gate.round == 2 and gate.waiting_on for gate in now.gates))
            assert (again.report_version, again.provisional, again.unknowns) == (2, False, ())
            await stage.decide()
            await stage.until_phase(Phase.HANDING_OVER)
    second = report(stage, 2)
    assert because("Now known: {domain}.", domain="receivables") in second.changes
    assert not any(gap.params.get("system") == "Tryton" for gap in second.gaps)
    assert_equal_to_the_ledger(stage, second, erp)
    assert activities_in(await stage.history()).count("audit_receivables") == 1
    for kind in ("receivables.audited", "clients.reported", "successors.proposed"):
        assert stage.evidence(kind) == [kind], "nothing is done twice"
    assert [person for kind, person, _ in stage.told() if kind == "ask"] == ["M1", "M1"], "once for each version"


def report(stage: Stage, version: int) -> CaseReport:
    """A version of the report."""
    with stage.database.begin() as connection:
        return reports.load(connection, CASE, version)


def assert_equal_to_the_ledger(stage: Stage, told: CaseReport, erp: Tryton) -> None:
    """Every total is what Tryton's own client library reads from its ledger, and opens to items that add up to it."""
    found = told.receivables
    assert found is not None
    assert found.source is not None
    assert found.source.system == "Tryton"
    own = erp.balances(found.as_of.isoformat())["ledger"]
    owed = {client: sums for client, sums in own.items() if client in ("C001", "C002")}
    assert {each.currency: (each.total, each.reconciled) for each in found.currencies} == {
        currency: (sum(Decimal(sums.get(currency, "0")) for sums in owed.values()), True) for currency in ("CNY", "USD")
    }
    assert {each.currency: each.total for each in found.currencies} == {
        "CNY": Decimal("374.44"),
        "USD": Decimal("500.00"),
    }
    with stage.database.begin() as connection:
        assert opened(connection, told)
