"""Views of the model behind the payment forecasts: measurements, and the card."""

from typing import Any

from rich.text import Text

from reports.terminal_models import MEASURES
from reports.terminal_tables import Blocks, grid, minute, why
from reports.terminal_words import Words

LIMITS = (
    "It forecasts when clients pay, and orders the work; what will be lost is the provision matrix's job.",
    "It sees the past of a client alone: a dispute, a bankruptcy or a call of today is not in it.",
    "Whoever acts on the order of work changes what comes next.",
)


def show_payment_training(plain: Any, words: Words) -> Blocks:
    """What a training came to."""
    if plain["version"] is None:
        return [Text(why(plain["insufficient"], words))]
    measured = plain["evaluation"]
    if not _better(measured):
        head = words.text(
            "{version} was trained and is not better than the client's past late rate: forecasts go by that rate.",
            version=plain["version"],
        )
    else:
        head = words.text(
            "{version} was trained. No forecast uses it until it is promoted: "
            "offboard model promote {version} --as PERSON",
            version=plain["version"],
        )
    return [Text(head), *show_payment_evaluation(measured, words)]


def show_payment_evaluation(plain: Any, words: Words) -> Blocks:
    """Figures with their intervals, beside those of the past late rate, and how true the chances are."""
    basis = words.text(
        "Measured on {rows} invoices of {clients} clients, issued from {day} on, which it has not seen; {late} were "
        "late. Each was judged on its day of issue.",
        rows=plain["rows"], clients=plain["clients"], day=plain["split_on"], late=plain["late"],
    )  # fmt: skip
    table = grid(words, "measure", "value", "95 % interval", right=("value",))
    for name in MEASURES:
        table.add_row(name, f"{plain[name]['value']:.4f}", _interval(plain[name]))
    table.add_row(words.text("past late rate: {name}", name="roc_auc"), f"{plain['past_rate_roc_auc']:.4f}", "")
    table.add_row(words.text("past late rate: {name}", name="brier"), f"{plain['past_rate_brier']:.4f}", "")
    table.add_row(words.text("gain over it: {name}", name="roc_auc"), f"{plain['gain']['value']:+.4f}",
                  _interval(plain["gain"]))  # fmt: skip
    return [Text(basis), table, Text(_very_late(plain["very_late"], words)), _reliability(plain["reliability"], words)]


def show_payment_card(plain: Any, words: Words) -> Blocks:
    """All that is known of a model."""
    state = words.text("makes the forecasts") if plain["in_use"] else words.text("makes no forecasts")
    data = words.text(
        "Learned from {invoices} invoices issued from {first} on, as they were known on {last}. Trained {at} (UTC).",
        invoices=plain["invoices"], first=plain["first_day"], last=plain["last_day"], at=minute(plain["trained_at"]),
    )  # fmt: skip
    promoted = (
        words.text("Promoted by {person} at {at} (UTC).", person=words.person(plain["promotion"]["by"]),
                   at=minute(plain["promotion"]["at"]))
        if plain["promotion"] else words.text("Nobody has promoted it.")
    )  # fmt: skip
    return [
        Text(words.text("{version}: {state}", version=plain["version"], state=state)),
        Text(f"SHA-256 {plain['sha256']}"),
        Text(data),
        Text(words.text("Figures: {names}", names=", ".join(plain["figures"]))),
        *show_payment_evaluation(plain["evaluation"], words),
        Text(words.text("Limits")),
        *(Text(f"- {words.word(limit)}") for limit in LIMITS),
        Text(promoted),
    ]


def _better(measured: Any) -> bool:
    return bool(measured["roc_auc"]["value"] > measured["past_rate_roc_auc"])


def _very_late(plain: Any, words: Words) -> str:
    if plain["roc_auc"] is None:
        return words.text("More than ten days late: {late}, too few or too many to measure.", late=plain["late"])
    return words.text(
        "More than ten days late: {late}; ROC-AUC {roc_auc} (past late rate {rate}), PR-AUC {pr_auc}.",
        late=plain["late"], roc_auc=f"{plain['roc_auc']:.4f}", rate=f"{plain['past_rate_roc_auc']:.4f}",
        pr_auc=f"{plain['pr_auc']:.4f}",
    )  # fmt: skip


def _reliability(rows: Any, words: Words) -> Any:
    table = grid(words, "rows", "predicted", "observed", right=("rows", "predicted", "observed"))
    for row in rows:
        table.add_row(str(row["rows"]), f"{100 * row['predicted']:.1f} %", f"{100 * row['observed']:.1f} %")
    return table


def _interval(measured: Any) -> str:
    return f"{measured['low']:.4f} .. {measured['high']:.4f}"
