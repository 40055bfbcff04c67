"""The results of a trial: participant flow, baseline, outcome measures with analyses, adverse events.

Same rules as `fhir_trial/trial.py`: neutral names, the registry's keys by `rename`, everything as it came.
Numbers that the registry publishes as text stay text ("1,234", "<0.1", "NA"); only event counts are numbers.
A struct named `...Details` holds the fields of a part for which no HL7 element stands.
"""

from msgspec import field

from fhir_trial import tokens
from fhir_trial.values import Count, Date, Markup, Model

# --- groups and denominators ----------------------------------------------------------------------------


class ResultGroup(Model, frozen=True):
    """Participants whose results are reported together, as one module defines them."""

    id: str | None = None
    title: str | None = None
    description: Markup | None = None


class DenominatorCount(Model, frozen=True, rename="camel"):
    group_id: str | None = None
    value: str | None = None


class Denominator(Model, frozen=True):
    """How many units (participants, eyes, clinics) were analysed in each group."""

    units: str | None = None
    counts: list[DenominatorCount] | None = None


# --- participant flow -----------------------------------------------------------------------------------


class WithdrawalCount(Model, frozen=True, rename="camel"):
    group_id: str | None = None
    comment: Markup | None = None
    subjects: str | None = field(name="numSubjects", default=None)


class Achievement(WithdrawalCount, frozen=True):
    """The participants of a group, and the other units, that reached a milestone."""

    units: str | None = field(name="numUnits", default=None)


class Milestone(Model, frozen=True):
    type: str | None = None
    comment: Markup | None = None
    achievements: list[Achievement] | None = None


class Withdrawal(Model, frozen=True):
    """A reason why participants did not complete a period."""

    type: str | None = None
    comment: Markup | None = None
    reasons: list[WithdrawalCount] | None = None


class Period(Model, frozen=True, rename={"withdrawals": "dropWithdraws"}):
    title: str | None = None
    milestones: list[Milestone] | None = None
    withdrawals: list[Withdrawal] | None = None


class FlowDetails(Model, frozen=True, rename="camel"):
    pre_assignment_details: Markup | None = None
    recruitment_details: Markup | None = None
    type_units_analyzed: str | None = None


class ParticipantFlow(FlowDetails, frozen=True):
    groups: list[ResultGroup] | None = None
    periods: list[Period] | None = None


# --- measures -------------------------------------------------------------------------------------------


class Measurement(Model, frozen=True, rename="camel"):
    group_id: str | None = None
    value: str | None = None
    spread: str | None = None
    lower_limit: str | None = None
    upper_limit: str | None = None
    comment: Markup | None = None


class Category(Model, frozen=True):
    title: str | None = None
    measurements: list[Measurement] | None = None


class MeasureClass(Model, frozen=True):
    """Rows of a measure under one heading, e.g. a visit or a subscale."""

    title: str | None = None
    denominators: list[Denominator] | None = field(name="denoms", default=None)
    categories: list[Category] | None = None


class BaselineMeasureDetails(Model, frozen=True, rename="camel"):
    population_description: Markup | None = None
    param_type: tokens.MeasureParam | None = None
    dispersion_type: tokens.MeasureDispersionType | None = None
    unit_of_measure: str | None = None
    calculate_pct: bool | None = None
    denom_units_selected: str | None = None


class BaselineMeasure(BaselineMeasureDetails, frozen=True):
    title: str | None = None
    description: Markup | None = None
    denominators: list[Denominator] | None = field(name="denoms", default=None)
    classes: list[MeasureClass] | None = None


class BaselineDetails(Model, frozen=True, rename="camel"):
    population_description: Markup | None = None
    type_units_analyzed: str | None = None


class Baseline(BaselineDetails, frozen=True):
    groups: list[ResultGroup] | None = None
    denominators: list[Denominator] | None = field(name="denoms", default=None)
    measures: list[BaselineMeasure] | None = None


class AnalysisDetails(Model, frozen=True, rename="camel"):
    param_type: str | None = None
    dispersion_type: tokens.AnalysisDispersionType | None = None
    statistical_method: str | None = None
    statistical_comment: Markup | None = None
    ci_num_sides: tokens.ConfidenceIntervalNumSides | None = None
    ci_lower_limit_comment: Markup | None = None
    ci_upper_limit_comment: Markup | None = None
    tested_non_inferiority: bool | None = None
    non_inferiority_type: tokens.NonInferiorityType | None = None
    non_inferiority_comment: Markup | None = None


