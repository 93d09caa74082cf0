"""One import in a process of its own, so that its peak memory is its own: `import_apart URL FOLDER TABLE`."""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

from store.database import Database
from systems.intake.load import import_folder


def import_apart(url: str, folder: Path, table: str) -> dict[str, float]:
    """Import a folder; gives back seconds, peak memory in MB, and the new and unchanged rows of one table."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.import_apart", url, str(folder), table],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    return dict(json.loads(done.stdout))


def _import_and_measure(url: str, folder: Path, table: str) -> dict[str, float]:
    database = Database(url)
    start = time.perf_counter()
    counts = import_folder(database, folder).tables[table]
    seconds = time.perf_counter() - start
    database.close()
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "mb": megabytes, "new": counts.new, "unchanged": counts.unchanged}


if __name__ == "__main__":
    print(json.dumps(_import_and_measure(sys.argv[1], Path(sys.argv[2]), sys.argv[3])))
