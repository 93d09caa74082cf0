"""When clients pay, on a public ledger that came in through our import: learned from what was known on one day."""

import csv
import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, Protocol

import psycopg2
import pytest
from sqlalchemy import insert, update
from typer.testing import CliRunner

from early_warning import host, late_payment_learning, late_payment_registry, registry
from early_warning.late_payment import forecast
from embedded.postgres import Postgres
from models.errors import ModelRefused, UnknownEmployee
from models.open_items import SettledItem
from models.payment_forecast import ForecastMethod, PaymentForecast
from models.payment_model import PaymentEvaluation
from services import late_payment
from starter_cli import app
from store import tables
from store.database import Database
from systems.intake.load import import_folder
from systems.intake.report import FilesRefused
from systems.receivables.postgres import PostgresReceivables
from tests.late_payers import still_open

MAPPING = Path(__file__).parents[2] / "docs" / "examples" / "ledger_export.toml"
CLEAN = "WA_Fn-UseC_-Accounts-Receivable.csv"
DIRTY = "WA_Fn-UseC_-Accounts-Receivable_with_missing.csv"
SPLIT, END = date(2013, 7, 1), date(2014, 1, 31)
SNAPSHOTS = [date(2013, month, 1) for month in (7, 8, 9, 10, 11)]
REGISTRY = tables.models_registry


class Ledger(NamedTuple):
    """The ledger in our tables, its history as of the end, and the model of the split with its measurement."""

    database: Database
    history: list[SettledItem]
    version: str
    document: bytes
    measured: PaymentEvaluation


@pytest.fixture(scope="module")
def folder(public_data: Path) -> Path:
    found = public_data / "ibm_late_payment"
    if not (found / CLEAN).is_file() or not (found / DIRTY).is_file():
        pytest.skip(f"the public ledger is not at {found}")
    return found


