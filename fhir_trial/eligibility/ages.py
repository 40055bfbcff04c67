"""Tells the participant's own age now from the other ages that criteria speak of."""

import re

from fhir_trial.eligibility.patterns import listed
from fhir_trial.eligibility.trie import alternation

_SOMEBODY_ELSE = (
    "mother", "father", "parent", "sibling", "relative", "partner", "spouse", "caregiver", "family", "donor",
    "household", "first-degree", "their child", "with child", "with a child",
    "having a child", "sudden", "contacts", "fistula", "wife", "husband", "paternal", "offspring",
    "teacher",
)  # fmt: skip
_AT_AN_EVENT = (
    "onset", "diagnos", "menarche", "before", "since", "until", "prior to", "after", "smoking", "smoked",
    "smoke ", "vaccin", "first episode", "first symptom", "first seizure", "first birth",
)  # fmt: skip
_ANOTHER_MEASURE = (
    "gestation", "development", "charlson", "appropriate", "adjusted", "matched", "corrected", "for age",
    "post-menstrual",
)  # fmt: skip
_WHOLE = (
    "brother", "sister", "ulcer", "shunt", "menopause", "began ", "born", "bone", "mental age",
)  # fmt: skip
"""Those that other words end in ("perimenopause", "newborn")."""
_ANOTHER = re.compile(
    alternation(_SOMEBODY_ELSE + _AT_AN_EVENT + _ANOTHER_MEASURE) + rf"|(?<= ){alternation(_WHOLE)}"
)
_BEHIND = re.compile(
    r"\s*(?:at|of|when|after|since|from|before|prior to|ago)\s+"
    r"(?:(?:the|time|of|first|their|initial|disease|symptom|age)\s+)*"
    r"(?:onset|diagnos|menopaus|menarche|birth|first(?!\s+(?:study|vaccin|visit|dos|screen|admin|inject))|disease|symptom|education|ago|smoking|treatment|experience"
    r"|duration)"
    r"|\s*(?:ago|duration|post-?menopausal|history|gestation|education|corrected|since|pack"
    r"|(?:prior|before)(?!\s+(?:to\s+)?(?:the\s+|study\s+)*(?:screening|randomi|enrol|inclusion|entry|consent|study)))"
)
_FOR_SOME = re.compile(
    r"(?<![a-z])(?:if|for|applicable to|applies to|unless|except|whereas)\s+"
    r"(?:(?:the|those|these|all|any|in|for)\s+)*"
    r"(?:(?:subjects?|patients?|participants?|child(?:ren)?|adults?|individuals?|persons?|women|woman|men|males?"
    r"|females?|infants?|adolescents?|people|pediatric|paediatric)\s+)*(?:(?:who|that|with|are|is|an|of)\s+)*\Z"
)
"""What says to whom the line applies, rather than who takes part: "for participants aged 6 to 11: ..."."""
_CHILD_OF = re.compile(
    r"(?<![a-z])(?:ha[sd]|have|having|with|whose|their|parents?\s+of|mothers?\s+of|carers?\s+of)\s+"
    r"(?:(?:an?|one|at least one|two|the|their|or more)\s+)*"
    r"(?:[a-z]+\s+)?(?:child(?:ren)?|infants?|newborns?|neonates?|bab(?:y|ies)|toddlers?|adolescents?|sons?"
    r"|daughters?|kids?|teen(?:ager)?s?)\s*(?:(?:who|that|is|are|of|aged?|between|under|over|\(|,)\s*)*\Z"
)
"""A child that the participants have is not one of them."""
_OF_A_PERSON = re.compile(r"\bdiagnosed\s(?!at|before|after|when)|\bulcers?\s|\bfistulas?\s|\bshunts?\s")
"""What people have, and is not what is so old, in front of "aged"."""
_LEADING = listed(
    "for if to unless except whereas has had have having with whose their parent parents mother mothers carer"
    " carers"
)
"""The words without one of which neither begins."""
_WORD = re.compile("[a-z]+")
_CONSIDERED = re.compile(r".{0,12}\b(?:considered|regarded|deemed)\b")
_MENSES = re.compile("amenorrh|menses|menstr|menopaus")


def is_another_age(before: str, said: str, behind: str) -> bool:
    """Whether the words of an age, or those before and behind it, make it another's or that of an event."""
    if said.startswith("age") and not before.endswith(" at "):
        before = _OF_A_PERSON.sub("", before)  # "diagnosed with asthma, aged 12 to 17"
    padded = f" {before}{said}"
    if _ANOTHER.search(padded) is not None:
        return True
    if "menopausal" in padded and (
        "defin" in padded or " range" in padded or _MENSES.search(behind) is not None
    ):
        return True  # what is called menopause at that age
    if _BEHIND.match(behind) is not None:
        return True
    led = not _LEADING.isdisjoint(_WORD.findall(before))
    if led and (_FOR_SOME.search(before) is not None or _CHILD_OF.search(before) is not None):
        return True
    return "ed" in behind and _CONSIDERED.match(behind) is not None
