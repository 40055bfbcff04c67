"""Finds limits in the tokens of a line: patterns over token letters, tried from left to right."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from fhir_trial.eligibility.lexer import Token, is_about_age
from fhir_trial.eligibility.patterns import listed
from fhir_trial.eligibility.provisos import opens_a_proviso
from fhir_trial.eligibility.vocabulary import squeezed, vocabulary
from fhir_trial.eligibility.words import abbreviates

_N = "[NQTL]"
# What can stand behind (or before) a variable. Named groups a, b: the numbers; o, p: their comparisons.
_BODIES = (
    ("between", rf"b[fwA(]*(?:(?P<o>O)f*)?(?P<a>{_N})K?[wf]*[&r]{{1,2}}f*(?:(?P<p>O)f*)?(?P<b>{_N})"),
    ("without", rf"o\(?(?P<a>{_N})[r&](?P<b>{_N})"),
    ("outside", rf"(?P<o>O)[fA:]*(?P<a>{_N})K?[wf]*[,(]?\|[fA]*(?P<p>O)[fA:]*(?P<b>{_N})"),
    ("double", rf"(?P<o>O)[fA:]*(?P<a>{_N})K?[wf]*+[,.(]?[&rf,]?[fA(]*(?P<p>O)[fA:]*(?P<b>{_N})"),
    ("mixed", rf"(?:b[fwA(]*)?(?P<a>{_N})K?f*r{{1,2}}f*(?P<p>O)f*(?P<b>{_N})"),
    ("spread", rf"(?P<o>O)f*(?P<a>{_N})K?rf*(?P<b>{_N})"),
    ("range", rf"(?P<a>{_N})K?f*rf*(?P<b>{_N})"),
    ("single", rf"(?P<o>O)[fA:]*(?P<a>{_N})"),
    ("after", rf"(?P<a>{_N})K?(?:[,(f]|(?<=T)\.)?(?P<q>P)(?:[&,f]{{1,2}}(?P<p>O)[fA:]*(?P<b>{_N}))?"),
    ("multiple", r"(?P<o>O)f*(?P<u>U)"),
    ("list", r"(?P<list>[NQ](?:[,/|&]+f*[NQ])+)"),
    ("equal", rf"(?P<a>{_N})"),
)
_FORMS = tuple((rule, re.compile(pattern)) for rule, pattern in _BODIES)
_NUMBERS_OF = {
    rule: tuple(pattern.groupindex[name] for name in "abu" if name in pattern.groupindex)
    for rule, pattern in _FORMS
}
_COMPARISONS_OF = {
    rule: tuple(pattern.groupindex[name] for name in "qop" if name in pattern.groupindex)
    for rule, pattern in _FORMS
}
"""The groups of a form that are its numbers and its comparisons, in the order of the numbers."""
_FROM_A_NUMBER = ("mixed", "range", "after", "list", "equal")
# Only those that can begin with a letter are tried there.
_BEGINNING = {
    **dict.fromkeys("NQTLM", tuple(form for form in _FORMS if form[0] in _FROM_A_NUMBER)),
    "O": tuple(form for form in _FORMS if form[0] not in {*_FROM_A_NUMBER, "between", "without"}),
    "b": tuple(form for form in _FORMS if form[0] in ("between", "mixed")),
    "o": tuple(form for form in _FORMS if form[0] == "without"),
}
_START = re.compile("[VANQTLObo]")
_VARIABLES = re.compile(r"[VA](?:f*+(?:[&|,/()]{1,3}+f*+)?[VA]\)?)*")
_LED = re.compile(rf"(?P<o>O)f*(?P<v>[VA])(?:\([^()]{{1,3}}\))?[f:(]*(?P<a>{_N})")
_SANDWICH = re.compile(rf"(?P<a>{_N})K?(?P<o>O)(?P<v>[VA])f*(?:(?P<p>O)f*(?P<b>{_N}))?")
_GOES_ON = re.compile(r"[,|&/]+f*[NQ]")
_MORE = re.compile(r"[NQT](?!\.[^N]|w)")
"""A number that goes on, but not that of the next item ("5.") or of a time ("7 days before enrolment")."""
_AGAIN = re.compile(r"K?P")
_BEFORE = re.compile(r"K?[f(]{0,4}(?:(?<=f)NrNf?)?(?P<v>[VA])\)?")
"""The variable behind its limit, also behind its scale ("above 4 on a 0-10 pain scale")."""
_FOR_A_SEX = re.compile(r"[f?(,]{0,3}(?P<sex>[FX])[Sf]?\)?[,&|/]{0,3}f*")
"""Whom a limit was for, and what joins the limit for the others to it ("in men or ...")."""
_A_SEX = re.compile(r"[f?(,]{0,3}(?P<sex>[FX])")
_SEX_FIRST = re.compile(r"[(),:&|/f]{0,4}(?P<sex>[FX])S?[:f]{0,2}")
_LED_BY_SEX = re.compile(r"(?P<sex>[FX])S?f{1,2}\Z")
_SEX_IN_BRACKETS = re.compile(r"\(f?(?P<sex>[FX])S?:f*")
_BOTH_SEXES = re.compile(
    r"[f:]{0,3}(?P<o>O)f*(?P<a>[NQ])[/|&,]{1,2}f*(?P<p>O)?f*(?P<b>[NQ])[f?(,]{0,3}(?P<sex>[FX])S?[/|&,f]{1,3}"
    r"(?!(?P=sex))[FX]"
)
"""Two limits, and behind them whom they are for ("above 102/88 cm in men/women")."""
_ANOTHER_VALUE = re.compile(r"[^VANQTLMUObP]{0,16}+(?P<o>O)f*(?P<a>[QL])")
"""Another comparison and value behind a limit, without a variable of its own."""
_OF_PRESSURE = ("bp", "sbp", "dbp")
_ANOTHER_QUANTITY = listed("only infant group")
"""Words of the lists that in brackets behind a name make it something else."""
_SCALE = re.compile(r"f*\(f*NrNf*\)f?(?=[OPN])")
"""The ends of a scale in brackets, between its name and the limit."""
_SECOND_PRESSURE = re.compile("/[NQ]")
_PRESSURES = re.compile(r"[f:,(]{0,3}(?P<o>O)?f*(?P<a>[NQ])/(?P<b>[NQ])f*(?P<q>P)?")


@dataclass(slots=True)
class Limit:
    """A limit as found: which tokens are its variables, its numbers and its comparisons."""

    rule: str
    start: int
    end: int
    variables: list[Token]
    numbers: list[Token]
    operators: list[str]
    outside: bool = False
    """The two numbers are alternatives ("below 40 or above 60")."""
    joined_by: str = ""
    """The letters between the variables that share it."""
    age: bool = False
    before: bool = False
    """It stands in front of its variable."""
    bare: bool = False
    """A number of years that nothing calls an age."""
    loose: bool = False
    """An "and" that may mean alternatives ("below 18 and above 60")."""
    sex: str = ""
    """The letter of the only people whom it is for, both letters if it is two limits."""
    listed: list[Token] = field(default_factory=list)


_OR_EQUAL = re.compile(r"\|O(?![fNQTL])")
"""Behind a value: "above 60 mL/min or equal"."""
_WITH_ITS_END = {"gt": "ge", "lt": "le"}
_FLIPPED = {"ge": "le", "gt": "lt", "le": "ge", "lt": "gt", "eq": "eq"}


def limits(found: list[Token], kinds: str) -> Iterator[Limit]:
    """The limits of a line, left to right, none sharing a token with another; kinds: the tokens' letters."""
    start = _START.search(kinds)
    sexes = "F" in kinds or "X" in kinds  # most lines name none
    while start is not None:
        limit = _limit(kinds, found, start.start())
        if limit is not None:
            other = _for_the_other_sex(kinds, found, limit) if sexes and limit.variables else None
            yield limit
            while other is not None or (other := _in_another_case(kinds, found, limit)) is not None:
                yield other
                limit, other = other, None
        start = _START.search(kinds, start.end() if limit is None else limit.end)


