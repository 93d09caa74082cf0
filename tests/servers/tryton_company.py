"""Runs in Tryton's own environment: makes the database, a company with its books still empty, and two keys.

Part of `tryton_program.py`; see there why this may import Tryton.
"""

import secrets
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from trytond import backend
from trytond.model import ModelStorage
from trytond.pool import Pool
from trytond.transaction import Transaction, TransactionError

MODULES = ("account_invoice", "commission", "account_dunning")  # and what they need
READABLE = (
    "account.aged_balance",
    "account.dunning",
    "account.invoice",
    "account.invoice-account.move.line",
    "account.invoice.line",
    "account.move",
    "account.move.line",
    "account.move.reconciliation",
    "party.party",
)
ADMINISTRATOR = 0  # the user that belongs to the program itself
PERMISSIONS = ("read", "write", "create", "delete")


def make_database(folder: Path, name: str) -> None:
    """An empty database with the modules. Twelve seconds of a quiet processor."""
    (folder / f"{name}.sqlite").touch()
    Pool.start()
    database = backend.Database(name)
    database.connect()
    database._conn.execute("PRAGMA synchronous = OFF")  # a set-up that is cut short is made again from nothing
    database.init()
    Pool(name).init(update=["ir", "res", *MODULES], lang=["en"], activatedeps=True)


def found_company(name: str) -> dict[str, str]:
    """A company with accounts, ways to pay and to write off, and the users. Returns their keys and the password."""
    return in_transaction(name, {}, _found)


def in_transaction(name: str, context: dict[str, Any], work: Callable[[], Any], *locked: str) -> Any:
    """Do `work` and commit, with the tables `locked`. It starts again when it turns out to need one more."""
    extras: dict[str, Any] = {"_lock_tables": list(locked)}
    while True:
        with Transaction().start(name, ADMINISTRATOR, context=context, **extras) as transaction:
            try:
                return work()
            except TransactionError as asked:
                transaction.rollback()
                asked.fix(extras)


def _found() -> dict[str, str]:
    company = _company()
    with Transaction().set_context(company=company.id):
        _ways(company, _chart(company))
        return _users(company)


def _company() -> Any:
    pool = Pool()
    currency_model, party_model, company_model = (
        pool.get("currency.currency"),
        pool.get("party.party"),
        pool.get("company.company"),
    )
    (currency,) = currency_model.create(
        [{"name": "US Dollar", "code": "USD", "symbol": "$", "rounding": Decimal("0.01")}]
    )
    pool.get("currency.currency.rate").create([{"date": date(2000, 1, 1), "rate": Decimal(1), "currency": currency.id}])
    (party,) = party_model.create([{"name": "The company", "code": "COMPANY", "addresses": [("create", [{}])]}])
    (company,) = company_model.create([{"party": party.id, "currency": currency.id}])
    return company


def _chart(company: Any) -> dict[str, Any]:
    pool = Pool()
    account_model, create_model = pool.get("account.account"), pool.get("account.create_chart", type="wizard")
    template = pool.get("ir.model.data").get_id("account", "account_template_root_en")
    session, _, _ = create_model.create()
    wizard = create_model(session)
    wizard.account.account_template = pool.get("account.account.template")(template)
    wizard.account.company = company
    wizard.transition_create_account()

    def first(kind: str) -> Any:
        found = account_model.search([(f"type.{kind}", "=", True), ("closed", "!=", True)], limit=1)
        return found[0]

    accounts = {kind: first(kind) for kind in ("receivable", "payable", "revenue", "expense")}
    (accounts["cash"],) = account_model.search([("code", "=", "1.1.1")])
    wizard.properties.company = company
    wizard.properties.account_receivable, wizard.properties.account_payable = (
        accounts["receivable"],
        accounts["payable"],
    )
    wizard.properties.category_account_expense = accounts["expense"]
    wizard.properties.category_account_revenue = accounts["revenue"]
    wizard.transition_create_properties()
    return accounts


def _ways(company: Any, accounts: dict[str, Any]) -> None:
    """How a client pays, how a rest is written off, and where differences of exchange go."""
    pool = Pool()
    journal_model, configuration_model = pool.get("account.journal"), pool.get("account.configuration")
    (cash,) = journal_model.search([("code", "=", "CASH")])
    (lost,) = journal_model.create([{"name": "Write-off", "code": "WOFF", "type": "write-off"}])
    both = {"credit_account": accounts["cash"].id, "debit_account": accounts["cash"].id}
    pool.get("account.invoice.payment.method").create(
        [{"name": "Bank", "company": company.id, "journal": cash.id, **both}]
    )
    loss = {"credit_account": accounts["revenue"].id, "debit_account": accounts["expense"].id}
    pool.get("account.move.reconcile.write_off").create(
        [{"name": "Bad debt", "company": company.id, "journal": lost.id, **loss}]
    )
    settings = configuration_model(1)
    settings.currency_exchange_credit_account = accounts["revenue"]
    settings.currency_exchange_debit_account = accounts["expense"]
    settings.save()


def _users(company: Any) -> dict[str, str]:
    """The administrator, and a reader who can see what an audit of receivables needs, and change nothing."""
    pool = Pool()
    user_model, group_model, application_model = (
        pool.get("res.user"),
        pool.get("res.group"),
        pool.get("res.user.application"),
    )
    (group,) = group_model.create([{"name": "Receivables reader"}])
    _restrict(group)
    belongs = {"companies": [("add", [company.id])], "company": company.id}
    password = secrets.token_urlsafe(18)
    admin, reader = user_model.create(
        [
            {"login": "admin", "name": "Administrator", "administrator": True, "password": password, **belongs},
            {"login": "offboard", "name": "Offboard", "groups": [("add", [group.id])], **belongs},
        ]
    )
    keys = application_model.create(
        [{"user": user.id, "application": "rest", "state": "validated"} for user in (admin, reader)]
    )
    return {"password": password, "admin": keys[0].key, "key": keys[1].key}


def _restrict(group: Any) -> None:
    """What nobody has spoken about, everybody may read and change in Tryton: speak about every model."""
    pool = Pool()
    access_model = pool.get("ir.model.access")
    stored = [name for name, model in pool.iterobject() if issubclass(model, ModelStorage)]
    access_model.create(
        [
            {
                "model": name,
                "group": group.id,
                **{f"perm_{what}": what == "read" and name in READABLE for what in PERMISSIONS},
            }
            for name in sorted(stored)
        ]
    )
