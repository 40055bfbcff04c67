"""The report: where every value of a record went, found by following values."""

from fhir_trial.report.lines import entry, table
from fhir_trial.report.page import page
from fhir_trial.report.totals import Totals
from fhir_trial.report.tracing import Place, Traced, trace

__all__ = ["Place", "Totals", "Traced", "entry", "page", "table", "trace"]