def _limit(kinds: str, found: list[Token], position: int) -> Limit | None:
    kind = kinds[position]
    if kind in "VA":
        return _after_variable(kinds, found, position)
    return _sandwich(kinds, found, position) or _before_variable(kinds, found, position)


def _after_variable(kinds: str, found: list[Token], position: int) -> Limit | None:
    if position > 1 and found[position - 1].text == "to" and kinds[position - 2] in "VA":
        return None  # the second of a ratio
    end = _end_of_variables(kinds, position)
    variables = _variables(kinds, found, position, end)
    pressures = _PRESSURES.match(kinds, end) if variables[0].unit in _OF_PRESSURE else None
    if pressures is not None and all(variable.unit in _OF_PRESSURE for variable in variables):
        said = next((name for name in ("o", "q") if pressures[name]), None)
        operator = found[pressures.start(said)].number if said is not None else "eq"
        numbers = [found[pressures.start("a")], found[pressures.start("b")]]
        return Limit("pair", position, pressures.end(), variables, numbers, [operator, operator])
    both = _BOTH_SEXES.match(kinds, end) if "X" in kinds else None
    if both is not None:
        numbers = [found[both.start("a")], found[both.start("b")]]
        operator = found[both.start("o")].number
        operators = [operator, found[both.start("p")].number if both["p"] else operator]
        return Limit("by-sex", position, both.end("b"), variables, numbers, operators, sex="FX")
    for link_end in _link_ends(kinds, found, end):
        limit = _body(kinds, found, link_end)
        if limit is not None and variables[0].unit == "map" and _SECOND_PRESSURE.match(kinds, limit.end):
            return None  # a "mean blood pressure" of two numbers is not the mean of the two
        if limit is not None:
            limit.variables = variables + _variables(kinds, found, end, link_end)
            limit.joined_by = _joints(kinds[position:end])
            limit.start = position
            _said_twice(limit, kinds, found)
            if kinds.startswith("K", limit.end) and kinds[position] == "A":
                limit.end += 1
            return limit
    return _led_by_a_sex(kinds, found, position, end) if "X" in kinds else None