@pytest.fixture(scope="module")
def ledger(postgres: Postgres, migrated_template: str, folder: Path) -> Iterator[Ledger]:
    server = psycopg2.connect(postgres.url("postgres").replace("+psycopg2", ""))
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE late_payers TEMPLATE "{migrated_template}"')
    server.close()
    database = Database(postgres.url("late_payers"))
    import_folder(database, folder, MAPPING)
    with database.begin() as connection:
        connection.execute(insert(tables.employees).values(id="F1", source_key="F1", name="Finance"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(late_payment_learning, "split_on", lambda *_: SPLIT)
        outcome = late_payment.train_model(database, PostgresReceivables(database), END)
    assert outcome.version
    assert outcome.evaluation
    with database.begin() as connection:
        document = late_payment_registry.document_of(connection, outcome.version)
    yield Ledger(database, history_in(database), outcome.version, document, outcome.evaluation)
    host.close_all()
    database.close()


class Offboard(Protocol):
    """The command, run in this process: what it printed."""

    def __call__(self, *arguments: str, language: str = "en", code: int = 0) -> str: ...


@pytest.fixture
def offboard(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Offboard:
    monkeypatch.setenv("OFFBOARD_DATABASE_URL", ledger.database.url)
    monkeypatch.delenv("OFFBOARD_RECEIVABLES_URL", raising=False)

    def run(*arguments: str, language: str = "en", code: int = 0) -> str:
        monkeypatch.setenv("OFFBOARD_LANGUAGE", language)
        done = CliRunner().invoke(app, list(arguments))
        assert done.exit_code == code, done.output
        return done.stdout

    return run


def history_in(database: Database) -> list[SettledItem]:
    return list(PostgresReceivables(database).history(END, date(2011, 1, 1)))


# ---- how good it is ----


def test_it_ranks_later_invoices_better_than_the_past_late_rate(ledger: Ledger) -> None:
    """Learned from what was known before July 2013, measured on the 536 invoices issued from then on."""
    found = ledger.measured
    assert (found.rows, found.late, found.very_late.late) == (536, 151, 46)
    assert found.past_rate_roc_auc == pytest.approx(0.850, abs=0.002), "the figure that others reach as well"
    assert found.roc_auc.value > found.past_rate_roc_auc
    assert found.roc_auc.value >= 0.86
    assert found.very_late.roc_auc is not None
    assert found.very_late.past_rate_roc_auc is not None
    assert found.very_late.roc_auc >= 0.86
    assert found.very_late.roc_auc > found.very_late.past_rate_roc_auc
    assert found.very_late.pr_auc is not None
    assert found.very_late.pr_auc >= 0.45


def test_its_chances_are_true_and_truer_than_the_rate(ledger: Ledger) -> None:
    found = ledger.measured
    assert found.brier.value < 0.137 < found.past_rate_brier
    assert found.ece.value < 0.05, "with 536 invoices even a perfect model shows .03 to .05"
    predicted = sum(row.rows * row.predicted for row in found.reliability) / found.rows
    assert predicted == pytest.approx(found.late / found.rows, abs=0.02)
    low, high = found.reliability[:3], found.reliability[-3:]
    assert all(row.observed < 0.1 for row in low)
    assert all(row.observed > 0.4 for row in high)


class Came(NamedTuple):
    """What became of the open items of five days: expected and true cash within 30 days, money x days late, and the
    part of the latter that the ten clients to call first stand for, of what the ten best would."""

    cash: float
    money_days: float
    first_ten: float


def came(ledger: Ledger, order: Callable[[PaymentForecast], list[str]], document: bytes | None) -> Came:
    cash = true_cash = late = true_late = caught = best = 0.0
    for day in SNAPSHOTS:
        known = [each for each in ledger.history if each.issued_on <= day]
        left = [each for each in known if each.settled_on is None or each.settled_on > day]
        found = forecast(still_open(known, day), known, day, document)
        waited: dict[str, float] = {}
        for each in left:
            assert each.settled_on is not None
            days = max(0, (each.settled_on - each.due_on).days)
            waited[each.client_id] = waited.get(each.client_id, 0.0) + float(each.amount) * days
            true_cash += float(each.amount) * (each.settled_on <= day + timedelta(days=30))
        cash += float(found.totals[0].cash_30)
        late += float(sum((each.money_days for each in found.clients), Decimal(0)))
        true_late += sum(waited.values())
        caught += sum(waited[client] for client in order(found)[:10])
        best += sum(sorted(waited.values())[-10:])
    return Came(cash / true_cash, late / true_late, caught / best)


def test_cash_days_and_the_order_of_work_come_true(ledger: Ledger) -> None:
    def to_call(found: PaymentForecast) -> list[str]:
        return [each.client for each in found.order_of_work("USD")]

    def largest(found: PaymentForecast) -> list[str]:
        return [each.client for each in sorted(found.clients, key=lambda each: (-each.open, each.client))]

    ours, rate = came(ledger, to_call, ledger.document), came(ledger, to_call, None)
    by_balance = came(ledger, largest, None)
    assert ours.cash == pytest.approx(1.0, abs=0.03)
    assert rate.cash == pytest.approx(1.0, abs=0.08)
    assert ours.money_days == pytest.approx(1.0, abs=0.12)
    assert abs(ours.money_days - 1) < abs(rate.money_days - 1)
    assert ours.first_ten > 0.9
    assert ours.first_ten > by_balance.first_ten + 0.1


# ---- train, look, promote, forecast ----


def test_the_command_puts_a_model_to_use_and_tells_all_of_it(ledger: Ledger, offboard: Offboard) -> None:
    version = ledger.version
    assert version.startswith("late-payment-")
    assert in_use(ledger) is None, "nothing is forecast with it until it is promoted"
    with pytest.raises(UnknownEmployee):
        late_payment.promote_model(ledger.database, version, "nobody")
    assert f"{version}: makes no forecasts" in offboard("model", "card", "--kind", "late-payment")
    offboard("model", "promote", version, "--as", "F1")
    found = forecast(still_open(ledger.history, SPLIT), ledger.history, SPLIT, in_use(ledger))
    assert (found.method, found.model_version) == (ForecastMethod.MODEL, version)
    assert registered_champion(ledger) is None, "it never becomes the model that scores people"
    card = offboard("model", "card", version)
    assert f"{version}: makes the forecasts" in card
    assert "Promoted by Finance (F1)" in card
    assert f"{version}：用于预测" in offboard("model", "card", "--kind", "late-payment", language="zh")
    again = json.loads(offboard("model", "evaluate", version, "--as-of", str(END), "--json"))
    assert again == ledger.measured.model_dump(mode="json")
    assert "Measured on 536 invoices" in offboard("model", "evaluate", "--kind", "late-payment", "--as-of", str(END))


def test_what_is_too_little_trains_nothing_and_says_so_in_words(ledger: Ledger, offboard: Offboard) -> None:
    said = offboard("model", "train", "--kind", "late-payment", "--as-of", "2012-03-01")
    assert "insufficient history for a model" in said
    assert "历史数据不足以建立模型" in offboard(
        "model", "train", "--kind", "late-payment", "--as-of", "2012-03-01", language="zh"
    )
    with pytest.raises(ModelRefused, match="nothing can be measured on 0 invoices"):
        late_payment.evaluate_model(ledger.database, PostgresReceivables(ledger.database), ledger.version, SPLIT)


@pytest.mark.parametrize(
    "wrong", [("train", "--kind", "weather"), ("promote", "late-payment-1", "--as", "F1", "--anyway")]
)
def test_what_the_command_cannot_mean_is_misuse(offboard: Offboard, wrong: tuple[str, ...]) -> None:
    offboard("model", *wrong, code=2)


def test_a_model_that_is_no_better_is_not_promoted_and_a_damaged_one_not_used(ledger: Ledger) -> None:
    version = ledger.version
    worse = ledger.measured.model_copy(update={"past_rate_roc_auc": 0.99})
    try:
        change(ledger, version, card=card_with(ledger, version, worse))
        with pytest.raises(ModelRefused, match="no better than the client's past late rate"):
            late_payment.promote_model(ledger.database, version, "F1")
        change(ledger, version, card=card_with(ledger, version, ledger.measured))
        late_payment.promote_model(ledger.database, version, "F1")
        assert in_use(ledger) == ledger.document
        change(ledger, version, document=ledger.document[:-1])
        assert in_use(ledger) is None
        with pytest.raises(ModelRefused, match="SHA-256"):
            late_payment.promote_model(ledger.database, version, "F1")
    finally:
        change(ledger, version, document=ledger.document)


def card_with(ledger: Ledger, version: str, measured: PaymentEvaluation) -> dict[str, object]:
    card = late_payment.model_card(ledger.database, version)
    return card.model_copy(update={"evaluation": measured}).model_dump(mode="json")


def change(ledger: Ledger, version: str, **values: object) -> None:
    with ledger.database.begin() as connection:
        connection.execute(update(REGISTRY).where(REGISTRY.c.version == version).values(**values))


def in_use(ledger: Ledger) -> bytes | None:
    with ledger.database.begin() as connection:
        return late_payment_registry.promoted(connection)


def registered_champion(ledger: Ledger) -> str | None:
    with ledger.database.begin() as connection:
        return registry.champion(connection)


def test_without_invoices_nothing_is_trained_and_the_reason_is_said(database: Database) -> None:
    source = PostgresReceivables(database)
    outcome = late_payment.train_model(database, source, END)
    assert (outcome.version, outcome.invoices) == (None, 0)
    assert outcome.insufficient is not None
    assert "insufficient history for a model" in outcome.insufficient.code
    with pytest.raises(ModelRefused, match="no model was trained yet"):
        late_payment.model_card(database)


# ---- dirty input ----


def dirty_import(database: Database, folder: Path, rule: str) -> None:
    """The second file through the mapping of the first, with one line more for the invoices and the payments."""
    mapping = MAPPING.read_text(encoding="utf-8").replace(CLEAN, DIRTY)
    lines = [f"{line}\n{rule}" if line.startswith("table = ") else line for line in mapping.splitlines()]
    kept = "\n".join(lines).replace('skip_if_empty = ["SettledDate"] #', "#")
    file = folder / "mapping.toml"
    file.write_text(kept, encoding="utf-8")
    import_folder(database, folder, file)


def test_surplus_rows_without_a_kind_of_bill_are_left_out_by_the_mapping_that_says_so(
    database: Database, folder: Path, ledger: Ledger, tmp_path: Path
) -> None:
    """The second file is the first one with 120 made-up rows among its own, which lack what every true row has."""
    (tmp_path / DIRTY).write_bytes((folder / DIRTY).read_bytes())
    dirty_import(database, tmp_path, 'skip_if_empty = ["PaperlessBill", "SettledDate"]')
    assert history_in(database) == ledger.history


def test_a_row_without_a_due_date_and_an_invoice_told_twice_refuse_the_file_by_line(
    database: Database, folder: Path, tmp_path: Path
) -> None:
    with (folder / DIRTY).open(encoding="utf-8", newline="") as source:
        names, *rows = list(csv.reader(source))
    rows[4][names.index("DueDate")] = ""
    rows.append([*rows[10][:-1], "99"])
    rows[-1][names.index("InvoiceAmount")] = "1.00"
    with (tmp_path / DIRTY).open("w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([names, *rows])
    with pytest.raises(FilesRefused) as refused:
        dirty_import(database, tmp_path, "")
    said = [str(fault) for fault in refused.value.report.faults]
    assert any(f"{DIRTY}:6:" in each for each in said), said
    assert any(f"{DIRTY}:{len(rows) + 1}:" in each for each in said), said
    assert history_in(database) == []
