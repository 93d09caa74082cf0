"""The template in words, for the documentation."""

from systems.intake.columns import Kind, TemplateColumn, TemplateTable
from systems.intake.template import TEMPLATE

_WORDS = {
    Kind.ID: "id, at most 64 characters",
    Kind.PERSON_ID: "id, at most 64 characters, no blanks and no `/`",
    Kind.TEXT: "text",
    Kind.EMAIL: "e-mail address",
    Kind.DATE: "date, `2026-11-24`",
    Kind.MOMENT: "time with zone, `2026-11-24T09:00:00Z`",
    Kind.AMOUNT: "amount, `1234.50`, at most 4 decimals",
    Kind.CURRENCY: "currency, ISO 4217, `CNY`",
    Kind.YES_NO: "`yes` or `no`",
    Kind.TIME_ZONE: "time zone, `Asia/Shanghai`",
    Kind.COUNTRY: "country, ISO 3166 `CN`, or its English or Chinese name",
    Kind.DESTINATION: "domain or device; of an address only the domain is kept",
}


def markdown() -> str:
    """The tables of `docs/data.md`, one a file, as Markdown."""
    return "\n".join(_section(table) for table in TEMPLATE.values())


def _section(table: TemplateTable) -> str:
    rows = [f"### {table.file}", "", table.meaning, "", "| column | holds | required | notes |", "|---|---|---|---|"]
    rows += [
        f"| `{column.name}` | {_holds(column)} | {'yes' if column.required else ''} | {_notes(column)} |"
        for column in table.columns
    ]
    return "\n".join([*rows, ""])


def _holds(column: TemplateColumn) -> str:
    choices = ", ".join(f"`{choice}`" for choice in column.choices)
    match column.kind:
        case Kind.REFERENCE:
            return f"`{TEMPLATE[column.refers].id_column.name}` of `{column.refers}.csv`"
        case Kind.ONE_OF | Kind.GRADE:
            return f"one of {choices}"
        case Kind.SEVERAL_OF:
            return f"any of {choices}"
        case Kind.WHOLE:
            return f"whole number, {column.low} to {column.high}"
        case Kind.NUMBER:
            return f"number, {column.low} to {column.high}, at most {column.decimals} decimals"
        case kind:
            return _WORDS[kind]


def _notes(column: TemplateColumn) -> str:
    notes = [column.meaning] if column.meaning else []
    if column.not_before:
        notes.append(f"not before `{column.not_before}`")
    if column.or_else:
        notes.append(f"required where `{column.or_else}` is empty")
    if column.prices and not column.required:
        notes.append(f"required when `{column.prices}` is given")
    return "; ".join(notes)