def _end_of_variables(kinds: str, position: int) -> int:
    """Where a variable ends, or the list that it begins."""
    if kinds[position + 1 : position + 2] not in _AND_MORE:
        return position + 1
    group = _VARIABLES.match(kinds, position)
    assert group is not None
    return group.end()


_AND_MORE = frozenset("f&|,/()VA")


def _variables(kinds: str, found: list[Token], start: int, end: int) -> list[Token]:
    return [found[i] for i in range(start, end) if kinds[i] in "VA"]


def _joints(kinds: str) -> str:
    """The letters that join variables."""
    return "".join([kind for kind in kinds if kind in "&|,/("]) if len(kinds) > 1 else ""


def _led_by_a_sex(kinds: str, found: list[Token], start: int, end: int) -> Limit | None:
    """The first of two limits that stand behind their sexes ("men above 102 cm, women above 88 cm")."""
    led = _SEX_FIRST.match(kinds, end)
    limit = _body(kinds, found, led.end()) if led is not None and kinds[start] == "V" else None
    if led is None or limit is None or limit.rule == "equal":
        return None
    limit.variables, limit.sex = _variables(kinds, found, start, end), led["sex"]
    limit.joined_by = _joints(kinds[start:end])
    limit.start = start
    return limit if _for_the_other_sex(kinds, found, limit) is not None else None


def _for_the_other_sex(kinds: str, found: list[Token], limit: Limit) -> Limit | None:
    """The limit that goes on for the other sex ("... in men or above 88 cm in women")."""
    if limit.rule in ("by-sex", "pair", "equal", "list"):
        return None
    led = None if limit.sex else _LED_BY_SEX.search(kinds, 0, limit.start)
    if led is not None and _FOR_A_SEX.match(kinds, limit.end) is not None:
        limit.sex = led["sex"]  # "men with QTc above 450 ms, women above 470 ms"
        other = _for_the_other_sex(kinds, found, limit)
        if other is None:
            limit.sex = ""
        return other
    pattern = _SEX_FIRST if limit.sex else _FOR_A_SEX
    here = _SEX_IN_BRACKETS.match(kinds, limit.end) or pattern.match(kinds, limit.end)
    if here is None:
        return None
    in_brackets = not limit.sex and kinds[here.end() - 1] == ":"
    other = _body(kinds, found, here.end())
    if other is None or other.rule == "equal":
        if kinds[here.end() : here.end() + 1] not in ("N", "Q") or len(limit.operators) > 1:
            return None
        number = found[here.end()]
        other = Limit("single", here.end(), here.end() + 1, [], [number], limit.operators[:1])
    if limit.sex:
        sex = here["sex"]
        if sex == limit.sex:
            return None
    elif in_brackets:
        sex = here["sex"]
    else:
        behind = _A_SEX.match(kinds, other.end)
        if behind is None or behind["sex"] == here["sex"]:
            return None
        sex, limit.sex = behind["sex"], here["sex"]
    other.variables, other.joined_by, other.sex = limit.variables, limit.joined_by, sex
    return other


