"""What the numbers of a limit are worth: unit, value, and whether one can believe it."""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache, lru_cache

from fhir_trial.eligibility.constraint import Bound, Constraint, Operator
from fhir_trial.eligibility.grammar import Limit
from fhir_trial.eligibility.lexer import Token, is_roman, number_word
from fhir_trial.eligibility.numerals import IN_ONE, has_points_for_thousands, mixed_time, values
from fhir_trial.eligibility.vocabulary import Unit, Variable, squeezed, vocabulary

TIME_UNITS = {"y": "a", "m": "mo", "w": "wk", "d": "d", "h": "h"}
"""First letter of a written unit of time -> UCUM."""
TIME_UNITS_OF_TWO = {"d+": "d", "m+": "mo"}
"""How the lexer marks a time in weeks and days, or years and months -> UCUM of the smaller."""


def is_list(limit: Limit, variable: Variable) -> bool:
    """Whether commas part the levels of a class ("0,1"), rather than decimals."""
    return limit.rule == "equal" and variable.kind != "measure" and "," in limit.numbers[0].number


_HALVES = {"cdr": Decimal("0.5")}
"""Scores with a level between their first two whole ones, which one counts up with."""


def follow_each_other(levels: list[Decimal], variable: Variable) -> bool:
    """Whether no level is left out between the first and the last."""
    return levels == levels_between(levels[0], levels[-1], variable)


def levels_between(first: Decimal, last: Decimal, variable: Variable) -> list[Decimal]:
    """The levels that a variable has from one to another."""
    steps = [Decimal(n) for n in range(int(variable.low), int(variable.high) + 1)]
    half = _HALVES.get(variable.id)
    steps += [half] if half is not None else []
    return sorted(step for step in steps if first <= step <= last)


def level_of(literal: str, variable: Variable) -> Decimal | None:
    """The level that a digit, a word or a roman numeral names, if the variable has it."""
    if variable.id in _HALVES and literal == str(_HALVES[variable.id]):
        return _HALVES[variable.id]
    word = number_word(literal) if not literal.isdigit() else int(literal)
    if word is None or (is_roman(literal) and variable.kind != "class"):
        return None
    return Decimal(word) if variable.low <= word <= variable.high else None


def as_operator(code: str) -> Operator:
    """The operator that a comparison was read as."""
    return code  # type: ignore[return-value]  # the lexer names its groups after the operators


def written_unit(limit: Limit, variable: Variable) -> Unit | None:
    """The unit that is written, if the variable is measured in it; all numbers share the last one."""
    mixed = mixed_unit(limit)
    if mixed:
        return next((unit for unit in variable.units if unit.ucum == mixed), None)
    return token_unit(limit.numbers[-1], variable.id)


def mixed_unit(limit: Limit) -> str:
    """Days or months, if a number is written in two units ("23 weeks 4 days"); else nothing."""
    unit = limit.numbers[-1].unit if limit.numbers[-1].unit[-1:] == "+" else limit.numbers[0].unit
    return TIME_UNITS_OF_TWO.get(unit, "")


@cache
def known_unit(written: str, variable_id: str) -> Unit | None:
    """The unit that some words stand for, if the variable is measured in it."""
    variable = vocabulary().variables[variable_id]
    upper_end = _UPPER_END.match(written)
    if upper_end is not None:
        ends = (variable.high, _SHORT_SCALES.get(variable_id))
        return variable.assumed if float(upper_end[1]) in ends and variable.kind == "score" else None
    candidates = vocabulary().units_by_alias.get(squeezed(written), ())
    return next((unit for unit in variable.units if unit in candidates), None)


_UPPER_END = re.compile(r"(?:/|out\s+of)\s*(\d+)\Z")
_SHORT_SCALES = {"pain-score": 10}
"""The upper end of scales that are also used with another one."""


def believable_bounds(limit: Limit, variable: Variable, unit: Unit | None) -> list[Bound] | None:
    """The ends of a limit; None if one is not believable or the range is upside down."""
    bounds = []
    if unit is not None and mixed_unit(limit):
        return _mixed_bounds(limit, variable, unit)
    for token, code in zip(limit.numbers, limit.operators, strict=True):
        if unit is not None and token.kind in "QT" and token_unit(token, variable.id) is not unit:
            return None
        value = _value(token.number, variable.id, unit.ucum if unit is not None else "")
        if value is None:
            return None
        bounds.append(Bound(as_operator(code), value, token.number))
    return bounds if len(bounds) == 1 or _fit_together(limit, bounds) else None


