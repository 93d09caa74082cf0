"""A small ledger with one of each thing that happens to an invoice, for a real ERP."""

from datetime import date

from tests.servers.tryton_fill import Ledger


def everything() -> Ledger:
    """Each client has its own kind of business, so that what it owes can be reckoned by hand."""
    ledger = Ledger("CNY").named(E1="张伟", E2="李娜", C1="上海宏达科技有限公司")
    ledger.rates("USD", {date(2000, 1, 1): "0.14", date(2026, 6, 1): "0.15"})
    _open_ones(ledger)
    _too_much_and_too_little(ledger)
    _foreign(ledger)
    _credited(ledger)
    _early_and_unbound(ledger)
    return ledger


def _open_ones(ledger: Ledger) -> None:
    ledger.invoice("A1", "C1", "100.00", date(2026, 1, 10), agent="E1").disputed("A1")
    ledger.invoice("A2", "C1", ["100.00", "50.55"], date(2026, 2, 10), agent="E1", tax="0.13")
    ledger.invoice("A3", "C1", "1000.00", date(2026, 3, 10), agent="E1", due=((0, "0.30"), (30, "0.30"), (90, "0.40")))
    ledger.paid("A3", "300.00", date(2026, 3, 20)).paid("A3", "100.00", date(2026, 4, 20))


def _too_much_and_too_little(ledger: Ledger) -> None:
    ledger.invoice("B1", "C2", "200.00", date(2026, 3, 11), agent="E1").paid("B1", "250.00", date(2026, 4, 1))
    ledger.invoice("B2", "C2", "200.00", date(2026, 3, 12), agent="E2")
    ledger.paid("B2", "190.00", date(2026, 4, 2), rest="written_off")
    ledger.invoice("B3", "C2", "77.77", date(2026, 3, 13), agent="E2")
    ledger.paid("B3", "0", date(2026, 9, 1), rest="written_off")


def _foreign(ledger: Ledger) -> None:
    """The rate changes between invoice and payment."""
    ledger.invoice("D1", "C3", "500.00", date(2026, 5, 10), agent="E1", currency="USD")
    ledger.paid("D1", "200.00", date(2026, 6, 10))
    ledger.invoice("D2", "C3", "500.00", date(2026, 5, 11), agent="E1", currency="USD")
    ledger.paid("D2", "500.00", date(2026, 6, 10))


def _credited(ledger: Ledger) -> None:
    ledger.invoice("F1", "C4", "300.00", date(2026, 5, 12), agent="E1")
    ledger.credited("F1", "N1", date(2026, 5, 20), how="cancels")
    ledger.invoice("F2", "C4", "300.00", date(2026, 5, 13), agent="E1", tax="0.13")
    ledger.credited("F2", "N2", date(2026, 5, 21), "100.00")
    ledger.invoice("F3", "C4", "300.00", date(2026, 5, 14), agent="E1")
    ledger.credited("F3", "N3", date(2026, 5, 22), "100.00", how="applied")
    ledger.invoice("F4", "C4", "300.00", date(2026, 5, 15), agent="E1")
    ledger.credited("F4", "N4", date(2026, 5, 23), "300.00", how="applied")


def _early_and_unbound(ledger: Ledger) -> None:
    ledger.invoice("G1", "C5", "300.00", date(2026, 5, 16), agent="E1", due=60).paid("G1", "300.00", date(2026, 5, 18))
    ledger.received("C5", "123.45", date(2026, 5, 30)).received("C5", "10.00", date(2026, 5, 30), currency="USD")
    ledger.invoice("G2", "C5", "-20.00", date(2026, 6, 1))
    ledger.invoice("G3", "C5", "70.00", date(2026, 6, 2), agent="E1")
    ledger.invoice("G4", "C5", "30.00", date(2026, 6, 3), agent="E1")
    ledger.received("C5", "100.00", date(2026, 6, 20), settles=("G3", "G4"))
