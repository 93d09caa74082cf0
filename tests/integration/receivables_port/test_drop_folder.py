"""The drop folder: half of a delivery is none, an old one is refused, and a bad row spoils the whole file."""

import hashlib
import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from models.errors import Unavailable
from models.reasons import because
from reports.language import language
from systems.receivables import answers, drop_rows
from systems.receivables.answers import NO_AMOUNT, NO_CURRENCY, NO_DAY, NO_TEXT
from systems.receivables.csv_folder import CsvFolder
from systems.receivables.drop import NOT_PARTS
from systems.receivables.failures import GARBLED, NO_ANSWER, NOT_ALLOWED
from tests.integration.receivables_port.business import Business
from tests.integration.receivables_port.deliveries import BALANCES, ITEMS, contents, deliver, table
from tests.integration.receivables_port.stories import LAST_DAY, before
from tests.integration.receivables_port.suite import whole

GOOD = ["C1", "A1", "", "invoice", "2026-10-01", "2026-10-31", "100.50", "60.50", "", "CNY"]


def business(amount: str = "100") -> Business:
    """One client with one invoice."""
    return Business().invoice("A1", "C1", amount, before(40), before(10))


def drop(folder: Path, day: date, amount: str = "100") -> Path:
    """A good delivery."""
    return deliver(folder, day, contents(business(amount), day))


def rows(folder: Path, *items: list[str], **files: bytes) -> CsvFolder:
    """A delivery of these open items."""
    made = {"open_items.csv": table(ITEMS, items), "balances.csv": table(BALANCES, []), **files}
    deliver(folder, LAST_DAY, made)
    return CsvFolder(folder, days=7)


def owed(folder: CsvFolder, as_of: date = LAST_DAY) -> Decimal:
    """What C1 owes."""
    with folder.snapshot(whole("C1"), as_of) as snapshot:
        return sum((item.outstanding for item in snapshot.items()), Decimal(0))


def failure(folder: CsvFolder, as_of: date = LAST_DAY) -> Unavailable:
    """The error that comes instead of figures."""
    with pytest.raises(Unavailable) as caught:
        owed(folder, as_of)
    assert caught.value.detail["system"] == "drop folder"
    return caught.value


def test_the_newest_complete_delivery_counts_and_says_its_day(tmp_path: Path) -> None:
    drop(tmp_path, before(3), "111")
    drop(tmp_path, before(2), "222")
    half = drop(tmp_path, before(1), "333")
    (half / "manifest.json").unlink()
    drop(tmp_path, LAST_DAY + timedelta(days=1), "444")
    (tmp_path / "20261124").mkdir()
    (tmp_path / "README").write_text("nothing")
    folder = CsvFolder(tmp_path, days=7)
    assert owed(folder) == 222
    with folder.snapshot(whole("C1"), LAST_DAY) as snapshot:
        assert snapshot.source.cannot == (because("what happened after the delivery of {day}", day=before(2)),)
    with folder.snapshot(whole("C1"), before(2)) as snapshot:
        assert snapshot.source.cannot == ()
    assert owed(folder, before(3)) == 111


def test_a_delivery_that_is_too_old_is_refused_with_its_day(tmp_path: Path) -> None:
    drop(tmp_path, before(8))
    assert owed(CsvFolder(tmp_path, days=8)) == 100
    stale = failure(CsvFolder(tmp_path, days=7))
    assert stale.detail["reason"] == NO_ANSWER
    assert before(8).isoformat() in str(stale)


def test_no_delivery_and_no_folder_do_not_answer(tmp_path: Path) -> None:
    assert failure(CsvFolder(tmp_path, days=7)).detail["reason"] == NO_ANSWER
    assert failure(CsvFolder(tmp_path / "gone", days=7)).detail["reason"] == NO_ANSWER
    drop(tmp_path, LAST_DAY)
    (tmp_path / LAST_DAY.isoformat() / "balances.csv").unlink()
    assert failure(CsvFolder(tmp_path, days=7)).detail["reason"] == NO_ANSWER


def test_files_that_may_not_be_read_are_not_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(tmp_path, LAST_DAY)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert failure(CsvFolder(tmp_path, days=7)).detail["reason"] == NOT_ALLOWED


def test_a_file_that_is_not_the_one_of_the_manifest_is_refused(tmp_path: Path) -> None:
    inside = drop(tmp_path, LAST_DAY)
    whole_file = (inside / "open_items.csv").read_bytes()
    for spoiled in (whole_file[:-9], whole_file + whole_file[-70:], whole_file.replace(b"100", b"900", 1)):
        (inside / "open_items.csv").write_bytes(spoiled)
        assert failure(CsvFolder(tmp_path, days=7)).detail["reason"] == GARBLED
    (inside / "open_items.csv").write_bytes(whole_file)
    assert owed(CsvFolder(tmp_path, days=7)) == 100


@pytest.mark.parametrize("count", [0, 2, 10**12])
def test_a_number_of_rows_that_disagrees_is_refused(tmp_path: Path, count: int) -> None:
    inside = drop(tmp_path, LAST_DAY)
    manifest = json.loads((inside / "manifest.json").read_text())
    manifest["files"]["open_items.csv"]["rows"] = count
    (inside / "manifest.json").write_text(json.dumps(manifest))
    assert failure(CsvFolder(tmp_path, days=7)).detail["reason"] == GARBLED


@pytest.mark.parametrize("text", ["", "{", "[]", '{"files": {}}', '{"encoding": "ebcdic", "files": {}}', "\0" * 70_000])
def test_a_manifest_that_is_none_is_refused_and_no_older_delivery_taken(tmp_path: Path, text: str) -> None:
    drop(tmp_path, before(1))
    inside = drop(tmp_path, LAST_DAY)
    (inside / "manifest.json").write_text(text)
    assert failure(CsvFolder(tmp_path, days=7)).detail["reason"] == GARBLED