def _mixed_bounds(limit: Limit, variable: Variable, unit: Unit) -> list[Bound] | None:
    """The ends of a limit of which one is written in two units, all in the smaller of these."""
    larger = vocabulary().units["wk" if unit.ucum == "d" else "a"]
    bounds = []
    for token, code in zip(limit.numbers, limit.operators, strict=True):
        mixed = mixed_time(token.number)
        written = token_unit(token, variable.id)
        whole = token.kind == "N" or written is larger
        if mixed is None and not whole and written is not unit:
            return None
        read = _value(token.number, variable.id, (larger if whole and mixed is None else unit).ucum)
        if read is None:
            return None
        value = read * IN_ONE[unit.ucum] if whole and mixed is None else read
        bounds.append(Bound(as_operator(code), value, token.number))
    return bounds if len(bounds) == 1 or _fit_together(limit, bounds) else None


def _fit_together(limit: Limit, bounds: list[Bound]) -> bool:
    """Whether two bounds make a range, or two ends outside of one; below zero, the ends may be swapped."""
    first, second = bounds
    if first.value > second.value and second.value < 0 and limit.operators == ["ge", "le"]:
        bounds[:] = [Bound("ge", second.value, second.literal), Bound("le", first.value, first.literal)]
    low, high = sorted(bounds, key=lambda bound: bound.operator[0])
    if (low.operator[0], high.operator[0]) != ("g", "l") or low.value == high.value:
        return False
    if low.value > high.value and limit.loose:
        limit.outside = True  # nobody is below 18 and above 60: the "and" joins two groups
    return (low.value > high.value) == limit.outside


def token_unit(token: Token, variable_id: str) -> Unit | None:
    """The unit that a number is written with, if the variable is measured in it."""
    if token.kind == "T":
        return _time_unit(token.unit, variable_id)
    return known_unit(token.unit, variable_id) if token.kind == "Q" else None


@cache
def _time_unit(written: str, variable_id: str) -> Unit | None:
    code = TIME_UNITS.get(written.lstrip("- ")[:1])
    return next((unit for unit in vocabulary().variables[variable_id].units if unit.ucum == code), None)


@lru_cache(maxsize=32_768)
def _value(number: str, variable_id: str, unit_code: str) -> Decimal | None:
    """The first way to read a number that is plausible; unit_code: "" for none."""
    variable, unit = vocabulary().variables[variable_id], vocabulary().units.get(unit_code)
    if is_roman(number):
        return level_of(number, variable)
    mixed = mixed_time(number) if unit_code in IN_ONE else None
    readings = [mixed[0]] if mixed is not None and mixed[1] == unit_code else _readings(number)
    plausible = [value for value in readings if _plausible(value, variable, unit)]
    if len(plausible) > 1 and has_points_for_thousands(number):
        return None  # "ferritin > 1.000 ng/mL" is one, or a thousand
    return plausible[0] if plausible else None


def _plausible(value: Decimal, variable: Variable, unit: Unit | None) -> bool:
    if variable.kind == "class" and value.as_tuple().exponent == -1 and value == int(value):
        return False  # "CTCAE 5.0" is a version
    if variable.kind == "class" and value != int(value) and variable.id not in ("hoehn-yahr", "ashworth"):
        return False
    if not variable.units:
        return variable.low <= value <= variable.high
    candidates = (
        [unit] if unit is not None else [variable.assumed] if variable.assumed else list(variable.units)
    )
    return any(_within(value, variable, candidate) for candidate in candidates)


def _within(value: Decimal, variable: Variable, unit: Unit) -> bool:
    size = _size(unit.ucum, variable.id)
    if size is not None:
        return variable.low <= value * size <= variable.high
    if unit.ucum == "[degF]":
        return _FAHRENHEIT[0] <= value <= _FAHRENHEIT[1]
    return value >= 0


