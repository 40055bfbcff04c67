"""Turns the limits that the grammar found into constraints, or refuses them."""

import re
from dataclasses import replace
from decimal import Decimal

from fhir_trial.eligibility.ages import is_another_age
from fhir_trial.eligibility.constraint import Bound, Constraint, Join, Window
from fhir_trial.eligibility.constraint import Limit as NormalLimit
from fhir_trial.eligibility.grammar import Limit
from fhir_trial.eligibility.lexer import Token, is_roman, number_word
from fhir_trial.eligibility.numerals import times_normal
from fhir_trial.eligibility.patterns import listed
from fhir_trial.eligibility.provisos import WHEN
from fhir_trial.eligibility.quantities import (
    TIME_UNITS,
    as_operator,
    believable_bounds,
    follow_each_other,
    is_list,
    known_unit,
    level_of,
    mixed_unit,
    only_unit,
    written_unit,
)
from fhir_trial.eligibility.vocabulary import Unit, Variable, vocabulary

_GENERIC = {
    "performance-status": ("ecog", "who-ps", "karnofsky", "lansky", "asa"),
    "physical-status": ("ecog", "who-ps", "asa"),
    "who-ps": ("ecog",),
    "bp": ("sbp", "dbp", "map"),
    "transaminases": ("alt", "ast"),
    "glucose": ("fasting-glucose", "ogtt-glucose"),
    "bilirubin": ("direct-bilirubin",),
    "fev1": ("fev1-fvc",),
    "fvc": ("fev1-fvc",),
    "esr": ("das28",),
    "crp": ("das28",),
}
_FOR_EITHER = frozenset({"karnofsky", "lansky", "ecog", "who-ps", "performance-status"})
"""Scales for the same, of which a person has one: "Karnofsky/Lansky" is whichever it is."""
_ALSO_A_CONDITION = frozenset({"astigmatism", "anisometropia", "proteinuria", "weight-loss", "cigarettes"})
"""What is also excluded without a limit; named before another, it need not share the other's."""
_HIGHER = re.compile("higher|greater|more|above|over")
_VIRAL_LOADS = frozenset({"hbv-dna", "hcv-rna", "hiv-rna", "cmv-dna", "ebv-dna", "bk-virus"})
_LOST_POWER = re.compile("10[3-9]")
"""A power of ten of viruses in a millilitre whose exponent was raised."""
_LONE_DASH = re.compile(r"(?:\A|[^a-z0-9])[-−–‐‑]\Z")
_IN_BRACKETS = re.compile(r"\s*\(\s*([^()]{1,20}?)\s*\)")
_NAME_BEHIND = re.compile(r"f*\(f*V\)")
# What makes the quantity behind it another one: a change of it, or somebody else's.
_OTHER_QUANTITY = re.compile(
    r"(?:(?:chang|increas|decreas|reduc|improv|worsen|declin|ris|fall|drop|loss|gain|variation|fluctuation)\w*\s+(?:in|of)(?:\s+the)?"
    r"|f(?:o)?etal|ideal|graft|maternal|paternal|delta|verbal|performance|(?:central|mixed)\s+venous"
    r"|(?:donor|spouse|wife|husband|partner|caregiver|carer|mother|father|sibling)(?:['’]?s['’]?)?"
    r"|(?:mothers?|fathers?|parents?|donors?|spouses?|partners?|caregivers?)\s+with(?:\s+an?)?"
    r"|nadir|target|goal|(?:variability|reversibility)\s+(?:of|in)"
    r"|(?:csf|cerebrospinal|pleural|peritoneal|ascit(?:es|ic)|synovial|amniotic|sputum|cord)(?:\s+(?:fluid|blood))?"
    r"|central|obstructive|suicidal\s+ideation\s+score\s+(?:of|on))\s+\Z"
)
_PART_OF_A_SCORE = re.compile(r"(?<!\d[-\s])\b(?:items?|domains?|sub-?scales?|sub-?scores?|questions?)\b")
_PARTS_OF_SCORES = ("item", "domain", "sub", "question")
_NEXT_PART = re.compile(r"[,;.(]|\band\b|\bor\b")
_OTHER_ENDINGS = (
    "in", "of", "on", "the", "etal", "ideal", "graft", "maternal", "paternal", "delta", "verbal",
    "performance", "venous", "central", "obstructive", "donor", "'s", "’s", "spouse", "wife", "husband",
    "partner", "giver", "carer", "mother", "father", "sibling", "with", "a", "an", "nadir", "target",
    "goal", "csf", "spinal", "pleural", "peritoneal", "ascitic", "synovial", "amniotic", "sputum",
    "cord", "fluid", "blood",
)  # fmt: skip
"""How the last word of these ends; looked at first, because most limits follow another word."""
_PRESSURES = {"systolic": "sbp", "diastolic": "dbp"}
_SPEAKING_UNITS = (
    ("pack", "pack-years"), ("cig", "cigarettes"), ("drinks", "alcohol-intake"),
    ("alcoholic", "alcohol-intake"), ("units of alcohol", "alcohol-intake"), ("standard", "alcohol-intake"),
)  # fmt: skip
"""How a unit begins that has no other use -> the variable that it is of."""
_CONDITIONALS = WHEN | {"unless"}
_DENIALS = listed("no not without lack absence never neither nor unable")
_BETWEEN_A_DENIAL = listed(
    "to have having has had meet meets achieve achieves achieved reach reached maintain evidence history"
    " episode episodes known documented any"
)
"""What may stand between a denial and the limit that it denies."""
_IN_WORDS = re.compile(r"than|over|above|below|under|least|most")
_SIDES_OF_ZERO = frozenset({"myopia", "spherical-equivalent"})
_RATIOS = frozenset({"fev1-fvc", "fev1-svc"})
_COMPARED = listed("not no non never without worse better")
_OF_PEOPLE = re.compile(r"\A[^|]?[.f,]*[SFXC]f\Z")
"""What stands before "people of 21-64 years"; further words may make it the time of something else."""
_PREPOSITION = re.compile(r"\b(?:for|of|with|in)\b")