@pytest.mark.parametrize(
    ("column", "cell", "what"),
    [
        ("client", " C1", NO_TEXT),
        ("client", "", NO_TEXT),
        ("document", "A" * 201, NO_TEXT),
        ("kind", "proforma", drop_rows.NO_KIND),
        ("issued_on", "01.10.2026", NO_DAY),
        ("issued_on", "2026-11-25", drop_rows.TOO_NEW),
        ("due_on", "2026-02-30", NO_DAY),
        ("amount", "1,000.00", NO_AMOUNT),
        ("amount", "=1+1", NO_AMOUNT),
        ("outstanding", "0.00", drop_rows.NOTHING_OPEN),
        ("outstanding", "NaN", NO_AMOUNT),
        ("outstanding", "12.34567", NO_AMOUNT),
        ("disputed", "60.51", drop_rows.NOT_DISPUTED),
        ("disputed", "-1", drop_rows.NOT_DISPUTED),
        ("currency", "RMB", NO_CURRENCY),
        ("currency", "cny", NO_CURRENCY),
    ],
)
def test_a_bad_row_is_named_with_file_line_and_reason_and_nothing_is_used(
    tmp_path: Path, column: str, cell: str, what: str
) -> None:
    bad = [cell if name == column else value for name, value in zip(ITEMS, GOOD, strict=True)]
    bad[1] = bad[1] if column == "document" else "A2"
    found = failure(rows(tmp_path, GOOD, bad))
    assert (found.detail["line"], found.detail["field"], found.detail["what"]) == ("3", column, what)
    assert found.detail["file"] == f"{LAST_DAY}/open_items.csv"
    assert found.detail["reason"] == GARBLED
    if len(cell) > 4:
        assert cell not in str(found), "what stands there may be a name"


def test_every_bad_row_is_named(tmp_path: Path) -> None:
    credit = ["C1", "N1", "", "credit_note", "2026-10-01", "", "-10", "10", "", "CNY"]
    short = GOOD[:-1]
    found = failure(rows(tmp_path, GOOD, GOOD, credit, short))
    assert found.detail["number"] == "3"
    assert (found.detail["line"], found.detail["what"]) == ("3", drop_rows.TWICE)
    assert found.detail["others"] == "4 outstanding, 5 "


def test_rows_of_other_clients_are_checked_and_never_told(tmp_path: Path) -> None:
    other = ["C2", "B1", *GOOD[2:]]
    assert owed(rows(tmp_path, GOOD, other)) == Decimal("60.50")
    other[-1] = "?"
    assert failure(rows(tmp_path, GOOD, other)).detail["line"] == "3"


@pytest.mark.parametrize("header", [ITEMS[:-1], [*ITEMS, "client"], [name.upper() for name in ITEMS]])
def test_a_header_that_lacks_a_column_is_refused(tmp_path: Path, header: list[str]) -> None:
    found = failure(rows(tmp_path, **{"open_items.csv": table(header, [])}))
    assert found.detail["reason"] == GARBLED
    assert "column" in str(found)


def test_columns_in_another_order_and_more_of_them_are_fine(tmp_path: Path) -> None:
    header, cells = [*reversed(ITEMS), "remark"], [*reversed(GOOD), "=cmd"]
    assert owed(rows(tmp_path, **{"open_items.csv": table(header, [cells])})) == Decimal("60.50")


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", b"\xef\xbb\xbf"), ("utf-8", b""), ("gb18030", b"")])
def test_chinese_in_both_encodings(tmp_path: Path, encoding: str, mark: bytes) -> None:
    item = ["客户一", "发票〇一𠮷", *GOOD[2:]]
    made = {"open_items.csv": table(ITEMS, [item]), "balances.csv": table(BALANCES, [["客户一", "CNY", "60.50"]])}
    deliver(tmp_path, LAST_DAY, made, encoding, mark)
    with CsvFolder(tmp_path, days=7).snapshot(whole("客户一"), LAST_DAY) as snapshot:
        assert [item.document for item in snapshot.items()] == ["发票〇一𠮷"]
        assert dict(snapshot.ledger()) == {("our-客户一", "CNY"): Decimal("60.50")}


def test_another_encoding_than_the_manifest_says_is_refused(tmp_path: Path) -> None:
    written = table(ITEMS, [["客户一", *GOOD[1:]]]).decode().encode("gb18030")
    inside = drop(tmp_path, LAST_DAY)
    (inside / "open_items.csv").write_bytes(written)
    manifest: dict[str, Any] = json.loads((inside / "manifest.json").read_text())
    manifest["files"]["open_items.csv"] = {"rows": 1, "sha256": hashlib.sha256(written).hexdigest()}
    (inside / "manifest.json").write_text(json.dumps(manifest))
    found = failure(CsvFolder(tmp_path, days=7))
    assert found.detail["reason"] == GARBLED
    assert "utf-8" in str(found)


def test_bad_rows_are_told_in_chinese_too(tmp_path: Path) -> None:
    found = failure(rows(tmp_path, [*GOOD[:-1], "RMB"]))
    assert "货币代码" in language("zh").error(found)
    chinese = language("zh").words
    of_rows = [
        text for name, text in vars(drop_rows).items() if name.isupper() and isinstance(text, str) and " " in text
    ]
    of_values = [
        text for name, text in vars(answers).items() if name.isupper() and isinstance(text, str) and " " in text
    ]
    sentences = [*of_rows, *of_values, NOT_PARTS]
    assert len(sentences) > 12
    assert [each for each in sentences if chinese.gettext(each) == each] == []
