"""A small company for tests: builders that write real rows. Every value can be named; what is not named is sensible."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from store import tables
from store.database import Database

AS_OF = date(2026, 11, 24)


@dataclass
class Company:
    """Writes as it builds. `leaver` is Li Na; her manager, her peers and one person for every gate exist already."""

    database: Database
    leaver: str = "E1"
    manager: str = "M1"
    numbers: dict[str, int] = field(default_factory=dict)

    @classmethod
    def build(cls, database: Database, clients: int = 6, peers: int = 3, country: str = "CN") -> "Company":
        """Li Na with clients, open invoices, deals, rights and a laptop."""
        company = cls(database)
        zone = "Asia/Shanghai" if country == "CN" else "America/New_York"
        with database.begin() as connection:
            place = {"region": "East", "country": country, "time_zone": zone, "department": "Sales East"}
            person = company.person
            person(connection, "D1", name="Zhou Ping", role="sales_manager", **place)
            person(connection, "M1", name="Wang Wei", role="sales_manager", manager_id="D1", **place)
            person(connection, "E1", name="Li Na", role="salesperson", manager_id="M1", **place)
            for number in range(peers):
                person(
                    connection,
                    f"P{number + 1}",
                    name=f"Peer {number + 1}",
                    role="salesperson",
                    manager_id="M1",
                    **place,
                )
            for key, role in (
                ("H1", "hrbp"),
                ("F1", "finance_reviewer"),
                ("I1", "it_admin"),
                ("L1", "legal_counsel"),
                ("H2", "hrbp"),
            ):
                person(connection, key, name=f"Office {key}", role=role, manager_id="D1", **place)
            for _ in range(clients):
                company.client(connection)
            company.rights(connection)
            company.insert(
                connection, "assets", id="A1", employee_id="E1", kind="laptop", value=Decimal("1200"), currency="CNY"
            )
        return company

    def person(self, connection: Connection, key: str, **fields: object) -> str:
        """One employee; `key` is the id."""
        return self.insert(connection, "employees", id=key, source_key=key, **fields)

    def client(self, connection: Connection, **fields: object) -> str:
        """One client of the leaver with a contact, an open deal, a paid, a current and an overdue invoice."""
        number = self._next("C")
        client = f"C{number:03d}"
        values = {"name": f"Client {number}", "owner_id": self.leaver, "region": "East", "segment": "retail", **fields}
        self.insert(
            connection,
            "clients",
            id=client,
            source_key=client,
            annual_value=Decimal(1000 * number),
            currency="CNY",
            **values,
        )
        self.insert(connection, "contacts", id=f"K{number}", client_id=client, name=f"Contact {number}")
        self.insert(
            connection, "opportunities", id=f"O{number}", client_id=client, owner_id=self.leaver, status="open",
            stage="Proposal", amount=Decimal(500), currency="CNY",
        )  # fmt: skip
        for kind, due, paid in (("paid", -90, True), ("current", 20, False), ("late", -40, False)):
            invoice = f"V{number}-{kind}"
            due_on = AS_OF + timedelta(days=due)
            self.insert(
                connection, "invoices", id=invoice, client_id=client, salesperson_id=self.leaver,
                issued_on=due_on - timedelta(days=30), due_on=due_on, amount=Decimal("100.10"), currency="CNY",
            )  # fmt: skip
            if paid:
                self.insert(
                    connection, "payments", id=f"Y{number}", invoice_id=invoice, paid_on=due_on,
                    amount=Decimal("100.10"), currency="CNY",
                )  # fmt: skip
        return client

    def rights(self, connection: Connection) -> None:
        """Two rights a grade for the leaver, in two systems."""
        for grade in range(1, 6):
            for system in ("crm", "erp"):
                self.insert(
                    connection, "entitlements", id=f"{system}-{grade}", employee_id=self.leaver, system=system,
                    right=f"right-{grade}", grade=grade,
                )  # fmt: skip

    def insert(self, connection: Connection, table: str, **values: object) -> str:
        """One row of any table; returns its id."""
        connection.execute(tables.metadata.tables[table].insert().values(**values))
        return str(values["id"])

    def _next(self, prefix: str) -> int:
        self.numbers[prefix] = self.numbers.get(prefix, 0) + 1
        return self.numbers[prefix]