def _in_another_case(kinds: str, found: list[Token], limit: Limit) -> Limit | None:
    """The limit of the same for some, or where something else holds ("..., or below 5 x ULN if ...")."""
    if limit.rule not in ("single", "multiple") or limit.before or not limit.variables:
        return None
    value = _ANOTHER_VALUE.match(kinds, limit.end)
    if value is None:
        return None
    between = found[limit.end : value.start("o")]
    joints = [at for at, token in enumerate(between) if token.kind in "|&,("]
    if not joints or (joints[0] > 0 and not opens_a_proviso(between, 0)):
        return None
    led = any(opens_a_proviso(between, _behind_fillers(between, joint + 1)) for joint in joints)
    if not led and not opens_a_proviso(found, value.end()):
        return None
    operators = [found[value.start("o")].number]
    other = Limit(
        "single", value.start("o"), value.end(), limit.variables, [found[value.start("a")]], operators
    )
    other.joined_by = limit.joined_by
    return other


def _behind_fillers(found: list[Token], at: int) -> int:
    while at < len(found) and found[at].kind == "f" and not opens_a_proviso(found, at):
        at += 1
    return at


def _link_ends(kinds: str, found: list[Token], position: int) -> Iterator[int]:
    """Where the limit of a variable may begin: behind words that only lead to it."""
    end = position
    # "Haemoglobin of newborns", "weight of the infant" may be somebody else's
    through = "fw:,.rVA()SCK" if kinds[position - 1] == "A" else "fw:,.rVA()S"
    scale = _SCALE.match(kinds, end)
    if scale is not None:  # "MoCA (0-30) at least 26"
        yield scale.end()
    if kinds.startswith("(", end):
        close = kinds.find(")", end, end + 5)
        if close > 0 and not _may_stand_behind(found[end - 1].text, found[end + 1 : close]):
            return  # "ALT (unless of the liver) below 2 x ULN", "glucose (CSF) below 40 mg/dL"
        if close > 0 and not set(kinds[end + 1 : close]) - set("?VAfw/"):
            yield close + 1
            end = close + 1
    for _ in range(8):
        yield end
        if end >= len(kinds) or kinds[end] not in through:
            return
        if found[end].text == "to" and kinds[end + 1 : end + 2] in ("V", "A"):
            return  # "LDL to HDL > 3" is a ratio
        end += 1


def _may_stand_behind(name: str, said: list[Token]) -> bool:
    """Whether brackets behind a name leave it what it is: words of lists, another form of it, or its unit."""
    strange = [token for token in said if token.kind == "?"]
    if any(token.text in _ANOTHER_QUANTITY for token in said):
        return False
    if not strange or squeezed("".join(token.text for token in said)) in vocabulary().units_by_alias:
        return True
    only = strange[0].text
    return len(strange) == 1 and (abbreviates(only, name) or squeezed(name) in squeezed(only))


def _body(kinds: str, found: list[Token], position: int) -> Limit | None:
    for rule, pattern in _BEGINNING.get(kinds[position : position + 1], ()):
        match = pattern.match(kinds, position)
        if match is not None:
            limit = _read(rule, match, found)
            if rule == "single" and limit.operators == ["eq"] and _GOES_ON.match(kinds, match.end()):
                return _counted_up(kinds, found, match)
            if limit.rule == "spread" and not _goes_to(match, found):
                return None  # "> 18-65": which of the two is meant?
            if limit.rule == "multiple" and _TIMES.fullmatch(_text(found, match.end())):
                return None  # "above ULN x 3"
            if _hangs_together(limit, match, kinds, found):
                return limit
    return None


def _counted_up(kinds: str, found: list[Token], match: re.Match[str]) -> Limit | None:
    """The levels behind an equals sign ("ECOG = 0, 1 or 2")."""
    listed = _LIST.match(kinds, match.start("a"))
    if listed is None:
        return None
    limit = _read("list", listed, found)
    limit.start = match.start()
    return limit


_LIST = dict(_FORMS)["list"]


def _unit_goes_on(found: list[Token], slash: int) -> bool:
    """Whether a unit is longer than the one that is known: "mL/min/1.73 of something", "mg/dL/day"."""
    if slash + 1 >= len(found):
        return False
    before, behind = found[slash - 1], found[slash + 1]
    if behind.kind == "?":
        return before.end == found[slash].start and found[slash].end == behind.start
    return behind.number.startswith("1") and before.unit.endswith(("min", "minute"))


def _number_goes_on(found: list[Token], sign: int) -> bool:
    """Whether a number is more than its first digits: "10^6/L", "36+6", "3+4"."""
    if found[sign].text[0] in "^⁰¹²³⁴⁵⁶⁷⁸⁹":
        return True
    if found[sign].text != "+" or sign + 1 >= len(found):
        return False
    before, behind = found[sign - 1], found[sign + 1]
    return bool(behind.number) and before.end == found[sign].start and found[sign].end == behind.start


