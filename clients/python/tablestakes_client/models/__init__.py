"""Contains all the data models used in inputs/outputs"""

from .about_body import AboutBody
from .accuracy import Accuracy
from .activation import Activation
from .active_policy import ActivePolicy
from .ad_policy import AdPolicy
from .amount import Amount
from .approval import Approval
from .approved_bounds import ApprovedBounds
from .audit_page import AuditPage
from .audit_record_body import AuditRecordBody
from .audit_record_body_document import AuditRecordBodyDocument
from .axis import Axis
from .axis_scale import AxisScale
from .bar_series import BarSeries
from .bars import Bars
from .basis import Basis
from .beside_body import BesideBody
from .beside_body_verdict import BesideBodyVerdict
from .billing import Billing
from .bound import Bound
from .budget_body import BudgetBody
from .calendar_body import CalendarBody
from .calibration_facts import CalibrationFacts
from .calibration_facts_errors import CalibrationFactsErrors
from .campaign_body import CampaignBody
from .campaign_page import CampaignPage
from .campaign_report import CampaignReport
from .campaign_write import CampaignWrite
from .cause import Cause
from .changed_figure import ChangedFigure
from .changed_figure_verdict import ChangedFigureVerdict
from .changed_limit import ChangedLimit
from .changed_limit_kind import ChangedLimitKind
from .changed_limit_side import ChangedLimitSide
from .changed_parameter import ChangedParameter
from .changed_place import ChangedPlace
from .changes import Changes
from .check_outcome import CheckOutcome
from .choice import Choice
from .choice_open_shares import ChoiceOpenShares
from .choice_outcomes import ChoiceOutcomes
from .choice_shares import ChoiceShares
from .claim import Claim
from .claim_sign import ClaimSign
from .column import Column
from .comparison_body import ComparisonBody
from .comparison_body_side import ComparisonBodySide
from .context import Context
from .contrast import Contrast
from .control import Control
from .counterfactuals import Counterfactuals
from .data_facts import DataFacts
from .day import Day
from .day_tally import DayTally
from .demand import Demand
from .demand_body import DemandBody
from .demand_page import DemandPage
from .details import Details
from .details_libraries import DetailsLibraries
from .dial_body import DialBody
from .dial_range import DialRange
from .difference_body import DifferenceBody
from .difference_page import DifferencePage
from .diner_body import DinerBody
from .diner_page import DinerPage
from .diner_record import DinerRecord
from .diner_write import DinerWrite
from .direction import Direction
from .eligibility import Eligibility
from .embedding_plane import EmbeddingPlane
from .erased import Erased
from .estimated import Estimated
from .event_body import EventBody
from .event_receipt import EventReceipt
from .event_write import EventWrite
from .event_write_type import EventWriteType
from .exchange_rate import ExchangeRate
from .explained_feature import ExplainedFeature
from .explanation import Explanation
from .explanation_without_payment import ExplanationWithoutPayment
from .exposure_body import ExposureBody
from .fairness import Fairness
from .fairness_body import FairnessBody
from .fairness_body_findings_item import FairnessBodyFindingsItem
from .fairness_body_metrics import FairnessBodyMetrics
from .fairness_policy import FairnessPolicy
from .fairness_rivals import FairnessRivals
from .faithfulness import Faithfulness
from .faithfulness_margins import FaithfulnessMargins
from .faithfulness_margins_value import FaithfulnessMarginsValue
from .feature_importance import FeatureImportance
from .feature_importance_side import FeatureImportanceSide
from .feature_term import FeatureTerm
from .fidelity import Fidelity
from .field_error import FieldError
from .figure import Figure
from .figure_body import FigureBody
from .form import Form
from .freeze_body import FreezeBody
from .freeze_reason import FreezeReason
from .freeze_write import FreezeWrite
from .front_about import FrontAbout
from .front_age import FrontAge
from .front_body import FrontBody
from .front_body_provenance import FrontBodyProvenance
from .front_page import FrontPage
from .get_recommendations_explain import GetRecommendationsExplain
from .group_body import GroupBody
from .group_comparison import GroupComparison
from .group_comparison_side import GroupComparisonSide
from .group_figure import GroupFigure
from .group_of import GroupOf
from .grouped_by import GroupedBy
from .headline import Headline
from .health import Health
from .health_checks import HealthChecks
from .health_status import HealthStatus
from .infeasible import Infeasible
from .interaction import Interaction
from .item_explanation import ItemExplanation
from .lack import Lack
from .lack_code import LackCode
from .least_bid import LeastBid
from .least_bid_billing import LeastBidBilling
from .lesson_body import LessonBody
from .lesson_page import LessonPage
from .lesson_run_body import LessonRunBody
from .lesson_run_body_state import LessonRunBodyState
from .lesson_run_request import LessonRunRequest
from .lesson_summary import LessonSummary
from .limit_body import LimitBody
from .lines import Lines
from .lists import Lists
from .main_parameter import MainParameter
from .mark import Mark
from .mark_axis import MarkAxis
from .market_body import MarketBody
from .market_page import MarketPage
from .measure_body import MeasureBody
from .measured import Measured
from .measured_lists import MeasuredLists
from .measured_number import MeasuredNumber
from .measured_value import MeasuredValue
from .measurement_body import MeasurementBody
from .measurement_body_document import MeasurementBodyDocument
from .measurement_name import MeasurementName
from .model_card import ModelCard
from .model_card_not_measured import ModelCardNotMeasured
from .moving import Moving
from .negotiation_body import NegotiationBody
from .negotiation_body_demands import NegotiationBodyDemands
from .negotiation_body_disagreement import NegotiationBodyDisagreement
from .negotiation_body_favourites import NegotiationBodyFavourites
from .negotiation_body_ideal import NegotiationBodyIdeal
from .negotiation_page import NegotiationPage
from .negotiation_request import NegotiationRequest
from .negotiation_request_demands import NegotiationRequestDemands
from .not_shown import NotShown
from .not_shown_body import NotShownBody
from .note import Note
from .number_body import NumberBody
from .number_body_course import NumberBodyCourse
from .operations_body import OperationsBody
from .operations_body_checks import OperationsBodyChecks
from .operations_body_worker import OperationsBodyWorker
from .organic_item import OrganicItem
from .outcome import Outcome
from .outlook_body import OutlookBody
from .over_indexing import OverIndexing
from .own_actions import OwnActions
from .own_choice import OwnChoice
from .pace_point import PacePoint
from .pacing_state import PacingState
from .parameter import Parameter
from .payment_rules import PaymentRules
from .place_body import PlaceBody
from .place_of_tag import PlaceOfTag
from .point import Point
from .policy import Policy
from .policy_body import PolicyBody
from .policy_dials import PolicyDials
from .policy_page import PolicyPage
from .preview_body import PreviewBody
from .preview_request import PreviewRequest
from .price import Price
from .pricing import Pricing
from .problem_body import ProblemBody
from .provenance import Provenance
from .provenance_libraries import ProvenanceLibraries
from .provenance_machine import ProvenanceMachine
from .provenance_setting import ProvenanceSetting
from .quality import Quality
from .quality_figures import QualityFigures
from .questioned import Questioned
from .questioned_models import QuestionedModels
from .questioned_models_value import QuestionedModelsValue
from .ranking_policy import RankingPolicy
from .ranking_request import RankingRequest
from .ranking_request_explain import RankingRequestExplain
from .recent_action import RecentAction
from .recommendations import Recommendations
from .rejection import Rejection
from .relaxation import Relaxation
from .release_body import ReleaseBody
from .release_body_evidence import ReleaseBodyEvidence
from .release_page import ReleasePage
from .remaining import Remaining
from .replay_body import ReplayBody
from .replay_body_response import ReplayBodyResponse
from .restaurant_body import RestaurantBody
from .restaurant_change import RestaurantChange
from .restaurant_page import RestaurantPage
from .restaurant_write import RestaurantWrite
from .run_body import RunBody
from .run_body_state import RunBodyState
from .run_detail import RunDetail
from .run_detail_log_item import RunDetailLogItem
from .run_detail_state import RunDetailState
from .run_page import RunPage
from .run_request import RunRequest
from .scale import Scale
from .scatter import Scatter
from .scorecard_body import ScorecardBody
from .scored_restaurant import ScoredRestaurant
from .scored_restaurants import ScoredRestaurants
from .seat_body import SeatBody
from .seat_page import SeatPage
from .seat_scores import SeatScores
from .series import Series
from .series_style import SeriesStyle
from .setting import Setting
from .shadow_score import ShadowScore
from .share_of_feature import ShareOfFeature
from .share_of_feature_of import ShareOfFeatureOf
from .short_sight import ShortSight
from .short_sight_shares import ShortSightShares
from .sign_off_body import SignOffBody
from .sign_off_write import SignOffWrite
from .signature_body import SignatureBody
from .signed_by import SignedBy
from .since_policy import SincePolicy
from .slice_regression import SliceRegression
from .slope import Slope
from .sponsor import Sponsor
from .sponsored_item import SponsoredItem
from .stage_body import StageBody
from .stage_body_disagreement import StageBodyDisagreement
from .stage_body_ideal import StageBodyIdeal
from .standing import Standing
from .standstill_body import StandstillBody
from .state import State
from .step import Step
from .step_body import StepBody
from .step_body_document import StepBodyDocument
from .step_body_state import StepBodyState
from .step_kind import StepKind
from .table import Table
from .tally import Tally
from .target_body import TargetBody
from .target_body_source import TargetBodySource
from .target_body_verdict import TargetBodyVerdict
from .term import Term
from .term_place import TermPlace
from .to_reach import ToReach
from .tried_body import TriedBody
from .tried_body_outcomes import TriedBodyOutcomes
from .tried_body_shares import TriedBodyShares
from .trying import Trying
from .unknown import Unknown
from .version_body import VersionBody
from .version_body_outcome import VersionBodyOutcome
from .versioned import Versioned
from .versus import Versus
from .versus_figures import VersusFigures
from .waterfall import Waterfall
from .waterfall_step import WaterfallStep
from .weighed_reason import WeighedReason
from .window import Window
from .worst_slice import WorstSlice

