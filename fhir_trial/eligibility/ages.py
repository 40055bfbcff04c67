"""Tells the participant's own age now from the other ages that criteria speak of."""

import re

# Plain words, because a search for each of them is faster than one expression for all.
_SOMEBODY_ELSE = (
    "mother", "father", "parent", "sibling", "relative", "partner", "spouse", "caregiver", "family", "donor",
    "household", "first-degree", "first degree", "biological", "their child", "with child", "with a child",
    "having a child",
)  # fmt: skip
_AT_AN_EVENT = (
    "onset", "diagnos", "menarche", " menopause", " began ", "before", "since", "until", "prior to", "after",
    "smok", " born", "vaccin", "first episode", "first symptom", "first seizure", "first birth",
)  # fmt: skip
_ANOTHER_MEASURE = (
    "gestation", " bone", " mental", "development", "charlson", "appropriate", "adjusted", "matched",
    "corrected", "for age", "for-age", "postmenstrual", "post-menstrual",
)  # fmt: skip
_WORDS = _SOMEBODY_ELSE + _AT_AN_EVENT + _ANOTHER_MEASURE
_BEHIND = re.compile(
    r"\s*(?:at|of|when|after|since|from|before|prior to|ago)\s+"
    r"(?:(?:the|time|of|first|their|initial|disease|symptom|age)\s+)*"
    r"(?:onset|diagnos|menopaus|menarche|birth|first(?!\s+(?:study|vaccin|visit|dos|screen|admin|inject))|disease|symptom|education|ago|smoking|treatment|experience"
    r"|duration)"
    r"|\s*(?:ago|duration|post-?menopausal|history|gestation|education|corrected|since|prior|before|pack)"
)
_MENSES = re.compile("amenorrh|menses|menstr|menopaus")


def is_another_age(until: str, behind: str) -> bool:
    """Whether the words up to the end of an age, or behind it, make it another's or that of an event."""
    padded = f" {until}"
    for word in _WORDS:  # a loop, because `any` would take twice the time
        if word in padded:
            return True
    if "menopausal" in padded and (
        "defin" in padded or " range" in padded or _MENSES.search(behind) is not None
    ):
        return True  # what is called menopause at that age
    return _BEHIND.match(behind) is not None
