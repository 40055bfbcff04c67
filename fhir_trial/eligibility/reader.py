"""Reads a line of criteria: which limits it sets, and whether that is all it says."""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache

from fhir_trial.eligibility import people
from fhir_trial.eligibility.criteria import Section
from fhir_trial.eligibility.constraint import (
    Bound,
    Constraint,
    Join,
    Operator,
    Reading,
    Status,
    Window,
)
from fhir_trial.eligibility.criteria import Section
from fhir_trial.eligibility.constraint import (
    Limit as NormalLimit,
)
from fhir_trial.eligibility.grammar import Limit, limits
from fhir_trial.eligibility.lexer import Token, is_roman, lowered, number_word, tokens
from fhir_trial.eligibility.numerals import values
from fhir_trial.eligibility.vocabulary import Unit, Variable, squeezed, vocabulary

_MARKER = re.compile(r"\s*(?:[-*•·–●○▪]+\s+|\(?\d{1,2}[.)]\s+|\(?[a-z]\)\s+|\(?[ivx]+\)\s+)")
_TIME_UNITS = {"y": "a", "m": "mo", "w": "wk", "d": "d", "h": "h"}
_SIGNS = re.compile(r"[\d≥≤<>]")
# A digit that is neither part of a word nor the number of a type or of a time; looked at before all else.
_FREE_DIGIT = re.compile(
    r"[≥≤<>]|\d(?<![\w-]\d)(?<!type \d)(?<!phase \d)(?<!within \d)(?<!last \d)(?<!past \d)(?<!previous \d)"
)
_NUMBER_WORDS = re.compile(
    r"\b(?:asa|nyha|uln|class|grade|one|two|three|six|twelve|eighteen|twenty-one|sixty)\b"
)
# Ages that are not the participant's own age now.
_NOT_NOW = re.compile(
    r"onset|diagnos|gestation|\bbone\b|mental|development|menarche|menopaus|mother|father|parent|sibling|relative|partner"
    r"|spouse|caregiver|first[- ]degree|family|\bbegan\b|\bbefore\b|\bsince\b|\buntil\b|\bprior to\b|\bafter\b|smok|donor"
    r"|charlson|appropriate|adjusted|matched|corrected|for[- ]age|household|\bborn\b|\bhaving (?:a )?child"
    r"|with (?:a )?child|their child|biological|first (?:episode|symptom|seizure|degree|birth)|post-?menstrual|vaccin"
)
_NOT_NOW_BEHIND = re.compile(
    r"\s*(?:at|of|when|after|since|from|before|prior to|ago)\s+(?:(?:the|time|of|first|their|initial|disease|symptom|age)\s+)*"
    r"(?:onset|diagnos|menopaus|menarche|birth|first|disease|symptom|education|ago|smoking|treatment|experience|duration)"
    r"|\s*(?:ago|duration|postmenopausal|post-menopausal|history|gestation|education|corrected|since|prior|before|pack)"
)
_GENERIC = {
    "performance-status": ("ecog", "who-ps", "karnofsky", "lansky", "asa"),
    "who-ps": ("ecog",),
    "bp": ("sbp", "dbp", "map"),
    "transaminases": ("alt", "ast"),
    "glucose": ("fasting-glucose", "ogtt-glucose"),
    "bilirubin": ("direct-bilirubin",),
    "fev1": ("fev1-fvc",),
}
_SILENT = frozenset("fw.:,()SrFX|&C")


def constraints(
    text: str, *, section: Section = "other", mesh_terms: Mapping[str, str] | None = None
) -> Reading:
    """How a criterion is understood: its limits, and the words that no limit holds.

    section: limits that an inclusion criterion lists with commas or slashes must all hold; elsewhere the words
    would have to say so.
    mesh_terms: MeSH terms of the trial itself -> their ids; a condition is read only if it is one of these.
    """
    lower = lowered(text)
    marker = _MARKER.match(lower)
    if marker is not None:
        lower = " " * marker.end() + lower[marker.end() :]
    reading = people.reading(text, lower, mesh_terms or {})
    if reading is not None:
        return reading
    signs = _FREE_DIGIT if _SIGNS.search(lower) else _NUMBER_WORDS
    if signs.search(lower) is None:
        return Reading(text=text, status="text")
    return _Line(text, lower, section).reading()


