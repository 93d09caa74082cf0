"""`make bench`: every figure is a ratio or stands beside one, all parts of a ratio measured in the same run."""

import importlib
import os
import platform
import sys

PARTS = {
    "cases": "a whole case against a bare flow of the same shape",
    "decisions": "a decision from the press to the receipt with 500 open cases, against a bare update",
    "import_invoices": "import of 1,000,000 invoices",
    "receivables": "an audit of 1,000,000 open items of 10,000 clients",
    "activity": "import of 1,000,000 events with their roll-up",
    "assignment": "successors for 10,000 clients among 200 people",
    "scenarios": "leavers found within ten reviews a week: indicators against anomaly detectors",
    "report": "the report as HTML and PDF",
    "scan": "a scan of 10,000 people and 1,000,000 events",
    "attrition": "who leaves: our model against six anchors on public data",
    "late_payment": "when clients pay: our model against the past late rate on a public ledger",
}

# Not part of every run: it takes a quarter of an hour.
LARGE = {"scan_full": "a scan of 100,000 people and 10,000,000 events"}


def main(wanted: list[str]) -> None:
    """Run the named parts, or all."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, load before {load}")
    for name in wanted or PARTS:
        print(f"\n{(PARTS | LARGE)[name]}  (benchmarks/{name}.py)", flush=True)
        for label, figure in importlib.import_module(f"benchmarks.{name}").run().items():
            print(f"  {label}: {figure}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
