"""Tells the participant's own age now from the other ages that criteria speak of."""

import re

# Ages that are not the participant's own age now.
_NOT_NOW = re.compile(
    r"onset|diagnos|gestation|\bbone\b|mental|development|menarche|menopaus|mother|father|parent|sibling|relative"
    r"|partner|spouse|caregiver|first[- ]degree|family|\bbegan\b|\bbefore\b|\bsince\b|\buntil\b|\bprior to\b"
    r"|\bafter\b|smok|donor|charlson|appropriate|adjusted|matched|corrected|for[- ]age|household|\bborn\b"
    r"|\bhaving (?:a )?child|with (?:a )?child|their child|biological"
    r"|first (?:episode|symptom|seizure|degree|birth)"
    r"|post-?menstrual|vaccin"
)
_NOT_NOW_BEHIND = re.compile(
    r"\s*(?:at|of|when|after|since|from|before|prior to|ago)\s+"
    r"(?:(?:the|time|of|first|their|initial|disease|symptom|age)\s+)*"
    r"(?:onset|diagnos|menopaus|menarche|birth|first|disease|symptom|education|ago|smoking|treatment|experience|duration)"
    r"|\s*(?:ago|duration|post-?menopausal|history|gestation|education|corrected|since|prior|before|pack)"
)


def is_another_age(before: str, words: str, behind: str) -> bool:
    """Whether the words around an age make it somebody else's, or that of an event."""
    return bool(_NOT_NOW.search(before) or _NOT_NOW.search(words) or _NOT_NOW_BEHIND.match(behind))
