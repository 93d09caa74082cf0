"""The part of the CSV template that is about money: what clients owe, who shares them, and what was earned on it."""

from models.commission import CLAWBACK_AGREEMENT
from models.receivables import Standing
from systems.intake.columns import Kind, TemplateColumn, TemplateTable, day, id_, money, number, one_of, to, words

PAYMENT_KINDS = ("payment", "write_off")

INVOICES = TemplateTable(
    "invoices",
    "What clients were asked to pay. A credit note is an invoice with a negative amount.",
    (
        id_("invoice_id"),
        to("client_id", "clients", required=True),
        to("salesperson_id", "employees"),
        day("issued_on", required=True),
        day("due_on", required=True, not_before="issued_on"),
        *money("amount", required=True),
        TemplateColumn("disputed", Kind.YES_NO, meaning="default `no`"),
        day("disputed_on", "since when; empty: since it was issued"),
        TemplateColumn("disputed_amount", Kind.AMOUNT, meaning="how much of it; empty: all that is open"),
        to("credits_id", "invoices", "of a credit note: the invoice that it was given for"),
    ),
)
INSTALMENTS = TemplateTable(
    "instalments",
    "Parts of an invoice with due dates of their own. They add up to the invoice, and earlier ones are paid first.",
    (
        id_("instalment_id"),
        to("invoice_id", "invoices", required=True),
        day("due_on", required=True),
        TemplateColumn("amount", Kind.AMOUNT, required=True, meaning="in the currency of the invoice"),
    ),
)
PAYMENTS = TemplateTable(
    "payments",
    "What was paid, or written off. A refund is a negative payment. Without an invoice it is money on account of a "
    "client; when it is applied later, that is a negative payment on account and a payment on the invoice.",
    (
        id_("payment_id"),
        TemplateColumn("invoice_id", Kind.REFERENCE, refers="invoices", or_else="client_id"),
        TemplateColumn("client_id", Kind.REFERENCE, refers="clients", or_else="invoice_id"),
        day("paid_on", required=True),
        *money("amount", required=True),
        one_of("kind", PAYMENT_KINDS, "default `payment`"),
    ),
)
CLIENT_SHARES = TemplateTable(
    "client_shares",
    "Salespeople who share a client. The owner of the client has what the others leave.",
    (
        id_("share_id"),
        to("client_id", "clients", required=True),
        to("employee_id", "employees", required=True),
        number("percent", "all shares of a client are at most 100", high=100, decimals=4),
    ),
)
EXCHANGE_RATES = TemplateTable(
    "exchange_rates",
    "What one unit of a currency was worth on a day.",
    (
        id_("rate_id"),
        TemplateColumn("currency", Kind.CURRENCY, required=True),
        TemplateColumn("quoted_in", Kind.CURRENCY, required=True),
        day("on_day", required=True),
        number("rate", "more than 0", high=999_999_999, decimals=12),
    ),
)
DEBTOR_ASSESSMENTS = TemplateTable(
    "debtor_assessments",
    "Debtors that finance assesses singly: they leave the provision matrix with everything that they owe.",
    (
        id_("assessment_id"),
        to("client_id", "clients", required=True),
        one_of("standing", tuple(Standing), required=True),
        number("loss_rate", "0.8 means that 80 % are expected to be lost", high=1, decimals=6),
        day("assessed_on", required=True),
        day("ended_on", "the last day on which it holds", not_before="assessed_on"),
        words("note"),
    ),
)
COMMISSIONS = TemplateTable(
    "commissions",
    "Commission that people earned on an invoice.",
    (
        id_("commission_id"),
        to("employee_id", "employees", required=True),
        to("invoice_id", "invoices", required=True),
        day("earned_on", required=True),
        day("paid_on", "empty: not paid out yet", not_before="earned_on"),
        *money("amount", required=True),
    ),
)
AGREEMENTS = TemplateTable(
    "agreements",
    "What people have signed and a rule depends on.",
    (
        id_("agreement_id"),
        to("employee_id", "employees", required=True),
        one_of("kind", (CLAWBACK_AGREEMENT,), required=True),
        day("signed_on", required=True),
        day("ended_on", "the last day on which it holds", not_before="signed_on"),
    ),
)

# In the order in which they are written: what is referred to comes first.
MONEY_TABLES = (
    INVOICES,
    INSTALMENTS,
    PAYMENTS,
    CLIENT_SHARES,
    EXCHANGE_RATES,
    DEBTOR_ASSESSMENTS,
    COMMISSIONS,
    AGREEMENTS,
)