class Interpreter:
    """Reads the limits of one line."""

    def __init__(self, text: str, lower: str, tokens: list[Token], kinds: str) -> None:
        self.text = text
        self.lower = lower
        self.tokens = tokens
        self.kinds = kinds
        self.joins: list[Join] = []
        """How variables that share a limit are joined."""
        self.undecided = False
        """How the limits are joined cannot be told, whatever the section."""
        self.complete = True
        """Every constraint can be stated in full: unit, operator, and how its parts are joined."""

    def constraints(self, limit: Limit) -> list[Constraint]:
        if limit.sex:
            self.undecided = True
            self.complete = False
        if limit.bare and not limit.age:
            variable = self._named_by_its_unit(limit)
            if variable is not None:
                read_by_unit = self._constraint(limit, variable)
                return [] if read_by_unit is None else [read_by_unit]
        if limit.age or limit.bare or any(variable.kind == "A" for variable in limit.variables):
            return [age for part in self._parts(limit) if (age := self._age(part)) is not None]
        if not limit.variables or self._is_another_quantity(limit):
            return []
        if (limit.rule == "equal" and self._is_compared_otherwise(limit)) or self._is_a_condition(limit):
            return []
        names = _specific([token.unit for token in limit.variables + self._named_behind(limit)])
        if names == ["bp"] and limit.rule != "pair":
            names = self._which_pressure(limit)
        if limit.rule == "pair":
            return self._pressures(limit, names)
        if limit.rule == "by-sex":
            return self._by_sex(limit)
        if len(names) > 1 and (not limit.joined_by or not _ALSO_A_CONDITION.isdisjoint(names[:-1])):
            names = names[-1:]
            self.complete = False
        known = vocabulary().variables
        if len(names) == 1:
            only = self._constraint(limit, known[names[0]])
            return [] if only is None else [only]
        read = [self._constraint(limit, known[name]) for name in names]
        if not all(read):
            if read[-1] is None or "/" in limit.joined_by:
                return []
            # "smokers or CO above 8 ppm", "albuminuria (UACR above 40 mg/g)": it is of the last one only
            self.complete = False
            return [read[-1]]
        either = set(limit.joined_by) <= set("/(") and _FOR_EITHER.issuperset(names)
        self.joins.append("any-of" if either else _joined(limit.joined_by))
        return [constraint for constraint in read if constraint is not None]

    def _named_by_its_unit(self, limit: Limit) -> Variable | None:
        """The variable of a limit that has no other name than its unit ("at least 12 pack-years")."""
        last = limit.numbers[-1] if limit.numbers else None
        if last is None or last.kind != "Q" or limit.rule == "equal":
            return None
        variables = vocabulary().variables
        return next(
            (variables[name] for beginning, name in _SPEAKING_UNITS if last.unit.startswith(beginning)), None
        )

    def _is_another_quantity(self, limit: Limit) -> bool:
        """Whether the word in front makes it a change of the quantity, or somebody else's."""
        if not limit.start or not self.tokens[limit.start - 1].text.endswith(_OTHER_ENDINGS):
            return False
        start = self.tokens[limit.start].start
        return _OTHER_QUANTITY.search(self.lower[max(0, start - 24) : start]) is not None

    def _is_a_condition(self, limit: Limit) -> bool:
        """Whether a limit only says when something else holds ("if creatinine > 1.5 mg/dL, then ...")."""
        if not limit.start or not ("if" in self.lower or "when" in self.lower or "unless" in self.lower):
            return False
        for place in range(limit.start - 1, max(limit.start - 5, -1), -1):
            token = self.tokens[place]
            if token.text in _CONDITIONALS:
                return True
            if token.kind in ",.":
                return False
        return False

    def _is_compared_otherwise(self, limit: Limit) -> bool:
        """Whether a word that is not understood denies or compares a plain value ("worse than ECOG 2")."""
        before = self.tokens[max(0, limit.start - 2) : limit.start]
        behind = self.tokens[limit.end : limit.end + 2]
        return any(token.text in _COMPARED for token in [*before, *behind]) or any(
            token.kind == "O" for token in before
        )

    def _named_behind(self, limit: Limit) -> list[Token]:
        """The special name of a general variable, behind its limit: "performance status 0-2 (ECOG)"."""
        match = _NAME_BEHIND.match(self.kinds, limit.end)
        if match is None:
            return []
        behind = self.tokens[match.end() - 2]
        if behind.unit not in _GENERIC.get(limit.variables[-1].unit, ()):
            return []
        limit.end = match.end()
        return [behind]

    def _is_part_of_a_score(self, limit: Limit) -> bool:
        """Whether the words around speak of an item or a domain of a score, not of its total."""
        if not any(part in self.lower for part in _PARTS_OF_SCORES):
            return False
        start, end = self.tokens[limit.start].start, self.tokens[limit.end - 1].end
        before, behind = self.lower[max(0, start - 25) : start], self.lower[end : end + 25]
        return any(
            _PART_OF_A_SCORE.search(words) is not None
            for words in (_NEXT_PART.split(before)[-1], _NEXT_PART.split(behind)[0])
        )

    def _which_pressure(self, limit: Limit) -> list[str]:
        """The pressure that is told behind its limit ("BP above 140 mmHg systolic"), else the general one."""
        for place in range(limit.end, min(limit.end + 2, len(self.tokens))):
            name = _PRESSURES.get(self.tokens[place].text)
            if name is not None:
                closed = self.kinds.startswith(")", place + 1) and self.kinds[place - 1] == "("
                limit.end = place + 1 + closed
                return [name]
            if self.kinds[place] not in "f(":
                break
        return ["bp"]

    def _constraint(self, limit: Limit, variable: Variable) -> Constraint | None:
        if limit.rule == "list" or is_list(limit, variable):
            return self._levels(limit, variable)
        if limit.rule == "equal" and variable.kind == "measure":
            if limit.numbers[0].kind != "L":
                return None
            if self.lower[: limit.numbers[0].start].endswith("within "):
                limit.operators = ["le"]
            else:
                self.complete = False  # "ALT three times the upper limit": exactly, at least, at most?
                if _HIGHER.search(limit.numbers[0].text) is not None:
                    limit.operators = ["gt"]  # "two times higher than normal"
        if any(token.kind == "M" for token in limit.numbers):
            return None
        if limit.rule == "spread" and variable.id == "life-expectancy":
            return None  # "> 3 to 6 months" has no upper end
        last = limit.numbers[-1]
        if last.kind in "LU":
            return self._multiple(limit, variable)
        if last.kind == "N" and self.lower[last.end : last.end + 1].isalpha() and last.number.isdecimal():
            return None  # "grade 3b"
        if variable.id in _VIRAL_LOADS and any(_LOST_POWER.fullmatch(n.number) for n in limit.numbers):
            return None
        if variable.id == "proteinuria":
            limit = _in_a_day(limit)
        unit = written_unit(limit, variable)
        if unit is None and last.kind == "N" and not limit.before:
            unit = self._unit_behind_the_name(limit, variable)
        if unit is None and variable.id == "cigarettes" and last.kind == "Q":
            variable = vocabulary().variables["pack-years"]  # "smoked for at least 15 pack-years"
            unit = written_unit(limit, variable)
        if unit is None and last.kind in "QT":
            return None
        if variable.id in _RATIOS and "predict" in last.unit:
            return None  # a part of the predicted ratio, or a ratio of predicted values?
        if variable.kind == "score" and self._is_part_of_a_score(limit):
            return None
        bounds = believable_bounds(limit, variable, unit)
        if bounds is None or (variable.low < 0 and self._doubts_a_sign(limit, bounds, variable)):
            return None
        if limit.rule == "range" and _is_all_of_the_scale(bounds, variable):
            return None  # "pain (0-10)" names the scale
        assumed = unit or variable.assumed
        if unit is None and variable.units and variable.kind == "measure" and self._counts_something(limit):
            return None
        if assumed is None and variable.units:
            assumed = only_unit(bounds, variable) if self._ends_with_its_number(limit) else None
            if assumed is None:
                return None  # a number without its unit says nothing
            if assumed.ucum != "1":
                self.complete = False  # no other unit is possible, but it is not what the line says
        self._doubt_equality(bounds, variable, limit)
        return self._made(limit, variable, bounds, unit=assumed)

    def _doubts_a_sign(self, limit: Limit, bounds: list[Bound], variable: Variable) -> bool:
        """Whether a dash in front of a number may be a minus, or a minus may only tell the side of zero."""
        if variable.id in _SIDES_OF_ZERO and len(bounds) == 1 and bounds[0].value < 0:
            said = self.lower[self.tokens[limit.start].start : limit.numbers[0].start]
            if variable.id == "myopia" or _IN_WORDS.search(said) is not None:
                return True  # "myopia above -6 D" is more of it to most people
        before = (self.lower[max(0, number.start - 2) : number.start] for number in limit.numbers)
        return any(_LONE_DASH.search(signs) is not None for signs in before)

    def _unit_behind_the_name(self, limit: Limit, variable: Variable) -> Unit | None:
        """The unit that stands in brackets between the variable and its number ("Weight (kg): 50-90")."""
        between = self.lower[limit.variables[-1].end : limit.numbers[0].start]
        bracket = _IN_BRACKETS.match(between)
        return known_unit(bracket[1], variable.id) if bracket is not None else None

    def _doubt_equality(self, bounds: list[Bound], variable: Variable, limit: Limit) -> None:
        """No one asks for a creatinine of 1.3 mg/dL sharp: a written "=" is most often a lost "≥" or "≤"."""
        if bounds[0].operator != "eq":
            return
        if variable.kind == "measure" or limit.rule != "equal":
            self.complete = False

    def _counts_something(self, limit: Limit) -> bool:
        """Whether a number without a unit counts what is named after the variable ("1 EGFR mutation")."""
        behind = self.kinds[limit.end : limit.end + 1]
        return limit.before and (behind == "?" or not limit.numbers[0].number[:1].isdigit())

    def _ends_with_its_number(self, limit: Limit) -> bool:
        """Whether nothing stands behind the number that may be a unit."""
        behind = self.kinds[limit.end : limit.end + 1]
        if behind == "." and self.tokens[limit.end].text in "\"'“”":
            return False  # feet or inches
        return not limit.before and (behind in ("", ",", ")", ".", "&", "|", "w") or bool(limit.sex))

    def _multiple(self, limit: Limit, variable: Variable) -> Constraint | None:
        """A multiple of a limit of normal: it stays one, whatever the laboratory's limit is."""
        if variable.kind != "measure" and variable.id != "inr":
            return None
        if variable.id == "lvef" and any(
            token.unit != "LLN" for token in limit.numbers if token.kind in "LU"
        ):
            return None  # no heart has an upper limit to eject
        sides: set[NormalLimit] = {
            "LLN" if token.unit == "LLN" else "ULN" for token in limit.numbers if token.kind in "LU"
        }
        if len(sides) != 1 or any(token.kind == "Q" for token in limit.numbers):
            return None
        if any(token.unit == "NORMAL" for token in limit.numbers):
            self.complete = False  # it does not say which end of the normal range
        bounds = []
        for token, code in zip(limit.numbers, limit.operators, strict=False):
            word = number_word(token.number)
            numbers = [Decimal(word)] if word is not None else times_normal(token.number)
            if token.kind == "U":
                numbers = [Decimal(1)]
            least = Decimal(1) if token.unit == "NORMAL" else Decimal("0.1")
            if not numbers or not least <= numbers[0] <= 100:
                return None
            bounds.append(Bound(as_operator(code), numbers[0], token.number))
        self._doubt_equality(bounds, variable, limit)
        return self._made(limit, variable, bounds, unit=None, of=sides.pop())

    def _levels(self, limit: Limit, variable: Variable) -> Constraint | None:
        """Levels counted up ("0, 1 or 2"): a range, if none is left out between them."""
        if variable.kind == "measure":
            return None
        written = limit.listed or limit.numbers
        literals = [part for token in written for part in token.number.split(",")]
        levels = [level_of(literal, variable) for literal in literals]
        whole = sorted({level for level in levels if level is not None})
        if None in levels or len(whole) < 2 or not follow_each_other(whole, variable):
            return None
        if limit.operators and limit.operators != ["eq"]:
            return None
        bounds = [Bound("ge", whole[0], literals[0]), Bound("le", whole[-1], literals[-1])]
        return self._made(limit, variable, bounds, unit=variable.assumed)

    def _pressures(self, limit: Limit, names: list[str]) -> list[Constraint]:
        """140/90: the systolic and the diastolic limit in one."""
        if not set(names) <= {"bp", "sbp", "dbp"} or limit.operators[0] == "eq":
            return []
        known = vocabulary().variables
        read = []
        for name, number in zip(("sbp", "dbp"), limit.numbers, strict=True):
            one = Limit("pair", limit.start, limit.end, limit.variables, [number], limit.operators[:1])
            one.numbers = [number._replace(unit="") if not number.unit else number]
            read.append(self._constraint(one, known[name]))
        if limit.operators[0] in ("ge", "gt"):
            self.undecided = True  # of those to include, too: is one pressure above its limit enough?
        self.joins.append("unknown")  # "above 140/90" means either, "below 140/90" both; the words do not say
        return [constraint for constraint in read if constraint is not None] if all(read) else []

    def _by_sex(self, limit: Limit) -> list[Constraint]:
        """Two limits of one variable, of which the sexes are told behind both ("102/88 cm in men/women")."""
        last = limit.numbers[-1]
        units = [number._replace(kind=last.kind, unit=number.unit or last.unit) for number in limit.numbers]
        variables = vocabulary().variables
        read = [
            self._constraint(replace(limit, numbers=[number], operators=[code]), variables[name])
            for name in _specific([token.unit for token in limit.variables])
            for number, code in zip(units, limit.operators, strict=True)
        ]
        return [constraint for constraint in read if constraint is not None] if all(read) else []

    def _age(self, limit: Limit) -> Constraint | None:
        others = [token for token in limit.variables if token.kind == "V"]
        if others or limit.rule in ("equal", "list", "pair", "multiple"):
            return None
        start, end = self.tokens[limit.start].start, self.tokens[limit.end - 1].end
        if is_another_age(
            self.lower[max(0, start - 40) : start], self.lower[start:end], self.lower[end : end + 60]
        ):
            return None
        if limit.bare and not self._stands_for_an_age(limit):
            return None
        if not limit.variables and self._is_of_a_thing(limit):
            return None
        if any(token.kind in "QLMU" or is_roman(token.number) for token in limit.numbers):
            return None
        variable = vocabulary().variables["age"]
        unit = written_unit(limit, variable) or variable.assumed
        bounds = believable_bounds(limit, variable, unit)
        if bounds is None:
            return None
        self._doubt_equality(bounds, variable, limit)
        return self._made(limit, variable, bounds, unit=unit)

    def _parts(self, limit: Limit) -> list[Limit]:
        """The two ends of an age apart where their units differ ("over 3 months and under 70 years")."""
        if len(limit.numbers) < 2:
            return [limit]
        units = {token.unit.lstrip("- ")[:1] for token in limit.numbers}
        if (
            limit.rule not in ("double", "outside", "between", "range", "mixed", "spread")
            or len(units) < 2
            or "" in units
        ):
            return [limit]
        if {token.kind for token in limit.numbers} != {"T"} or mixed_unit(limit):
            return [limit]
        ends = [
            replace(limit, rule="single", numbers=[number], operators=[code], outside=False, loose=False)
            for number, code in zip(limit.numbers, limit.operators, strict=True)
        ]
        sizes = [_size_of_age(end) for end in sorted(ends, key=lambda end: end.operators[0][0])]
        low, high = sizes
        if low is None or high is None:
            return []
        if limit.outside == (low < high) and not limit.loose:
            return []
        self.joins.append("any-of" if low > high else "all-of")
        return ends

    def _stands_for_an_age(self, limit: Limit) -> bool:
        """Whether a plain number of years ("over 21 years") can only be the participant's age."""
        before, behind = self.kinds[: limit.start], self.kinds[limit.end :]
        years = limit.numbers[-1].unit.startswith(("y", "-y", " y"))
        who = set(before) & set("SFXC")
        if behind[:1] == ")" and re.search(r"[SCFX]\(\Z", before):
            return years
        if limit.numbers[-1].kind == "N":
            named = re.search(r"[SFXC]f?\Z", before) is not None
            ended = behind[:1] in ("", "w", ",", ".") or self._goes_on_with_who(limit)
            return limit.rule == "single" and named and ended and "V" not in before
        return (
            not set(before) - set("SFXCf(,:.|&/w")
            and (not behind or behind[0] in ",.)&|wSFXC(" or behind[:2] in ("fS", "fF"))
            and (years or bool(who))
            and (_OF_PEOPLE.search(before) is not None or not self._led_by_a_preposition(limit))
        )

    def _is_of_a_thing(self, limit: Limit) -> bool:
        """Whether a thing is so many years "old", named just before ("a graft under 2 years old")."""
        last, before = self.tokens[limit.end - 1], self.kinds[: limit.start]
        return last.text.startswith("old") and before.endswith("?") and set(before).isdisjoint("SFXC")

    def _goes_on_with_who(self, limit: Limit) -> bool:
        """Whether the people are told more of behind their age ("adults > 21 who ...")."""
        return self.tokens[limit.end].text == "who" if limit.end < len(self.tokens) else False

    def _led_by_a_preposition(self, limit: Limit) -> bool:
        return _PREPOSITION.search(self.lower[: self.tokens[limit.start].start][-6:]) is not None

    def _made(
        self,
        limit: Limit,
        variable: Variable,
        bounds: list[Bound],
        *,
        unit: Unit | None,
        of: NormalLimit | None = None,
    ) -> Constraint:
        return Constraint(
            variable=variable.id,
            bounds=tuple([self._as_written(bound, limit) for bound in bounds]),
            join="any-of" if limit.outside else "all-of",
            unit_text=self._unit_text(limit),
            unit=unit.ucum if unit is not None else None,
            factor=unit.factor if unit is not None else None,
            multiple_of=of,
            window=self._window(limit),
            negated=self._is_denied(limit),
            proviso=self._sex_of(limit) if limit.sex else "",
            loinc=variable.loinc_for(unit),
            rule=f"{'age' if variable.id == 'age' else variable.kind}.{limit.rule}",
            start=self.tokens[limit.start].start,
            end=self.tokens[limit.end - 1].end,
        )

    def _is_denied(self, limit: Limit) -> bool:
        """Whether a word right in front denies the limit ("no fever > 38 °C", "without QTc > 450 ms")."""
        for place in range(limit.start - 1, max(limit.start - 6, -1), -1):
            token = self.tokens[place]
            if token.text in _DENIALS:
                return True
            if token.kind not in "fS" and token.text not in _BETWEEN_A_DENIAL:
                return False
        return False

    def _sex_of(self, limit: Limit) -> str:
        """The word for the only people whom a limit is for, next to it or in it; "" for both sexes."""
        near = range(max(limit.start - 3, 0), min(limit.end + 4, len(self.tokens)))
        at = next((place for place in near if self.kinds[place] == limit.sex), None)
        return "" if at is None else self.text[self.tokens[at].start : self.tokens[at].end]

    def _as_written(self, bound: Bound, limit: Limit) -> Bound:
        """The bound with its number as the source has it; reading was in lower case."""
        if bound.literal.isdecimal():
            return bound  # digits have no case
        for token in [*limit.numbers, *limit.listed]:
            if token.number == bound.literal and bound.literal:
                return Bound(
                    bound.operator, bound.value, self.text[token.start : token.start + len(bound.literal)]
                )
        return bound

    def _unit_text(self, limit: Limit) -> str:
        """What stands behind the last number: its unit, or the limit of normal."""
        if not limit.numbers or not limit.numbers[-1].unit or mixed_unit(limit):
            return ""  # of two units neither is the one of the value
        last = limit.numbers[-1]
        return self.text[last.start + len(last.number) : last.end].strip(" -")

    def _window(self, limit: Limit) -> Window | None:
        """The time that stands inside a limit or right behind it."""
        if "w" not in self.kinds[limit.start : limit.end + 4]:
            return None
        for place in range(limit.start, min(limit.end + 4, len(self.tokens))):
            token = self.tokens[place]
            if token.kind == "w":
                window = window_of(token, self.text[token.start : token.end])
                return None if window.value is not None and limit.age else window
            if place >= limit.end and not says_how_measured(token):
                return None
        return None