def _goes_to(match: re.Match[str], found: list[Token]) -> bool:
    """Whether a sign says how a range begins, and a word that it goes on: "≥ 5 to 27"."""
    first, second = match.start("a"), match.start("b")
    sign = found[first - 1]
    return sign.number in ("ge", "gt") and not sign.text[0].isalpha() and found[second - 1].text == "to"


_TIMES = re.compile("[x×*]|times")


def _text(found: list[Token], place: int) -> str:
    return found[place].text if place < len(found) else ""


def _hangs_together(limit: Limit, match: re.Match[str], kinds: str, found: list[Token]) -> bool:
    """Whether nothing around a limit says that it goes on, or is something else."""
    if limit.rule in ("double", "outside", "between"):
        if {code[0] for code in limit.operators} != {"g", "l"}:
            return False
        if limit.rule != "between" and {number.kind for number in limit.numbers} == {"Q", "T"}:
            return False  # "arm < 110 mm and older than 6 months" are two quantities
    end, start = match.end(), match.start()
    if kinds.startswith("Q/", end - 1) and _unit_goes_on(found, end):
        return False
    if kinds.startswith("?", end) and _number_goes_on(found, end):
        return False
    more = _MORE.match(kinds, end)  # "23 weeks 6 days", "22 4/7 weeks", but not "0 or 1 5. Gout"
    if more is not None and not _numbers_an_item(kinds, more.end()):
        return False
    if limit.rule != "equal":
        return True
    numbered = kinds[start - 1 : start] == "(" and kinds[end : end + 1] == ")"  # "(2) gout"
    following = _GOES_ON.match(kinds, end)
    goes_on = following is not None and not _numbers_an_item(kinds, following.end())
    return not numbered and not goes_on and kinds[end : end + 1] not in ("?", "r", "M", "O")


def _numbers_an_item(kinds: str, end: int) -> bool:
    """Whether a number that ends here is that of the next item ("2)"), not the last one in brackets."""
    return kinds.startswith(")", end) and kinds.rfind("(", 0, end) <= kinds.rfind(")", 0, end)


def _read(rule: str, match: re.Match[str], found: list[Token]) -> Limit:
    spans = match.regs
    numbers = [found[place] for group in _NUMBERS_OF[rule] if (place := spans[group][0]) >= 0]
    comparisons = [found[place] for group in _COMPARISONS_OF[rule] if (place := spans[group][0]) >= 0]
    operators = [comparison.number for comparison in comparisons]
    if rule == "between":
        operators = [found[at].number if (at := match.start(of)) >= 0 else code for of, code in _ENDS]
    elif rule == "range":
        operators = ["ge", "le"]
    elif rule == "without":
        operators = ["lt", "gt"]
    elif rule == "mixed":
        operators = ["ge", *operators]
    elif rule == "spread" and operators == ["eq"]:
        operators, rule = ["ge", "le"], "range"
    elif rule == "spread":
        operators.append("le")
    elif rule == "after" and len(numbers) == 2:
        rule = "double"
    elif rule == "equal":
        operators = ["eq"]
    listed = [found[i] for i in range(*match.span("list")) if found[i].number] if rule == "list" else []
    end = spans[0][1]
    if len(listed) > 2 and _numbers_an_item(match.string, end):  # "0 or 1; 6) no stroke"
        listed.pop()
        end = found.index(listed[-1]) + 1
    if rule == "outside" and _is_denied(comparisons[0]) and not _is_denied(comparisons[1]):
        # "not under 18 or over 65": neither of the two
        operators, rule = [operators[0], _DENIED[operators[1]]], "double"
    outside = rule in ("outside", "without")
    limit = Limit(rule, spans[0][0], end, [], numbers, operators, outside, listed=listed)
    said = match[0]
    limit.age = "A" in said or "K" in said
    for comparison in comparisons:
        limit.age = limit.age or is_about_age(comparison.text)
    limit.loose = rule == "double" and "&" in said
    return limit


_ENDS = (("o", "ge"), ("p", "le"))
"""The comparisons of a "between", and what it means without them."""


_DENIED = {"ge": "lt", "gt": "le", "le": "gt", "lt": "ge"}


def _is_denied(comparison: Token) -> bool:
    """Whether a comparison is the denial of its opposite ("not below")."""
    return comparison.text.startswith(("no", "never"))