class Analysis(AnalysisDetails, frozen=True, rename="camel"):
    """A statistical comparison of groups, or an estimate for one."""

    param_value: str | None = None
    dispersion_value: str | None = None
    p_value: str | None = None
    p_value_comment: Markup | None = None
    ci_pct_value: str | None = None
    ci_lower_limit: str | None = None
    ci_upper_limit: str | None = None
    estimate_comment: Markup | None = None
    other_analysis_description: Markup | None = None
    group_description: Markup | None = None
    group_ids: list[str] | None = None


class OutcomeMeasureDetails(Model, frozen=True, rename="camel"):
    type: tokens.OutcomeMeasureType | None = None
    population_description: Markup | None = None
    reporting_status: tokens.ReportingStatus | None = None
    anticipated_posting_date: Date | None = None
    param_type: tokens.MeasureParam | None = None
    dispersion_type: str | None = None
    unit_of_measure: str | None = None
    calculate_pct: bool | None = None
    type_units_analyzed: str | None = None
    denom_units_selected: str | None = None


class OutcomeMeasure(OutcomeMeasureDetails, frozen=True, rename="camel"):
    title: str | None = None
    description: Markup | None = None
    time_frame: str | None = None
    groups: list[ResultGroup] | None = None
    denominators: list[Denominator] | None = field(name="denoms", default=None)
    classes: list[MeasureClass] | None = None
    analyses: list[Analysis] | None = None


class OutcomeMeasures(Model, frozen=True):
    measures: list[OutcomeMeasure] | None = field(name="outcomeMeasures", default=None)


# --- adverse events -------------------------------------------------------------------------------------


class EventGroup(ResultGroup, frozen=True, rename="camel"):
    deaths_num_affected: Count | None = None
    deaths_num_at_risk: Count | None = None
    serious_num_affected: Count | None = None
    serious_num_at_risk: Count | None = None
    other_num_affected: Count | None = None
    other_num_at_risk: Count | None = None


class EventCount(Model, frozen=True, rename="camel"):
    group_id: str | None = None
    num_events: Count | None = None
    num_affected: Count | None = None
    num_at_risk: Count | None = None


class AdverseEventDetails(Model, frozen=True, rename="camel"):
    organ_system: str | None = None
    source_vocabulary: str | None = None
    assessment_type: tokens.EventAssessment | None = None
    notes: Markup | None = None


class AdverseEvent(AdverseEventDetails, frozen=True):
    term: str | None = None
    stats: list[EventCount] | None = None


class AdverseEventsDetails(Model, frozen=True, rename="camel"):
    frequency_threshold: str | None = None
    all_cause_mortality_comment: Markup | None = None


class AdverseEvents(AdverseEventsDetails, frozen=True, rename="camel"):
    time_frame: str | None = None
    description: Markup | None = None
    groups: list[EventGroup] | None = field(name="eventGroups", default=None)
    serious: list[AdverseEvent] | None = field(name="seriousEvents", default=None)
    other: list[AdverseEvent] | None = field(name="otherEvents", default=None)


# --- more information -----------------------------------------------------------------------------------


class Limitations(Model, frozen=True):
    description: Markup | None = None


class CertainAgreement(Model, frozen=True, rename="camel"):
    """Whether an agreement limits what an investigator may publish."""

    pi_sponsor_employee: bool | None = None
    restriction_type: tokens.AgreementRestrictionType | None = None
    restrictive_agreement: bool | None = None
    other_details: Markup | None = None


class PointOfContact(Model, frozen=True, rename="camel"):
    title: str | None = None
    organization: str | None = None
    email: str | None = None
    phone: str | None = None
    phone_ext: str | None = None


class MoreInfo(Model, frozen=True, rename="camel"):
    limitations: Limitations | None = field(name="limitationsAndCaveats", default=None)
    certain_agreement: CertainAgreement | None = None
    point_of_contact: PointOfContact | None = None


class Results(Model, frozen=True):
    """What the trial found (`resultsSection`)."""

    flow: ParticipantFlow | None = field(name="participantFlowModule", default=None)
    baseline: Baseline | None = field(name="baselineCharacteristicsModule", default=None)
    outcomes: OutcomeMeasures | None = field(name="outcomeMeasuresModule", default=None)
    events: AdverseEvents | None = field(name="adverseEventsModule", default=None)
    more: MoreInfo | None = field(name="moreInfoModule", default=None)
