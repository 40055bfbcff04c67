"""Eligibility criteria: text -> tree of criteria -> constraints; knows no FHIR."""

from fhir_trial.eligibility.constraint import Bound, Constraint, Reading, Window
from fhir_trial.eligibility.criteria import Criteria, Criterion, Logic, Section, Span, SpanKind
from fhir_trial.eligibility.people import Terms
from fhir_trial.eligibility.reader import constraints
from fhir_trial.eligibility.splitter import parse

__all__ = [
    "Bound",
    "Constraint",
    "Criteria",
    "Criterion",
    "Logic",
    "Reading",
    "Section",
    "Span",
    "SpanKind",
    "Terms",
    "Window",
    "constraints",
    "parse",
]
