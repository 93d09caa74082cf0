"""Import of a folder: read, check everything, then write everything or nothing, in one transaction."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Table, insert, text

from models.reasons import because
from store import loss_experience, nudges
from store.database import Database
from store.policies import load_warning_policy
from store.roll_up import Hours
from store.tables import imports
from systems.intake.checks import check_all
from systems.intake.columns import TemplateTable
from systems.intake.encoding import Bytes, scan
from systems.intake.facts import compare_facts, write_facts
from systems.intake.found import Found
from systems.intake.header import read_header
from systems.intake.mapping import read_mapping
from systems.intake.names import Names, Stages, assign_ids
from systems.intake.report import FaultLog, FilesRefused, ImportReport, TableCounts
from systems.intake.rows import Once, Rows
from systems.intake.shape import Shape, shape_of
from systems.intake.sources import Plan, Source, nearest, template_sources
from systems.intake.staging import analyse, create_stage, fill
from systems.intake.template import TEMPLATE
from systems.intake.writing import compare, write

Progress = Callable[[str, int], None]
PAST = frozenset({"clients", "invoices", "payments"})  # what loss rates of the past are made of


def import_folder(
    database: Database,
    folder: Path,
    mapping: Path | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    policy_dir: Path | None = None,
) -> ImportReport:
    """Bring the CSV files of a folder into our tables; the same files twice change nothing, and nothing is deleted.

    Without `mapping` the files follow our template (docs/data.md). `dry_run` checks and counts, and writes nothing.
    `progress` is called with a table and the rows read so far. `policy_dir` may hold an early-warning policy of the
    company's own, for its off hours. Raises FilesRefused (an ImportRefused) with the report when anything is wrong, and
    Unavailable when our database does not answer; in both cases nothing is written.
    """
    log = FaultLog()
    report = ImportReport(folder=str(folder), dry_run=dry_run)
    if mapping:
        plan = read_mapping(mapping, log)
        _refuse_faults(log, report)
    else:
        plan = _template_plan(folder, log)
    files = _Files(folder, plan, log)
    report = report.model_copy(update={"encodings": files.encodings()})
    _refuse_faults(log, report)
    off_hours = _off_hours(plan, policy_dir)
    with database.begin(patient=True) as connection:
        # Two imports at once would both find the same rows to be new.
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('import', 2))"))
        connection.execute(text("SET LOCAL work_mem = '64MB'"))
        stages = files.stage(connection, progress or _silent)
        read = {name: TableCounts(read=files.read[name]) for name in stages}
        _check(connection, plan, stages, log)
        _refuse_faults(log, report.model_copy(update={"tables": read}))
        counts = {}
        for name, stage in stages.items():
            counts[name] = _compare(connection, name, stage)
            if not dry_run and counts[name].new + counts[name].changed:
                _write(connection, name, stage, off_hours)
        report = report.model_copy(update={"tables": counts})
        if not dry_run:
            if any(counts[name].new + counts[name].changed for name in PAST & counts.keys()):
                loss_experience.forget(connection)
            nudges.put_where_somebody_left(connection, datetime.now(UTC))
            if (people := counts.get("employees")) and people.new + people.changed:
                nudges.put_where_nobody_is_asked(connection, "import", datetime.now(UTC))
            plain = {name: count.model_dump() for name, count in counts.items()}
            connection.execute(insert(imports).values(source=str(folder), counts=plain))
    return report


class _Files:
    """The files of the plan: found, scanned, bound to their headers, and then staged."""

    def __init__(self, folder: Path, plan: Plan, log: FaultLog) -> None:
        self._folder, self._plan, self._log = folder, plan, log
        self._scanned: dict[str, Bytes] = {}
        self._shapes: dict[int, Shape] = {}
        self.read: dict[str, int] = {}
        for source in plan.sources:
            self._bind(source)

    def encodings(self) -> dict[str, str]:
        """How each file was read, in words."""
        return {file: seen.label for file, seen in self._scanned.items()}

    def stage(self, connection: Connection, progress: Progress) -> Stages:
        """Create and fill the staging tables, in the order of writing."""
        return {
            table.name: self._stage(connection, table, sources, progress) for table, sources in self._plan.by_table()
        }

    def _bind(self, source: Source) -> None:
        path = self._folder / source.file
        if not path.is_file():
            names = [entry.name for entry in self._folder.glob("*")]
            reason = nearest(source.file, names, "is not in the folder", "is not in the folder; did you mean {hint}?")
            self._log.add(source.file, 0, "", reason)
            return
        if source.file not in self._scanned:
            try:
                self._scanned[source.file] = scan(path)
            except OSError:
                self._log.add(source.file, 0, "", because("cannot be read"))
                return
        seen = self._scanned[source.file]
        header = read_header(source, path, seen, self._log)
        if header is not None:
            self._shapes[source.number] = shape_of(source, header, dirty=seen.dirty)

    def _stage(
        self, connection: Connection, table: TemplateTable, sources: tuple[Source, ...], progress: Progress
    ) -> Table:
        targets = {target for source in sources for target in self._shapes[source.number].targets}
        targets |= {origin.column.target for source in sources for origin in source.origins if origin.same_as}
        if table.name == "employees" and self._plan.roles:
            targets.add("extra_roles")
        stage = create_stage(connection, table.name, targets)
        once: Once = {}
        before = 0
        for source in sources:
            shape, seen = self._shapes[source.number], self._scanned[source.file]
            rows = Rows(source, self._folder / source.file, seen, shape, once, self._log)
            report = partial(_add_up, progress, table.name, before)
            before += fill(connection, stage, source.number, shape.targets, rows, report)
        self.read[table.name] = before
        if table.by_name and not all(source.gives_id for source in sources):
            assign_ids(connection, table, stage)
        analyse(connection, stage)
        return stage


def _check(connection: Connection, plan: Plan, stages: Stages, log: FaultLog) -> None:
    found = Found(connection, plan.sources, log)
    names = Names(connection, stages, found, log)
    for source in plan.sources:
        names.resolve(source)
    for _table, sources in plan.by_table():
        for source in sources:
            names.copy_same(source)
    names.give_roles(plan)
    check_all(connection, stages, found)


def _compare(connection: Connection, name: str, stage: Table) -> TableCounts:
    return compare_facts(connection, stage) if TEMPLATE[name].facts else compare(connection, name, stage)


def _off_hours(plan: Plan, policy_dir: Path | None) -> Hours:
    """Read before the files are, as a wrong policy must show at once; where no events come in, it is not in the way."""
    events = any(source.table.facts for source in plan.sources)
    return load_warning_policy(folder=policy_dir if events else None).after_hours


def _write(connection: Connection, name: str, stage: Table, off_hours: Hours) -> None:
    if TEMPLATE[name].facts:
        write_facts(connection, stage, off_hours)
    else:
        write(connection, name, stage)


def _template_plan(folder: Path, log: FaultLog) -> Plan:
    """The plan for files of our template. A CSV file with another name is a fault: it would be left out in silence."""
    present = sorted(path.name for path in folder.glob("*.csv"))
    known = {table.file for table in TEMPLATE.values()}
    if not set(present) & known:
        log.add(str(folder), 0, "", because("holds no file of the template, such as clients.csv"))
    for name in present:
        if name not in known:
            reason = nearest(
                name, known, "is no file of the template", "is no file of the template; did you mean {hint}?"
            )
            log.add(name, 0, "", reason)
    return Plan(template_sources(present), {})


def _refuse_faults(log: FaultLog, report: ImportReport) -> None:
    if log.total:
        raise FilesRefused(report.model_copy(update={"faults": log.first(), "total_faults": log.total}))


def _add_up(progress: Progress, table: str, before: int, rows: int) -> None:
    progress(table, before + rows)


def _silent(_table: str, _rows: int) -> None:
    """No progress is shown."""