def leaves_a_denial_open(found: list[Token]) -> bool:
    """Whether an "or" behind a denied comparison may go on with what is denied ("not > 2 or < 60 %")."""
    denied = joined = False
    for token in found:
        if token.kind == "O":
            if denied and joined and not _is_denied(token):
                return True
            denied, joined = _is_denied(token), False
        elif token.kind == "|":
            joined = True
    return False


def _sandwich(kinds: str, found: list[Token], position: int) -> Limit | None:
    """The variable between its numbers: "18 ≤ age ≤ 75", or behind the comparison: "50 % ≤ LVEF"."""
    led = _LED.match(kinds, position)
    if led is not None:  # "minimum weight of 50 kg"
        numbers = [found[led.start("a")]]
        return Limit("led", position, led.end(), [found[led.start("v")]], numbers, [found[position].number])
    match = _SANDWICH.match(kinds, position)
    if match is None:
        return None
    if found[match.start("o")].number == "eq":
        return None  # "10 = BDI < 30" has lost a sign
    numbers = [found[match.start("a")]]
    operators = [_FLIPPED[found[match.start("o")].number]]
    if match["b"] is not None:
        numbers.append(found[match.start("b")])
        operators.append(found[match.start("p")].number)
    return Limit("sandwich", position, match.end(), [found[match.start("v")]], numbers, operators)


def _before_variable(kinds: str, found: list[Token], position: int) -> Limit | None:
    """A limit in front of what it limits: "at least 21 years of age", "over 50 kg body weight"."""
    limit = _body(kinds, found, position)
    if limit is None:
        return None
    if kinds.startswith("K", limit.end):
        limit.end += 1
        limit.age = True
        if kinds.startswith("P", limit.end) and limit.rule == "equal":
            limit.operators = [found[limit.end].number]
            limit.rule = "after"
            limit.end += 1
    _said_twice(limit, kinds, found)
    if limit.age:
        return limit
    behind = _BEFORE.match(kinds, limit.end)
    if behind is not None and limit.rule == "equal" and kinds.startswith("P", behind.end()):
        limit.operators, limit.rule = [found[behind.end()].number], "after"  # "37 weeks gestation or more"
        limit.variables, limit.before, limit.end = [found[behind.start("v")]], True, behind.end() + 1
        return limit
    whole_scale = limit.rule == "range" and not set(kinds[limit.start : limit.end]) & set(
        "QTO"
    )  # "0-10 scale"
    if (
        behind is not None
        and limit.rule != "equal"
        and (not whole_scale or found[behind.start("v")].unit in ("age", "gestational-age"))
        and _own_body(kinds, found, behind.end()) is None
    ):
        limit.variables = [found[behind.start("v")]]
        limit.before = True
        limit.end = behind.end()
        group = _VARIABLES.match(kinds, behind.start("v"))
        if (
            "L" in kinds[limit.start : behind.start("v")] and group is not None and len(group[0]) > 1
        ):  # "above 3 x ULN for ALT, AST and GGT"
            limit.variables = _variables(kinds, found, group.start(), group.end())
            limit.joined_by = _joints(group[0])
            limit.end = max(limit.end, group.end())
        return limit
    limit.bare = True
    return limit


def _said_twice(limit: Limit, kinds: str, found: list[Token]) -> None:
    """Take in a comparison that only repeats the first ("at least 21 years of age or older")."""
    if limit.rule != "single":
        return
    if _OR_EQUAL.match(kinds, limit.end) is not None and found[limit.end + 1].text.startswith("equal"):
        limit.operators = [_WITH_ITS_END.get(limit.operators[0], limit.operators[0])]
        limit.end += 2
        return
    match = _AGAIN.match(kinds, limit.end)
    if match is not None and found[match.end() - 1].number[0] == limit.operators[0][0]:
        limit.age = limit.age or is_about_age(found[match.end() - 1].text) or "K" in match[0]
        limit.end = match.end()


def _own_body(kinds: str, found: list[Token], position: int) -> Limit | None:
    """The limit that a variable has behind itself, so that the one before it is not its own."""
    for end in _link_ends(kinds, found, position):
        limit = _body(kinds, found, end)
        if limit is not None and limit.rule == "equal" and set(kinds[position:end]) & set(",.)"):
            return None  # the number of the next item of a list
        if (limit is not None and kinds[end] != "O") or (
            limit is not None and kinds[position : end + 1].count("O")
        ):
            return limit
    return None
