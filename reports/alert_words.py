"""What the rules, states and severities of alerts are called, in English words of the catalogue."""

from models.warning import AlertState, ProtectionState, RuleId

RULES: dict[RuleId, str] = {
    RuleId.MASS_EXPORT: "many client records exported on one day",
    RuleId.OWN_BASELINE: "far above the own past",
    RuleId.NOVELTY: "more than ever before",
    RuleId.PEER_GROUP: "far above colleagues",
    RuleId.CUMULATIVE: "many client records exported over weeks",
    RuleId.SEQUENCE: "collected, hidden, sent and cleaned up",
    RuleId.DESTINATION: "sent to a destination that is not trusted",
    RuleId.AFTER_HOURS: "outside working hours",
    RuleId.CONTACTS_MOVED: "many contacts or clients moved to another owner",
    RuleId.CLAIM_DUPLICATE: "expense claimed twice",
    RuleId.CLAIM_SPLIT: "expense split over several claims",
    RuleId.CLAIM_UNDER_LIMIT: "expense just under the limit",
    RuleId.CLAIM_WEEKEND: "expense of a weekend",
    RuleId.CLAIM_ROUND: "expense of a round amount",
    RuleId.CLAIM_SPIKE: "far more expenses than before",
}

PROTECTION: dict[ProtectionState, str] = {
    ProtectionState.NONE: "no right was touched",
    ProtectionState.WOULD_HAVE: "only written down: export rights would have been suspended until {until}",
    ProtectionState.SUSPENDED: "export rights are suspended until {until}, unless somebody confirms the alert",
    ProtectionState.GIVEN_BACK: "export rights were given back as they were",
    ProtectionState.LEFT_TO_CASE: "the rights were left to a case of the person",
    ProtectionState.LEFT_TO_ALERT: "the rights were left to another alert of the person",
}


def protection_words(protection: ProtectionState, alert: AlertState) -> str:
    """How the export rights stand; `{until}` is the end of the protection, which a confirmed alert no longer has."""
    if protection is ProtectionState.SUSPENDED and alert is AlertState.CONFIRMED:
        return "export rights are suspended until the alert is resolved"
    return PROTECTION[protection]
