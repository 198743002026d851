//! What the gateway answers: the shapes shared by HTTP/JSON, gRPC and the console. Exact numbers are strings; an
//! absent value is null and means "not computable", never zero.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The last sequence of one bureau's stream that a view was computed at; a list of them is a cut (数据定版).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CutEntry {
    pub bureau: String,
    pub stream_id: String,
    pub sequence: u64,
}

/// How fast a value moves, in units of the value per year.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct PaceView {
    /// Over about the last year; null when too little is known.
    pub actual_per_year: Option<String>,
    /// To reach the final target in time; null when it is reached or its day has come.
    pub needed_per_year: Option<String>,
    /// forecast, reached, due (the target's day has come), too_few (数据不足), no_target.
    pub outlook: String,
    /// The value on the day of the final target, if it goes on so.
    pub forecast: Option<String>,
}

/// The indicator in another reading, where the plan contradicts itself or leaves a choice.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReadingView {
    pub code: String,
    pub title: String,
    pub numerator: Option<String>,
    pub denominator: Option<String>,
    pub value: Option<String>,
    pub status: String,
    pub lamp: String,
    /// The final target in this reading.
    pub target: Option<String>,
    pub missing: Vec<String>,
    pub note: String,
}

/// What the nation or the province states of the same thing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReferenceView {
    pub scope: String,
    pub period: String,
    pub value: String,
    pub source: String,
}

/// All indicators of one region and period at one cut.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IndicatorList {
    /// RFC 3339.
    pub as_of: String,
    pub cut: Vec<CutEntry>,
    pub region: String,
    pub region_name: String,
    pub period: String,
    /// Id of the plan edition in force.
    pub plan: String,
    /// Id of the region edition in force.
    pub region_edition: String,
    pub indicators: Vec<IndicatorView>,
}

/// One indicator's value in one region and period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IndicatorView {
    pub code: String,
    pub name: String,
    /// 养老, 托育, …
    pub category: String,
    pub unit: String,
    pub kind: String,
    /// 约束性, 预期性, 文本目标, …
    pub obligation: String,
    /// One of the 13 of the plan's indicator table.
    pub core: bool,
    /// Ordered as the plan lists them; names as of today.
    pub responsible: Vec<String>,
    /// As the plan prints it; null when it prints "—".
    pub baseline: Option<String>,
    pub targets: Vec<TargetView>,
    /// What the plan says when its target is not one number.
    pub target_text: String,
    pub numerator: Option<String>,
    pub denominator: Option<String>,
    /// Rounded half up to the plan's decimals; comparisons are made with the exact parts.
    pub value: Option<String>,
    /// 方案数, 预计, 快报, 正式, 修订; `not_computable` when there is no value; `not_counted` when the indicator is
    /// a milestone, rule or reference without parts.
    pub status: String,
    /// green, yellow, red, grey.
    pub lamp: String,
    /// Where the target path stands at the end of the period, rounded for display.
    pub expected: Option<String>,
    /// Distance to the final target in units of the numerator; "0" when reached.
    pub gap: Option<String>,
    /// Unit of the gap: 张, 个, 人, …
    pub gap_unit: String,
    pub completeness: Completeness,
    /// Every observation the value was computed from.
    pub sources: Vec<SourceView>,
    /// What is missing, in Chinese.
    pub missing: Vec<String>,
    /// Things a reader must know: contradictions of the plan, totals that disagree.
    pub notes: Vec<String>,
    pub numerator_text: String,
    pub denominator_text: String,
    pub formula_version: u32,
    /// What the reading above is called where there are others.
    pub reading: String,
    pub readings: Vec<ReadingView>,
    pub references: Vec<ReferenceView>,
    /// True when a source's bureau is not reachable now.
    pub stale: bool,
}

/// A dated target, as printed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TargetView {
    pub period: String,
    pub value: String,
}

/// How many of the regions below have what the value needs.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Completeness {
    pub present: u32,
    pub expected: u32,
    /// Names of the regions that have not published, in official order.
    pub missing_regions: Vec<String>,
}