class _Line:
    """One line while it is read."""

    def __init__(self, text: str, lower: str, section: Section) -> None:
        self.text = text
        self.section = section
        self.lower = lower
        self.tokens = tokens(lower)
        self.kinds = "".join(token.kind for token in self.tokens)
        self.used = [False] * len(self.tokens)
        self.found: list[Constraint] = []
        self.joins: list[Join] = []
        self.places: list[tuple[int, int]] = []
        self.complete = True
        """Every constraint can be stated in full: unit, operator, and how its parts are joined."""

    def reading(self) -> Reading:
        if not set(self.kinds) & set("NQTLMU"):
            return Reading(text=self.text, status="text")
        for limit in limits(self.tokens):
            read = self._constraints(limit)
            if read:
                self.found += read
                self.places.append((limit.start, limit.end))
                self._use(limit.start, limit.end)
        if not self.found:
            return Reading(text=self.text, status="text")
        self._sex()
        residue = self._residue()
        join = self._join()
        if join == "unknown" and self.section == "inclusion" and not self._alternatives():
            join = "all-of"
        status: Status = "partial" if residue or not self.complete or join == "unknown" else "computable"
        return Reading(
            text=self.text, status=status, constraints=tuple(self.found), join=join, residue=residue
        )

    def _use(self, start: int, end: int) -> None:
        restated = _RESTATED.match(self.kinds, end)
        if restated is not None:
            end = restated.end()
        self.used[start:end] = [True] * (end - start)

    # What a limit limits

    def _constraints(self, limit: Limit) -> list[Constraint]:
        if limit.age or limit.bare or any(variable.kind == "A" for variable in limit.variables):
            age = self._age(limit)
            return [age] if age is not None else []
        if not limit.variables:
            return []
        names = _specific([token.unit for token in limit.variables + self._named_behind(limit)])
        if limit.rule == "pair":
            return self._pressures(limit, names)
        if len(names) > 1 and not limit.joined_by:
            names = names[-1:]
            self.complete = False
        known = vocabulary().variables
        read = [self._constraint(limit, known[name]) for name in names]
        if not all(read):
            return []
        if len(names) > 1:
            self.joins.append(_joined(limit.joined_by))
        return [constraint for constraint in read if constraint is not None]

    def _named_behind(self, limit: Limit) -> list[Token]:
        """The special name of a general variable, behind its limit: "performance status 0-2 (ECOG)"."""
        match = re.compile(r"f*\(f*V\)").match(self.kinds, limit.end)
        if match is None:
            return []
        behind = self.tokens[match.end() - 2]
        if behind.unit not in _GENERIC.get(limit.variables[-1].unit, ()):
            return []
        limit.end = match.end()
        return [behind]

    def _constraint(self, limit: Limit, variable: Variable) -> Constraint | None:
        if limit.rule == "list" or _is_list(limit, variable):
            return self._levels(limit, variable)
        if limit.rule == "equal" and variable.kind == "measure":
            return None
        if any(token.kind == "M" for token in limit.numbers):
            return None
        if (
            limit.before
            and variable.kind == "measure"
            and variable.assumed is None
            and limit.numbers[-1].kind == "N"
        ):
            return None  # "at least 2 weight loss attempts"
        last = limit.numbers[-1]
        if last.kind in "LU":
            return self._multiple(limit, variable)
        unit = _unit(limit, variable)
        if unit is None and last.kind in "QT":
            return None
        bounds = _bounds(limit, variable, unit)
        if bounds is None:
            return None
        assumed = unit or variable.assumed
        if assumed is None and variable.units:
            self.complete = False
        return self._made(limit, variable, bounds, unit_text=last.unit, unit=assumed)

    def _multiple(self, limit: Limit, variable: Variable) -> Constraint | None:
        """A multiple of a limit of normal: it stays one, whatever the laboratory's limit is."""
        if variable.kind != "measure" and variable.id != "inr":
            return None
        sides: set[NormalLimit] = {
            "LLN" if token.unit == "LLN" else "ULN" for token in limit.numbers if token.kind in "LU"
        }
        if len(sides) != 1 or any(token.kind == "Q" for token in limit.numbers):
            return None
        bounds = []
        for token, operator in zip(limit.numbers, limit.operators, strict=False):
            numbers = values(token.number) if token.kind != "U" else [Decimal(1)]
            if not numbers or not Decimal("0.1") <= numbers[0] <= 100:
                return None
            bounds.append(Bound(_operator(operator), numbers[0], token.number))
        return self._made(
            limit, variable, bounds, unit_text=limit.numbers[-1].text, unit=None, of=sides.pop()
        )

    def _levels(self, limit: Limit, variable: Variable) -> Constraint | None:
        """Levels counted up ("0, 1 or 2"): a range, if none is left out between them."""
        if variable.kind == "measure":
            return None
        written = limit.listed or limit.numbers
        literals = [part for token in written for part in token.number.split(",")]
        levels = [_level(literal, variable) for literal in literals]
        whole = sorted({level for level in levels if level is not None})
        if None in levels or len(whole) < 2 or whole != [whole[0] + n for n in range(len(whole))]:
            return None
        if limit.operators and limit.operators != ["eq"]:
            return None
        bounds = [Bound("ge", Decimal(whole[0]), literals[0]), Bound("le", Decimal(whole[-1]), literals[-1])]
        return self._made(limit, variable, bounds, unit_text="", unit=variable.assumed)

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
        self.joins.append("unknown")  # "above 140/90" means either, "below 140/90" both; the words do not say
        return [constraint for constraint in read if constraint is not None] if all(read) else []

    def _age(self, limit: Limit) -> Constraint | None:
        others = [token for token in limit.variables if token.kind == "V"]
        if others or limit.rule in ("equal", "list", "pair", "multiple"):
            return None
        start, end = self.tokens[limit.start].start, self.tokens[limit.end - 1].end
        before = self.lower[max(0, start - 40) : start]
        if (
            _NOT_NOW.search(before)
            or _NOT_NOW.search(self.lower[start:end])
            or _NOT_NOW_BEHIND.match(self.lower, end)
        ):
            return None
        if limit.bare and not self._stands_for_an_age(limit):
            return None
        if any(token.kind in "QLMU" or is_roman(token.number) for token in limit.numbers):
            return None
        variable = vocabulary().variables["age"]
        unit = _unit(limit, variable) or variable.assumed
        bounds = _bounds(limit, variable, unit)
        return (
            self._made(limit, variable, bounds, unit_text=limit.numbers[-1].unit, unit=unit)
            if bounds
            else None
        )

    def _stands_for_an_age(self, limit: Limit) -> bool:
        """Whether a plain number of years ("over 18 years") can only be the participant's age."""
        before, behind = self.kinds[: limit.start], self.kinds[limit.end :]
        years = limit.numbers[-1].unit.startswith(("y", "-y", " y"))
        who = set(before) & set("SFXC")
        if behind[:1] == ")" and re.search(r"[SCFX]\(\Z", before):
            return years
        if limit.numbers[-1].kind == "N":
            return (
                limit.rule == "single"
                and bool(re.search("[SFXC]f?\\Z", before))
                and behind[:1] in ("", "w", ",", ".")
            )
        return (
            not set(before) - set("SFXCf(,:.|&/w")
            and (not behind or behind[0] in ",.)&|wSFXC(" or behind[:2] in ("fS", "fF"))
            and (years or bool(who))
            and not re.search(
                r"\bfor\b|\bof\b|\bwith\b|\bin\b", self.lower[: self.tokens[limit.start].start][-6:]
            )
        )

    def _made(
        self,
        limit: Limit,
        variable: Variable,
        bounds: list[Bound],
        *,
        unit_text: str,
        unit: Unit | None,
        of: NormalLimit | None = None,
    ) -> Constraint:
        return Constraint(
            variable=variable.id,
            bounds=tuple(bounds),
            join="any-of" if limit.outside else "all-of",
            unit_text=unit_text,
            unit=unit.ucum if unit is not None else None,
            multiple_of=of,
            window=self._window(limit),
            loinc=variable.loinc_for(unit),
            rule=f"{'age' if variable.id == 'age' else variable.kind}.{limit.rule}",
            start=self.tokens[limit.start].start,
            end=self.tokens[limit.end - 1].end,
        )

    def _window(self, limit: Limit) -> Window | None:
        """The time that stands inside a limit or right behind it."""
        for token in self.tokens[limit.start : limit.end + 4]:
            if token.kind == "w":
                return _window(token, self.text[token.start : token.end])
        return None

    # The rest of the line

    def _sex(self) -> None:
        """The sex of whom the line speaks; one that only some limits are for is left in the residue."""
        at = [i for i, kind in enumerate(self.kinds) if kind in "FX"]
        if not at or any(constraint.variable != "age" for constraint in self.found):
            return
        sexes = {self.kinds[i] for i in at}
        together = not set(self.kinds[at[0] : at[-1]]) - set("FX|&/,Sf()")
        first = min(start for start, _ in self.places)
        before = at[-1] < first and self.kinds[at[-1] + 1 : at[-1] + 2] != ":"
        if len(sexes) == 2 and together:
            self._mark(at)
        elif len(sexes) == 1 and before and len(at) == 1:
            self._mark(at)
            token = self.tokens[at[0]]
            code = "female" if token.kind == "F" else "male"
            self.found.append(
                Constraint(
                    variable="sex", codes=(code,), rule="sex.subject", start=token.start, end=token.end
                )
            )

    def _alternatives(self) -> bool:
        """Whether an "or" stands between or inside the limits."""
        return "|" in self.kinds[self.places[0][0] : self.places[-1][1]]

    def _mark(self, places: list[int]) -> None:
        for place in places:
            self.used[place] = True

    def _residue(self) -> tuple[str, ...]:
        aged = any(constraint.variable == "age" for constraint in self.found)
        words = []
        joints = self._joints()
        for i, (token, used) in enumerate(zip(self.tokens, self.used, strict=True)):
            silent = token.kind in "f.:,()Sr&" or (token.kind == "C" and aged)
            silent = (
                silent or (token.kind == "|" and i in joints) or (token.kind == "w" and self._is_kept(token))
            )
            if not used and not silent:
                words.append(self.text[token.start : token.end])
        return tuple(words)

    def _joints(self) -> set[int]:
        """The places of an "or" that joins limits, or the two sexes; any other "or" is not understood."""
        between = [range(a, b) for (_, a), (b, _) in zip(self.places, self.places[1:], strict=False)]
        sexes = [i for i, kind in enumerate(self.kinds) if kind in "FX"]
        if len(sexes) > 1:
            between.append(range(sexes[0], sexes[-1]))
        return {i for span in between for i in span}

    def _is_kept(self, token: Token) -> bool:
        """Whether a time is the window of a limit; one that stands apart belongs to the only limit there is."""
        words = self.text[token.start : token.end]
        if any(
            constraint.window is not None and constraint.window.text == words for constraint in self.found
        ):
            return True
        limited = [i for i, constraint in enumerate(self.found) if constraint.bounds]
        if len(limited) != 1 or self.found[limited[0]].window is not None:
            return False
        self.found[limited[0]] = replace(self.found[limited[0]], window=_window(token, words))
        return True

    def _join(self) -> Join:
        """How the limits of the line are joined, by the words between them."""
        joins = set(self.joins)
        gaps = [
            set(self.kinds[a:b]) & set("|&/")
            for (_, a), (b, _) in zip(self.places, self.places[1:], strict=False)
        ]
        if gaps:
            spoken = [gap for gap in gaps if gap]
            if not spoken and self._one_range():
                return "all-of"
            if not spoken or not gaps[-1] or any(gap != spoken[0] or gap == {"/"} for gap in spoken):
                return "unknown"
            joins.add("any-of" if spoken[0] == {"|"} else "all-of")
        if len(joins) > 1:
            return "unknown"
        return joins.pop() if joins else "all-of"

    def _one_range(self) -> bool:
        """Whether the limits are the two ends for one variable ("Minimum age: 18 years Maximum age: 60 years")."""
        limited = [constraint for constraint in self.found if constraint.bounds]
        ends = {constraint.bounds[0].operator[0]: constraint.bounds[0].value for constraint in limited}
        single = all(len(constraint.bounds) == 1 for constraint in limited) and len(limited) == 2
        same = len({(constraint.variable, constraint.unit) for constraint in limited}) == 1
        return single and same and set(ends) == {"g", "l"} and ends["g"] < ends["l"]


