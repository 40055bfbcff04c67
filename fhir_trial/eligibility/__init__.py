"""Eligibility criteria: text -> tree of criteria -> constraints; knows no FHIR."""

from fhir_trial.eligibility.criteria import Criteria, Criterion, Logic, Section, Span, SpanKind
from fhir_trial.eligibility.splitter import parse

__all__ = ["Criteria", "Criterion", "Logic", "Section", "Span", "SpanKind", "parse"]
