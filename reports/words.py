"""The closed vocabularies of the report as people read them: code -> English words, which are the msgid."""

from collections.abc import Mapping


def mark(msgid: str) -> str:
    """Mark a sentence for the catalogue where it is not translated on the spot; it comes back unchanged."""
    return msgid


LEVELS: Mapping[str, str] = {
    "low": mark("Low"),
    "medium": mark("Medium"),
    "high": mark("High"),
    "critical": mark("Critical"),
}
KINDS: Mapping[str, str] = {
    "resignation": mark("Resignation"),
    "dismissal": mark("Dismissal"),
    "mutual_agreement": mark("Mutual agreement"),
    "contract_end": mark("End of contract"),
    "retirement": mark("Retirement"),
    "death": mark("Death"),
}
DOMAINS: Mapping[str, str] = {
    "receivables": mark("Receivables"),
    "clients": mark("Clients"),
    "data_exfiltration": mark("Data exfiltration"),
    "access": mark("Access"),
    "obligations": mark("Obligations"),
    "successors": mark("Successors"),
    "inventory": mark("Assets and duties"),
}
DOMAIN_STATUSES: Mapping[str, str] = {
    "assessed": mark("Assessed"),
    "unknown": mark("Unknown"),
    "no_data": mark("No such data here"),
}
GATES: Mapping[str, str] = {
    "sales_manager": mark("Sales manager"),
    "finance": mark("Finance"),
    "hr": mark("HR"),
    "it": mark("IT"),
    "legal": mark("Legal"),
}
VERDICTS: Mapping[str, str] = {
    "approved": mark("Approved"),
    "declined": mark("Declined"),
    "sent_back": mark("Sent back"),
    "taken_back": mark("Taken back"),
    "timed_out": mark("No answer in time"),
}
GRADES: Mapping[str, str] = {
    "1": mark("1 · Export, bulk and API"),
    "2": mark("2 · Sessions and tokens"),
    "3": mark("3 · Write"),
    "4": mark("4 · Client contact"),
    "5": mark("5 · Account"),
}
ACCESS_STATES: Mapping[str, str] = {"active": mark("Active"), "suspended": mark("Suspended")}
ACCESS_RESULTS: Mapping[str, str] = {
    "observed": mark("Seen to be off"),
    "acknowledged": mark("Accepted by the system, not seen yet"),
    "failed": mark("Failed, still open"),
}
TRANSFER_STATUSES: Mapping[str, str] = {
    "pending": mark("Proposed"),
    "waiting_manager": mark("Waiting for the manager"),
    "completed": mark("Handed over"),
}
DUTIES: Mapping[str, str] = {
    "direct_reports": mark("People who report to the leaver"),
    "gates_waiting": mark("Approvals in other cases that wait for the leaver"),
    "tasks_owned": mark("Open tasks of the leaver"),
}
ASSETS: Mapping[str, str] = {
    "laptop": mark("Laptop"),
    "phone": mark("Phone"),
    "badge": mark("Badge"),
    "car": mark("Car"),
    "token": mark("Security token"),
    "seal": mark("Company seal"),
}