_RESTATED = re.compile(r"K?[f]*\(f*(?:[NQTL]r[NQTL]|O?f*[NQTL](?:[&|r,]f*O?f*[NQTL])?P?)K?\)")


def _window(token: Token, words: str) -> Window:
    number = number_word(token.number) or token.number
    return Window(
        words, Decimal(number) if number else None, _TIME_UNITS[token.unit[0]] if token.unit else None
    )


def _specific(names: list[str]) -> list[str]:
    """The variables of a limit, each once, without the general name that a special one explains."""
    once = list(dict.fromkeys(names))
    return [name for name in once if not set(_GENERIC.get(name, ())) & set(once)]


def _joined(letters: str) -> Join:
    if set(letters) <= set("|,") and "|" in letters:
        return "any-of"
    return "all-of" if set(letters) <= set("&,") and "&" in letters else "unknown"


def _is_list(limit: Limit, variable: Variable) -> bool:
    return limit.rule == "equal" and variable.kind != "measure" and "," in limit.numbers[0].number


def _level(literal: str, variable: Variable) -> int | None:
    word = number_word(literal) if not literal.isdigit() else int(literal)
    if word is None or (is_roman(literal) and variable.kind != "class"):
        return None
    return word if variable.low <= word <= variable.high else None


def _operator(code: str) -> Operator:
    return code  # type: ignore[return-value]  # the lexer names its groups after the operators