__all__ = (
    "AboutBody",
    "Accuracy",
    "Activation",
    "ActivePolicy",
    "AdPolicy",
    "Amount",
    "Approval",
    "ApprovedBounds",
    "AuditPage",
    "AuditRecordBody",
    "AuditRecordBodyDocument",
    "Axis",
    "AxisScale",
    "Bars",
    "BarSeries",
    "Basis",
    "BesideBody",
    "BesideBodyVerdict",
    "Billing",
    "Bound",
    "BudgetBody",
    "CalendarBody",
    "CalibrationFacts",
    "CalibrationFactsErrors",
    "CampaignBody",
    "CampaignPage",
    "CampaignReport",
    "CampaignWrite",
    "Cause",
    "ChangedFigure",
    "ChangedFigureVerdict",
    "ChangedLimit",
    "ChangedLimitKind",
    "ChangedLimitSide",
    "ChangedParameter",
    "ChangedPlace",
    "Changes",
    "CheckOutcome",
    "Choice",
    "ChoiceOpenShares",
    "ChoiceOutcomes",
    "ChoiceShares",
    "Claim",
    "ClaimSign",
    "Column",
    "ComparisonBody",
    "ComparisonBodySide",
    "Context",
    "Contrast",
    "Control",
    "Counterfactuals",
    "DataFacts",
    "Day",
    "DayTally",
    "Demand",
    "DemandBody",
    "DemandPage",
    "Details",
    "DetailsLibraries",
    "DialBody",
    "DialRange",
    "DifferenceBody",
    "DifferencePage",
    "DinerBody",
    "DinerPage",
    "DinerRecord",
    "DinerWrite",
    "Direction",
    "Eligibility",
    "EmbeddingPlane",
    "Erased",
    "Estimated",
    "EventBody",
    "EventReceipt",
    "EventWrite",
    "EventWriteType",
    "ExchangeRate",
    "ExplainedFeature",
    "Explanation",
    "ExplanationWithoutPayment",
    "ExposureBody",
    "Fairness",
    "FairnessBody",
    "FairnessBodyFindingsItem",
    "FairnessBodyMetrics",
    "FairnessPolicy",
    "FairnessRivals",
    "Faithfulness",
    "FaithfulnessMargins",
    "FaithfulnessMarginsValue",
    "FeatureImportance",
    "FeatureImportanceSide",
    "FeatureTerm",
    "Fidelity",
    "FieldError",
    "Figure",
    "FigureBody",
    "Form",
    "FreezeBody",
    "FreezeReason",
    "FreezeWrite",
    "FrontAbout",
    "FrontAge",
    "FrontBody",
    "FrontBodyProvenance",
    "FrontPage",
    "GetRecommendationsExplain",
    "GroupBody",
    "GroupComparison",
    "GroupComparisonSide",
    "GroupedBy",
    "GroupFigure",
    "GroupOf",
    "Headline",
    "Health",
    "HealthChecks",
    "HealthStatus",
    "Infeasible",
    "Interaction",
    "ItemExplanation",
    "Lack",
    "LackCode",
    "LeastBid",
    "LeastBidBilling",
    "LessonBody",
    "LessonPage",
    "LessonRunBody",
    "LessonRunBodyState",
    "LessonRunRequest",
    "LessonSummary",
    "LimitBody",
    "Lines",
    "Lists",
    "MainParameter",
    "Mark",
    "MarkAxis",
    "MarketBody",
    "MarketPage",
    "MeasureBody",
    "Measured",
    "MeasuredLists",
    "MeasuredNumber",
    "MeasuredValue",
    "MeasurementBody",
    "MeasurementBodyDocument",
    "MeasurementName",
    "ModelCard",
    "ModelCardNotMeasured",
    "Moving",
    "NegotiationBody",
    "NegotiationBodyDemands",
    "NegotiationBodyDisagreement",
    "NegotiationBodyFavourites",
    "NegotiationBodyIdeal",
    "NegotiationPage",
    "NegotiationRequest",
    "NegotiationRequestDemands",
    "Note",
    "NotShown",
    "NotShownBody",
    "NumberBody",
    "NumberBodyCourse",
    "OperationsBody",
    "OperationsBodyChecks",
    "OperationsBodyWorker",
    "OrganicItem",
    "Outcome",
    "OutlookBody",
    "OverIndexing",
    "OwnActions",
    "OwnChoice",
    "PacePoint",
    "PacingState",
    "Parameter",
    "PaymentRules",
    "PlaceBody",
    "PlaceOfTag",
    "Point",
    "Policy",
    "PolicyBody",
    "PolicyDials",
    "PolicyPage",
    "PreviewBody",
    "PreviewRequest",
    "Price",
    "Pricing",
    "ProblemBody",
    "Provenance",
    "ProvenanceLibraries",
    "ProvenanceMachine",
    "ProvenanceSetting",
    "Quality",
    "QualityFigures",
    "Questioned",
    "QuestionedModels",
    "QuestionedModelsValue",
    "RankingPolicy",
    "RankingRequest",
    "RankingRequestExplain",
    "RecentAction",
    "Recommendations",
    "Rejection",
    "Relaxation",
    "ReleaseBody",
    "ReleaseBodyEvidence",
    "ReleasePage",
    "Remaining",
    "ReplayBody",
    "ReplayBodyResponse",
    "RestaurantBody",
    "RestaurantChange",
    "RestaurantPage",
    "RestaurantWrite",
    "RunBody",
    "RunBodyState",
    "RunDetail",
    "RunDetailLogItem",
    "RunDetailState",
    "RunPage",
    "RunRequest",
    "Scale",
    "Scatter",
    "ScorecardBody",
    "ScoredRestaurant",
    "ScoredRestaurants",
    "SeatBody",
    "SeatPage",
    "SeatScores",
    "Series",
    "SeriesStyle",
    "Setting",
    "ShadowScore",
    "ShareOfFeature",
    "ShareOfFeatureOf",
    "ShortSight",
    "ShortSightShares",
    "SignatureBody",
    "SignedBy",
    "SignOffBody",
    "SignOffWrite",
    "SincePolicy",
    "SliceRegression",
    "Slope",
    "Sponsor",
    "SponsoredItem",
    "StageBody",
    "StageBodyDisagreement",
    "StageBodyIdeal",
    "Standing",
    "StandstillBody",
    "State",
    "Step",
    "StepBody",
    "StepBodyDocument",
    "StepBodyState",
    "StepKind",
    "Table",
    "Tally",
    "TargetBody",
    "TargetBodySource",
    "TargetBodyVerdict",
    "Term",
    "TermPlace",
    "ToReach",
    "TriedBody",
    "TriedBodyOutcomes",
    "TriedBodyShares",
    "Trying",
    "Unknown",
    "VersionBody",
    "VersionBodyOutcome",
    "Versioned",
    "Versus",
    "VersusFigures",
    "Waterfall",
    "WaterfallStep",
    "WeighedReason",
    "Window",
    "WorstSlice",
)
