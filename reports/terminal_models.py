"""Views of the model behind the scans: measurements, and the card."""

from typing import Any

from rich.text import Text

from reports.terminal_tables import Blocks, grid, minute, why
from reports.terminal_words import Words

MEASURES = ("roc_auc", "pr_auc", "lift_10", "brier", "ece")
READABLE = 0.75


def show_training(plain: Any, words: Words) -> Blocks:
    """What a training came to."""
    if plain["version"] is None:
        return [Text(why(plain["insufficient"], words))]
    head = words.text(
        "{version} was trained. It scores nobody until it is promoted: offboard model promote {version} --as PERSON",
        version=plain["version"],
    )
    return [Text(head), *show_evaluation(plain["evaluation"], words)]


def show_evaluation(plain: Any, words: Words) -> Blocks:
    """Figures with their intervals, levels, groups, and what gives an attribute away."""
    blocks: Blocks = [Text(_basis(plain, words)), _measures(plain, words), _levels(plain["levels"], words)]
    if plain["groups"]:
        blocks.append(_groups(plain["groups"], words))
    blocks += _proxies(plain["proxies"], words)
    if against := plain.get("champion"):
        blocks.append(Text(_against(against, words)))
    return blocks


def show_card(plain: Any, words: Words) -> Blocks:
    """All that is known of a model."""
    state = words.text("scores people") if plain["champion"] else words.text("does not score people")
    head = words.text("{version}: {state}", version=plain["version"], state=state)
    data = words.text(
        "Learned from {rows} person-days of {first} to {last}, with {leavers} people who left. Trained {at} (UTC).",
        rows=plain["rows"], first=plain["first_day"], last=plain["last_day"], leavers=plain["leavers"],
        at=minute(plain["trained_at"]),
    )  # fmt: skip
    table = grid(words, "figure", "direction")
    for feature in plain["features"]:
        table.add_row(words.word(feature["name"]), words.word(DIRECTIONS[feature["direction"]]))
    limits = [Text(f"- {words.word(limit)}") for limit in LIMITS]
    blocks: Blocks = [Text(head), Text(f"SHA-256 {plain['sha256']}"), Text(data), table]
    blocks += show_evaluation(plain["evaluation"], words)
    blocks += [Text(words.text("Limits")), *limits, Text(_promoted(plain["promotion"], words))]
    if plain["promotion"] and (against := plain["promotion"]["comparison"]):
        blocks.append(Text(_against(against, words)))
    return blocks


DIRECTIONS = {
    -1: "a higher figure can only lower the probability",
    0: "the data decides",
    1: "a higher figure can only raise the probability",
}
LIMITS = (
    "It predicts; nothing follows from it but a talk. Whoever acts on a score changes what comes next.",
    "Records do not tell a resignation from a dismissal: all are leavers.",
    "With few leavers the intervals are wide; look at them, not at the figure alone.",
    "Tenure goes with age; the figures beside the groups say what that does.",
)


def _basis(plain: Any, words: Words) -> str:
    if "split_on" in plain:
        return words.text(
            "Measured on {rows} person-days from {day} on, which it has not seen; {leavers} people left. "
            "Base rate {rate}; the rules reach a PR-AUC of {rules}; a constant reaches a Brier score of {constant}.",
            rows=plain["rows"], day=plain["split_on"], leavers=plain["leavers"], rate=_share(plain["base_rate"]),
            rules=f"{plain['baseline_pr_auc']:.3f}", constant=f"{plain['brier_of_base_rate']:.4f}",
        )  # fmt: skip
    return words.text(
        "{rows} rows, {positives} left ({rate}). Learned anew and measured on {parts} held-out parts ({split}).",
        rows=plain["rows"], positives=plain["positives"], rate=_share(plain["base_rate"]), parts=plain["parts"],
        split=words.word(plain["split"]),
    )  # fmt: skip


def _measures(plain: Any, words: Words) -> Any:
    table = grid(words, "measure", "value", "95 % interval", right=("value",))
    for name in MEASURES:
        found = plain[name]
        table.add_row(name, f"{found['value']:.4f}", f"{found['low']:.4f} .. {found['high']:.4f}")
    return table


def _levels(rows: Any, words: Words) -> Any:
    table = grid(
        words, "level", "rows", "predicted", "observed", "inside its band", right=("rows", "predicted", "observed")
    )
    for row in rows:
        inside = "-" if row["inside"] is None else words.word("yes" if row["inside"] else "no")
        table.add_row(
            words.word(row["level"]), str(row["rows"]), _share(row["predicted"]), _share(row["observed"]), inside
        )
    return table


def _groups(rows: Any, words: Words) -> Any:
    table = grid(
        words, "attribute", "group", "rows", "in the top tenth", "left", "ratio to others", "true ratio",
        right=("rows", "in the top tenth", "left", "ratio to others", "true ratio"),
    )  # fmt: skip
    for row in rows:
        ratios = ["-" if row[name] is None else f"{row[name]:.2f}" for name in ("flag_ratio", "true_ratio")]
        shares = _share(row["flag_rate"]), _share(row["true_rate"])
        table.add_row(words.word(row["attribute"]), row["group"], str(row["rows"]), *shares, *ratios)
    return table


def _proxies(rows: Any, words: Words) -> Blocks:
    if not rows:
        return [Text(words.text("No protected attribute is in the data: groups cannot be compared."))]
    table = grid(words, "attribute", "group", "readable from the figures (ROC-AUC)", "needs a note",
                 right=("readable from the figures (ROC-AUC)",))  # fmt: skip
    for row in rows:
        note = words.word("yes" if row["roc_auc"] > READABLE else "no")
        table.add_row(words.word(row["attribute"]), row["group"], f"{row['roc_auc']:.2f}", note)
    return [table]


def _against(plain: Any, words: Words) -> str:
    gap = plain["pr_auc"]
    return words.text(
        "Against {champion} on the same people: PR-AUC {gap} ({low} .. {high}), Brier score {brier}.",
        champion=plain["against"], gap=f"{gap['value']:+.4f}", low=f"{gap['low']:+.4f}", high=f"{gap['high']:+.4f}",
        brier=f"{plain['brier']['value']:+.4f}",
    )  # fmt: skip


def _promoted(plain: Any, words: Words) -> str:
    if not plain:
        return words.text("Nobody has promoted it.")
    return words.text(
        "Promoted by {person} at {at} (UTC). Note on what the figures give away: {note}",
        person=words.person(plain["by"]), at=minute(plain["at"]), note=plain["proxy_note"] or "-",
    )  # fmt: skip


def _share(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.1f} %"
