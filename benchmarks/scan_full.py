"""The scan of the whole size that is promised: 100,000 people and 10,000,000 events on two cores."""

from benchmarks import scan


def run() -> dict[str, str]:
    """What `benchmarks.scan` measures, ten times as large."""
    return scan.run(people=100_000, events=10_000_000)
