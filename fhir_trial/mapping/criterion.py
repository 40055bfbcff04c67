"""Group.characteristic of a criterion that was understood: a code, a Quantity or Range in UCUM, a concept.

The limits keep the polarity of the words; `exclude` says which section they stand in. A line with several
limits, or with alternatives, becomes a Group of its own that says how its members are joined.
"""

from decimal import Decimal
from typing import Any, NamedTuple

from fhir_trial.codemaps import system
from fhir_trial.eligibility import Bound, Constraint, Reading, Window
from fhir_trial.mapping.graph import Graph
from fhir_trial.mapping.time_span import UCUM
from fhir_trial.mapping.urls import EXTENSION

Element = dict[str, Any]

_COMPARATORS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
_LANGUAGE_TAGS = "urn:ietf:bcp:47"


class Combined(NamedTuple):
    """Several characteristics that belong together: the members of a Group of its own."""

    members: "list[Element | Combined]"
    join: str


def coded(reading: Reading, graph: Graph) -> Element | Combined | None:
    """The computable form of a line; None unless all of it was understood."""
    if reading.status != "computable":
        return None
    members = [_constraint(constraint, graph) for constraint in reading.constraints]
    return members[0] if len(members) == 1 else Combined(members, reading.join)


def _constraint(constraint: Constraint, graph: Graph) -> Element | Combined:
    if constraint.bounds:
        values = _values(constraint)
        join = constraint.join
    else:
        values = _concepts(constraint, graph)
        # who speaks neither of two languages: each of them is denied
        join = "all-of" if constraint.negated else "any-of"
    written = [_characteristic(constraint, value, graph) for value in values]
    return written[0] if len(written) == 1 else Combined(list(written), join)


def _characteristic(constraint: Constraint, value: Element, graph: Graph) -> Element:
    written: Element = {}
    if constraint.window or constraint.multiple_of:
        written["modifierExtension"] = _modifiers(constraint)
    written["code"] = _code(constraint, graph)
    written |= value
    written["exclude"] = constraint.negated and "valueBoolean" not in value
    return written


def _modifiers(constraint: Constraint) -> list[Element]:
    """What code and value may not be read without.

    The time is one of them: who passes over "within six months" asks for something at any time. `period` has
    dates, and no release has another element for a time that is relative to the study.
    """
    written = [_window(constraint.window)] if constraint.window else []
    if constraint.multiple_of:
        written.append({"url": EXTENSION + "multiple-of-limit", "valueCode": constraint.multiple_of})
    return written


def _window(window: Window) -> Element:
    """When the limit has to hold: the words, and the length where they state one."""
    inner: list[Element] = [{"url": "text", "valueString": window.text}]
    if window.value is not None and window.unit:
        duration = {"value": _number(window.value), "unit": window.unit, "system": UCUM, "code": window.unit}
        inner.append({"url": "length", "valueDuration": duration})
    return {"url": EXTENSION + "time-window", "extension": inner}


def _code(constraint: Constraint, graph: Graph) -> Element:
    variable = constraint.variable
    if variable in ("age", "sex"):
        return graph.maps.characteristic.concept(variable)
    own = {"system": system("eligibility-variable", graph.release), "code": variable}
    if variable == "condition":
        return {
            "coding": [{"system": system("snomed", graph.release), "code": "64572001"}, own],
            "text": "Disease",
        }
    coding = (
        [{"system": system("loinc", graph.release), "code": constraint.loinc}] if constraint.loinc else []
    )
    return {"coding": [*coding, own]}


# --- values ---------------------------------------------------------------------------------------------


def _values(constraint: Constraint) -> list[Element]:
    """valueRange for "from … to …"; else a valueQuantity per bound."""
    bounds = constraint.bounds
    if constraint.join == "all-of" and not constraint.multiple_of and len(bounds) == 2:
        by_operator = {bound.operator: bound for bound in bounds}
        low, high = by_operator.get("ge"), by_operator.get("le")
        if low and high and low.value <= high.value:
            return [{"valueRange": {"low": _quantity(low, constraint), "high": _quantity(high, constraint)}}]
    return [{"valueQuantity": _quantity(bound, constraint, comparator=True)} for bound in bounds]


def _quantity(bound: Bound, constraint: Constraint, *, comparator: bool = False) -> Element:
    quantity: Element = {"value": _number(bound.value)}
    if comparator and bound.operator in _COMPARATORS:
        quantity["comparator"] = _COMPARATORS[bound.operator]
    if constraint.multiple_of:
        quantity["unit"] = f"× {constraint.multiple_of}"
    elif constraint.unit:
        quantity["unit"] = constraint.unit_text or constraint.unit
        quantity["system"] = UCUM
        quantity["code"] = constraint.unit
    return quantity


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _concepts(constraint: Constraint, graph: Graph) -> list[Element]:
    variable = constraint.variable
    if not constraint.codes:
        return [{"valueBoolean": not constraint.negated}]
    uri = {
        "sex": system("administrative-gender", graph.release),
        "language": _LANGUAGE_TAGS,
        "language-literacy": _LANGUAGE_TAGS,
        "condition": system("mesh", graph.release),
    }[variable]
    return [
        {"valueCodeableConcept": {"coding": [{"system": uri, "code": code}]}} for code in constraint.codes
    ]