def _unit(limit: Limit, variable: Variable) -> Unit | None:
    """The unit that is written, if the variable is measured in it; all numbers share the last one."""
    last = limit.numbers[-1]
    if last.kind == "T":
        code = _TIME_UNITS[last.unit.lstrip("- ")[0]]
        return next((unit for unit in variable.units if unit.ucum == code), None)
    return _known_unit(last.unit, variable.id) if last.kind == "Q" else None


@cache
def _known_unit(written: str, variable_id: str) -> Unit | None:
    candidates = vocabulary().units_by_alias.get(squeezed(written), ())
    return next((unit for unit in candidates if unit in vocabulary().variables[variable_id].units), None)


def _bounds(limit: Limit, variable: Variable, unit: Unit | None) -> list[Bound] | None:
    """The ends of a limit; None if one is not believable or the range is upside down."""
    bounds = []
    for token, operator in zip(limit.numbers, limit.operators, strict=True):
        if token.kind in "QT" and unit is not None and not _same_unit(token, unit, variable):
            return None
        value = _value(token, variable, unit)
        if value is None:
            return None
        bounds.append(Bound(_operator(operator), value, token.number))
    return bounds if len(bounds) == 1 or _fit_together(limit, bounds) else None


def _fit_together(limit: Limit, bounds: list[Bound]) -> bool:
    """Whether two bounds make a range, or two ends outside of one."""
    low, high = sorted(bounds, key=lambda bound: bound.operator[0])
    if (low.operator[0], high.operator[0]) != ("g", "l") or low.value == high.value:
        return False
    if low.value > high.value and limit.loose:
        limit.outside = True  # nobody is below 18 and above 60: the "and" joins two groups
    return (low.value > high.value) == limit.outside


