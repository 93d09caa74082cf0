"""The sentences of the mails about a case, in English; the catalogue `mail.po` has them in Chinese."""

from models.approvals import Ladder, Refusal, Verdict
from models.case import Phase
from store.outbox import MessageKind

# Gates as the shipped policies name them; a gate of a company's own policy is shown as the policy writes it.
GATES = {
    "sales_manager": "sales management",
    "finance": "finance",
    "hr": "human resources",
    "it": "IT",
    "legal": "the legal department",
}

SUBJECTS = {
    "ask": "Please decide by {day}: {name} is leaving ({case})",
    "reminder": "Reminder, please decide by {day}: {name} is leaving ({case})",
    "escalation": "Now yours to decide, by {day}: {name} is leaving ({case})",
    "handed_over": "Handed to you, please decide by {day}: {name} is leaving ({case})",
    "question": "A question before the decision for {gate}: departure of {name} ({case})",
    "answer": "Your question is answered: departure of {name} ({case})",
    "timed_out": "No answer for {gate} in time: departure of {name} ({case})",
    "refused": "Your decision does not count: departure of {name} ({case})",
    "decided.approved": "Approved for {gate}: departure of {name} ({case})",
    "decided.declined": "Declined for {gate}: departure of {name} ({case})",
    "decided.sent_back": "Sent back for {gate}, a new plan is wanted: departure of {name} ({case})",
    "case_ended.closed": "Closed: departure of {name} ({case})",
    "case_ended.declined": "Declined: departure of {name} ({case})",
    "case_ended.withdrawn": "Withdrawn: departure of {name} ({case})",
}

LEADS = {
    "ask": "{name} is leaving. Please approve or decline for {gate} by {due}.",
    "reminder": "Your answer is still missing: {name} is leaving. Please approve or decline for {gate} by {due}.",
    "escalation": (
        "{silent} did not answer in time, so the question comes to you: {name} is leaving. "
        "Please approve or decline for {gate} by {due}."
    ),
    "handed_over": (
        "The question was handed to you: {name} is leaving. Please approve or decline for {gate} by {due}."
    ),
    "question": "{by} has a question about the departure of {name}, before deciding for {gate}.",
    "answer": "{by} answered your question about the departure of {name}.",
    "timed_out": (
        "Nobody answered for {gate} in time. Silence is never an approval: the departure of {name} does not go ahead."
    ),
    "refused": "Your decision for {gate} on the departure of {name} does not count.",
    "decided.approved": "{by} approved the departure of {name} for {gate}.",
    "decided.declined": "{by} declined the departure of {name} for {gate}.",
    "decided.sent_back": "{by} sent the departure of {name} back for {gate}: the handover should be planned anew.",
    "case_ended.closed": "The departure of {name} is complete and the case is closed.",
    "case_ended.declined": "The departure of {name} was not approved. The case is ended.",
    "case_ended.withdrawn": "The departure of {name} was withdrawn. The case is ended and what it changed is undone.",
}

WHY_YOU = {
    Ladder.APPROVER: "You are the one who decides for {gate} in this case.",
    Ladder.ESCALATION: "You are next in line after the person who did not answer.",
    Ladder.FALLBACK: "Those who come first could not be asked or did not answer; the policy then turns to you.",
}
IN_PLACE_OF = "{principal} is asked for {gate}, and you may answer in their place."

REFUSALS = {
    Refusal.LATE: "It came after the deadline.",
    Refusal.ALREADY_DECIDED: "The gate was decided already.",
    Refusal.NOT_OPEN: "The gate was not open.",
    Refusal.NOT_AN_APPROVER: "You are not, or no longer, the one who is asked.",
    Refusal.SEPARATION_OF_DUTIES: (
        "Nobody may decide who leaves, who started the case, who takes over its clients or who decided elsewhere in it."
    ),
    Refusal.REPORT_CHANGED: "The report changed after you saw it; you are asked again about the new one.",
    Refusal.PLAN_SENT_BACK: "The plan was sent back; you are asked again about the new one.",
    Refusal.REASON_MISSING: "A refusal needs a reason, and none was given.",
    Refusal.NO_VOTE: "You had not answered, so there was nothing to take back.",
    Refusal.SIGN_IN_NEEDED: "At this level of risk a link is not enough: please sign in and decide again.",
    Refusal.MALFORMED: "It could not be read.",
}

VOTES = {
    Verdict.APPROVED: "{by} approved",
    Verdict.DECLINED: "{by} declined",
    Verdict.SENT_BACK: "{by} sent it back",
}

# What a line of a digest is about.
LINES = {
    MessageKind.ASK: "Please decide for {gate}",
    MessageKind.REMINDER: "Reminder, please decide for {gate}",
    MessageKind.ESCALATION: "Now yours to decide for {gate}",
    MessageKind.HANDED_OVER: "Handed to you, please decide for {gate}",
    MessageKind.QUESTION: "A question before the decision for {gate}",
    MessageKind.ANSWER: "Your question is answered",
    MessageKind.TIMED_OUT: "No answer for {gate} in time",
    MessageKind.REFUSED: "Your decision for {gate} does not count",
}
DECIDED_LINES = {
    Verdict.APPROVED: "Approved for {gate}",
    Verdict.DECLINED: "Declined for {gate}",
    Verdict.SENT_BACK: "Sent back for {gate}, a new plan is wanted",
}
ENDED_LINES = {
    Phase.CLOSED: "The case is closed",
    Phase.DECLINED: "The case ended without approval",
    Phase.WITHDRAWN: "The departure was withdrawn",
}
