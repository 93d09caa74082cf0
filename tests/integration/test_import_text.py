"""Whatever bytes come, the import answers; whatever text is sound, comes back as it was written."""

import csv
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from store.database import Database
from systems.intake.load import import_folder
from systems.intake.report import FilesRefused, ImportReport

CHECKED = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)


@CHECKED
@given(names=st.lists(TEXT.filter(str.strip), min_size=1, max_size=6))
def test_text_comes_back_as_it_was_written(database: Database, tmp_path: Path, names: list[str]) -> None:
    rows = [*names, "=cmd()", "\\.", "\\N", "NULL", '"', "a\r\nb", "'; DROP TABLE clients; --"]
    with (tmp_path / "clients.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["client_id", "name"])
        writer.writerows([f"C{number}", name] for number, name in enumerate(rows))
    import_folder(database, tmp_path)
    with database.begin() as connection:
        kept = {row.id: row.name for row in connection.execute(text("SELECT id, name FROM clients"))}
    assert [kept[f"C{number}"] for number in range(len(rows))] == [name.strip() for name in rows]


@CHECKED
@given(content=st.binary(max_size=60), tail=st.sampled_from([b"", b"\n", b"C1,Acme\n", b'C1,"Acme\n']))
def test_any_bytes_are_taken_or_refused_with_a_reason(
    database: Database, tmp_path: Path, content: bytes, tail: bytes
) -> None:
    (tmp_path / "clients.csv").write_bytes(b"client_id,name\n" + content + tail)
    report = import_or_refusal(database, tmp_path)
    assert report.total_faults == len(report.faults)
    if report.faults:
        assert all(counts.new == counts.changed == 0 for counts in report.tables.values())
    assert all(fault.sentence() and str(fault).isprintable() for fault in report.faults)


def import_or_refusal(database: Database, folder: Path) -> ImportReport:
    """The report of an import, whether it was done or refused. Any other error is a failure of the test."""
    try:
        return import_folder(database, folder, dry_run=True)
    except FilesRefused as refused:
        return refused.report