def _same_unit(token: Token, unit: Unit, variable: Variable) -> bool:
    if token.kind == "T":
        return _TIME_UNITS[token.unit.lstrip("- ")[0]] == unit.ucum
    return _known_unit(token.unit, variable.id) == unit


def _value(token: Token, variable: Variable, unit: Unit | None) -> Decimal | None:
    """The first way to read a number that is plausible."""
    if is_roman(token.number):
        level = _level(token.number, variable)
        return Decimal(level) if level is not None else None
    word = number_word(token.number)
    for value in [Decimal(word)] if word is not None else values(token.number):
        if _plausible(value, variable, unit):
            return value
    return None


def _plausible(value: Decimal, variable: Variable, unit: Unit | None) -> bool:
    if variable.kind == "class" and value != int(value) and variable.id not in ("hoehn-yahr", "ashworth"):
        return False
    if not variable.units:
        return variable.low <= value <= variable.high
    reference = variable.units[0]
    candidates = (
        [unit] if unit is not None else [variable.assumed] if variable.assumed else list(variable.units)
    )
    return any(_within(value, variable, candidate, reference) for candidate in candidates)


def _within(value: Decimal, variable: Variable, unit: Unit, reference: Unit) -> bool:
    if unit.dimension != reference.dimension:
        return value >= 0
    return variable.low <= value * unit.factor / reference.factor <= variable.high
