"""How long a report takes to make, and how the time grows with the number of clients."""

import statistics
import time

from models.report import CaseReport
from reports.render import render, render_pdf
from tests.report_builder import build_report

SMALL, LARGE = 60, 1200


def run() -> dict[str, str]:
    """Processor time, the median of three different reports, and the ratio of the large ones to the small ones."""
    render_pdf(build_report(clients=1), "zh")  # fonts are read once in a process
    figures: dict[str, str] = {}
    seconds: dict[tuple[int, str], float] = {}
    for clients in (SMALL, LARGE):
        written = [build_report(clients=clients, seed=seed) for seed in range(3)]
        for kind in ("html", "pdf"):
            seconds[clients, kind], size = _median(written, kind)
            figures[f"{kind} of {clients} clients"] = f"{seconds[clients, kind] * 1000:.0f} ms, {size / 1024:.0f} KiB"
    for kind in ("html", "pdf"):
        times = seconds[LARGE, kind] / seconds[SMALL, kind]
        figures[f"{kind}: {LARGE // SMALL} times the clients"] = f"{times:.1f} times the time"
    return figures


def _median(written: list[CaseReport], kind: str) -> tuple[float, int]:
    """Seconds and bytes. The typesetter remembers what it has set, so no report is measured twice."""
    taken = []
    for report in written:
        started = time.process_time()
        made = render(report, kind, "zh")
        taken.append((time.process_time() - started, len(made)))
    return statistics.median(took for took, _ in taken), taken[0][1]


if __name__ == "__main__":
    for name, figure in run().items():
        print(f"{name}: {figure}")