/// One observation behind a value.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceView {
    /// numerator or denominator.
    pub part: String,
    pub element: String,
    pub element_name: String,
    pub region: String,
    pub region_name: String,
    pub period: String,
    pub value: String,
    pub bureau: String,
    pub sequence: u64,
    pub revision: u32,
    pub status: String,
    pub published_at: String,
    #[serde(flatten)]
    pub origin: OriginView,
    pub stale: bool,
}

/// What a figure rests on, as its owner signed it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct OriginView {
    /// The document a printed figure is taken from.
    pub source: String,
    /// Which value counts: reported (typed), both (typed, else the register's) or register; empty where neither does, as in an
    /// exempt region.
    pub basis: String,
    /// The register's value at the time, where it differs from what counts.
    pub computed: Option<String>,
    /// 补报: handed in after the period was locked.
    pub late: bool,
    /// 代填: filled in by the bureau for the region.
    pub on_behalf: bool,
}

/// One indicator with all a page about it needs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IndicatorDetail {
    pub as_of: String,
    pub cut: Vec<CutEntry>,
    pub region: String,
    pub region_name: String,
    pub period: String,
    #[serde(flatten)]
    pub indicator: IndicatorView,
    pub pace: PaceView,
    pub series: Vec<SeriesPoint>,
    /// In official order; empty for a county.
    pub counties: Vec<RegionValue>,
    /// Newest first.
    pub revisions: Vec<RevisionView>,
}

/// The indicator at one earlier period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SeriesPoint {
    pub period: String,
    pub value: Option<String>,
    pub numerator: Option<String>,
    pub denominator: Option<String>,
    /// The target path at the end of that period.
    pub expected: Option<String>,
    pub status: String,
    pub lamp: String,
}

/// The indicator in one county.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RegionValue {
    pub region: String,
    pub name: String,
    pub numerator: Option<String>,
    pub denominator: Option<String>,
    pub value: Option<String>,
    pub status: String,
    pub lamp: String,
    pub missing: Vec<String>,
}

/// One step in the life of a part's figure.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RevisionView {
    pub element: String,
    pub element_name: String,
    pub region: String,
    pub region_name: String,
    pub period: String,
    /// null: withdrawn.
    pub value: Option<String>,
    pub bureau: String,
    pub sequence: u64,
    pub revision: u32,
    pub status: String,
    pub published_at: String,
    pub approver: String,
    pub reason: String,
    #[serde(flatten)]
    pub origin: OriginView,
}

/// How fresh one bureau's figures are.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BureauView {
    pub name: String,
    pub title: String,
    /// live, stale, diverged, waiting (never reached).
    pub state: String,
    pub stream_id: String,
    pub sequence: u64,
    pub last_contact: Option<String>,
    pub stale_since: Option<String>,
    pub last_published_at: Option<String>,
    pub reason: String,
}

/// All bureaus.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BureauList {
    pub as_of: String,
    pub bureaus: Vec<BureauView>,
}

/// The plan's tasks, as printed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TaskList {
    pub plan: String,
    pub tasks: Vec<TaskView>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TaskView {
    pub number: u32,
    pub code: String,
    pub group: u32,
    pub group_name: String,
    pub content: String,
    /// Names as the plan prints them, in its order.
    pub responsible: Vec<String>,
}

/// The plan's projects, as printed; 万元.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProjectList {
    pub plan: String,
    pub total_wan_yuan: i64,
    pub central_applied_wan_yuan: i64,
    pub projects: Vec<ProjectView>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProjectView {
    pub number: u32,
    pub category: String,
    pub name: String,
    pub r#type: String,
    pub start_year: u32,
    pub end_year: u32,
    pub location: String,
    pub content: String,
    pub total_wan_yuan: i64,
    pub central_applied_wan_yuan: i64,
    pub responsible: String,
    /// Where the printed figures are odd.
    pub flags: Vec<String>,
}

/// Regions of the edition in force.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RegionList {
    pub edition: String,
    pub regions: Vec<RegionView>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RegionView {
    pub code: String,
    pub mca_code: String,
    pub name: String,
    pub short_name: String,
    pub parent: String,
    pub level: String,
    pub administered_by: String,
}

/// What went wrong, for programs and for people.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// Stable code, such as REGION_UNKNOWN.
    pub reason: String,
    /// In Chinese.
    pub message: String,
    pub fields: Vec<FieldError>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldError {
    pub field: String,
    pub message: String,
}