@cache
def _size(unit_code: str, variable_id: str) -> Decimal | None:
    """How much of a variable's first unit a unit is, None where that cannot be told."""
    variable, unit = vocabulary().variables[variable_id], vocabulary().units[unit_code]
    reference = variable.units[0]
    if unit.dimension == reference.dimension:
        return unit.factor / reference.factor
    if variable.molar_mass is None or {unit.dimension, reference.dimension} != _MASS_AND_MOLAR:
        return None
    grams = variable.molar_mass / 1000  # in a millimole, the common unit
    size = unit.factor / reference.factor
    return size * grams if unit.dimension == "molar-concentration" else size / grams


_ROUNDED = Decimal("0.06")
"""How far a restatement in another unit may be off: "50 kg (110 lb)", "1.5 mg/dL (130 µmol/L)"."""


def restates(said: list[Token], constraint: Constraint) -> bool:
    """Whether brackets behind a limit only repeat it, also in another unit, or name the ends of its scale."""
    numbers = [token for token in said if token.kind in "NQTL"]
    unit = token_unit(numbers[-1], constraint.variable)
    if numbers[-1].unit and unit is None and numbers[-1].kind != "L":
        return False
    same = all(token.number in _operators(constraint) for token in said if token.kind == "O")
    return (same and all(_says_the_same(token, unit, constraint) for token in numbers)) or (
        len(numbers) == 2 and same and _is_the_scale(numbers, constraint)
    )


def _operators(constraint: Constraint) -> set[str]:
    return {bound.operator for bound in constraint.bounds}


def _says_the_same(token: Token, unit: Unit | None, constraint: Constraint) -> bool:
    if token.kind == "L" or constraint.multiple_of is not None:
        unit = None
        if token.kind != "L" or token.unit != constraint.multiple_of:
            return False
    return any(
        _is_about(value, unit, bound.value, constraint)
        for value in _readings(token.number)
        for bound in constraint.bounds
    )


def _readings(number: str) -> list[Decimal]:
    word = number_word(number)
    return [Decimal(word)] if word is not None else values(number)


def _is_the_scale(numbers: list[Token], constraint: Constraint) -> bool:
    """Whether two numbers are the ends of the scale of a score ("at least 4 (0-10)")."""
    low, high = (_readings(token.number)[:1] for token in numbers)
    variable = vocabulary().variables[constraint.variable]
    if variable.kind != "score" or not low or not high or low[0] != int(variable.low):
        return False
    return all(low[0] <= bound.value <= high[0] for bound in constraint.bounds)


def _is_about(value: Decimal, unit: Unit | None, of: Decimal, constraint: Constraint) -> bool:
    if unit is None or unit.ucum == constraint.unit:
        return value == of
    if unit.ucum in _SCALES and constraint.unit in _SCALES:
        return abs(_SCALES[unit.ucum](value) - _SCALES[constraint.unit](of)) <= _ROUNDED_SCALE
    here = _size(unit.ucum, constraint.variable)
    there = _size(constraint.unit, constraint.variable) if constraint.unit is not None else None
    if here is None or there is None:
        return False
    return abs(value * here - of * there) <= _ROUNDED * of * there


_SCALES: dict[str, Callable[[Decimal], Decimal]] = {
    "Cel": lambda value: value,
    "[degF]": lambda value: (value - 32) * 5 / 9,
    "mmol/mol": lambda value: value,
    "%": lambda value: (value - Decimal("2.15")) * Decimal("10.929"),
}
"""Units that differ by more than a factor, on the scale of one of them; the last two are of HbA1c."""
_ROUNDED_SCALE = Decimal("0.9")
"""How far a restatement may be off on these: half a degree, a tenth of a per cent of HbA1c."""


_FAHRENHEIT = (80, 115)
"""Temperatures of a body."""
_MASS_AND_MOLAR = {"mass-concentration", "molar-concentration"}


def only_unit(bounds: list[Bound], variable: Variable) -> Unit | None:
    """The only unit, by its size, in which all ends of a limit without one are plausible."""
    if not variable.by_range:
        return None
    fitting = [unit for unit in variable.units if all(_within(end.value, variable, unit) for end in bounds)]
    sizes = {unit.ucum if unit.ucum == "[degF]" else _size(unit.ucum, variable.id) for unit in fitting}
    return fitting[0] if len(sizes) == 1 and None not in sizes else None