_MEASURED = listed(
    "measured obtained determined collected performed assessed taken done documented recorded evaluated"
    " tested drawn verified confirmed calculated"
)


def says_how_measured(token: Token) -> bool:
    """Whether a token between a limit and a time leaves the time the limit's own.

    With any other word or number between them it is the time of something else ("NYHA III, or infarction
    within 6 months", "HbA1c below 8 %, more than 72 hours before dosing").
    """
    return token.kind in "f,():.&S" or token.text in _MEASURED


def _is_all_of_the_scale(bounds: list[Bound], variable: Variable) -> bool:
    """Whether a range leaves nobody out, also on the shorter scales that a score is written on."""
    low, high = (bound.value for bound in bounds)
    ends = (variable.high, 10, 100) if variable.high in (10, 100) else (variable.high,)
    return variable.kind != "measure" and low == variable.low and high in ends


def _in_a_day(limit: Limit) -> Limit:
    """With the unit of what a day's urine holds, if the name says the day: "24-hour urine protein > 1 g"."""
    if not limit.variables[-1].text.startswith("24"):
        return limit
    numbers = [
        number._replace(unit=f"{number.unit}/24h") if number.unit in _MASSES else number
        for number in limit.numbers
    ]
    return replace(limit, numbers=numbers)


_MASSES = frozenset({"g", "gm", "gram", "grams", "mg"})


def _size_of_age(limit: Limit) -> Decimal | None:
    """The size of one end of an age in days, None if it cannot be believed."""
    variable = vocabulary().variables["age"]
    unit = written_unit(limit, variable)
    bounds = believable_bounds(limit, variable, unit)
    return bounds[0].value * unit.factor if bounds and unit is not None else None


def window_of(token: Token, words: str) -> Window:
    """The window that a token of time stands for."""
    number = number_word(token.number) or token.number
    return Window(
        words, Decimal(number) if number else None, TIME_UNITS[token.unit[0]] if token.unit else None
    )


def _specific(names: list[str]) -> list[str]:
    """The variables of a limit, each once, without the general name that a special one explains."""
    if len(names) == 1:
        return names
    once = list(dict.fromkeys(names))
    return [name for name in once if not set(_GENERIC.get(name, ())) & set(once)]


def _joined(letters: str) -> Join:
    if set(letters) <= set("|,") and "|" in letters:
        return "any-of"
    return "all-of" if set(letters) <= set("&,") and "&" in letters else "unknown"
