//! What the city's bundle says about this bureau's forms: who owes them, for which periods, by when, who signs, and
//! what has to hold.

use std::collections::BTreeMap;

use city::element::Timing;
use city::form::{Cadence, Form, ReportingLevel, Severity};
use city::period::Period;
use city::region::Level;
use jiff::civil::Date;
use kit::{Problem, Result};

use crate::Desk;
use crate::person::Person;
use crate::report::{Cell, Finding, Report};

/// V11 of dictionary §6.4: a change against the period before that wants an explanation.
const CHANGE: &str = "V11";
/// V12: what is counted from the beginning of the year never falls within the year.
const CUMULATIVE: &str = "V12";
/// Somebody of the bureau, who may fill in for a region.
const BUREAU_REPORTER: &str = "CITY_BUREAU_REPORTER";

/// In which role somebody fills a report in.
pub(crate) struct Filler<'f> {
    pub(crate) role: &'f str,
    /// Not the region's own person, so a reason is needed.
    is_stranger: bool,
}

impl Filler<'_> {
    /// The reason for 代填, for those who need one: ON_BEHALF_REASON_NEEDED.
    pub(crate) fn on_behalf<'r>(&self, reason: Option<&'r str>) -> Result<Option<&'r str>> {
        match reason.filter(|reason| !reason.trim().is_empty()) {
            _ if !self.is_stranger => Ok(None),
            Some(reason) => Ok(Some(reason)),
            None => Err(on_behalf_reason_needed()),
        }
    }
}

fn on_behalf_reason_needed() -> Problem {
    let message = "代县（市、区）填报，须先写明代填原因";
    Problem::forbidden("ON_BEHALF_REASON_NEEDED", message).and_field("on_behalf_reason", message)
}

impl Desk {
    /// The forms that this bureau runs.
    pub(crate) fn forms(&self) -> impl Iterator<Item = &Form> {
        self.city.forms.iter().filter(|form| form.owner == *self.bureau)
    }

    /// FORM_UNKNOWN, also for another bureau's.
    pub(crate) fn form(&self, code: &str) -> Result<&Form> {
        let form = self.forms().find(|form| form.code == code);
        form.ok_or_else(|| Problem::field("form", "FORM_UNKNOWN", "本部门没有这张报表"))
    }

    /// A period of the form's cadence: PERIOD_INVALID.
    pub(crate) fn period(&self, form: &Form, text: &str) -> Result<Period> {
        let invalid = |message: String| Problem::field("period", "PERIOD_INVALID", message);
        let period: Period = text.parse().map_err(|error: city::period::PeriodError| invalid(error.to_string()))?;
        if !form.cadence.matches(period) {
            return Err(invalid(format!("报告期 {period} 与报表“{}”的报送周期不符", form.title)));
        }
        Ok(period)
    }

    /// A period of the form's cadence that has begun: PERIOD_INVALID, PERIOD_NOT_BEGUN.
    pub(crate) fn period_begun(&self, form: &Form, text: &str) -> Result<Period> {
        let period = self.period(form, text)?;
        if self.clock.today() < period.first_day() {
            return Err(Problem::field("period", "PERIOD_NOT_BEGUN", format!("报告期 {period} 尚未开始")));
        }
        Ok(period)
    }

    /// A region that owes the form: REGION_UNKNOWN, REGION_LEVEL_WRONG.
    pub(crate) fn check_region(&self, form: &Form, region: &str) -> Result<()> {
        let Some(known) = self.city.regions.get(region) else {
            return Err(Problem::field("region", "REGION_UNKNOWN", "没有这个行政区划代码"));
        };
        if !owes(form, known.level) {
            let message = format!("报表“{}”不由{}填报", form.title, known.name);
            return Err(Problem::field("region", "REGION_LEVEL_WRONG", message));
        }
        Ok(())
    }

    /// The role in which the caller may take a step for a region: the chain's, or the bureau's own for the city's
    /// report. ROLE_MISSING.
    pub(crate) fn authorise<'f>(&self, caller: &dyn Person, role: &'f str, region: &str) -> Result<&'f str> {
        if region == self.city.code
            && let Some(own) = for_the_city(role)
            && caller.holds(own, region)
        {
            return Ok(own);
        }
        caller.scope().check(region)?;
        caller.require(role, region)?;
        Ok(role)
    }

    /// In which role the caller may fill a form in for a region: as its own person, or for it (代填). ROLE_MISSING,
    /// FORM_OF_OTHER_UNIT.
    pub(crate) fn filler<'f>(&self, caller: &dyn Person, form: &'f Form, region: &str) -> Result<Filler<'f>> {
        let filler = match self.authorise(caller, fill_role(form), region) {
            Ok(role) => Filler { role, is_stranger: false },
            Err(_) if caller.scope().covers(region) && caller.holds(BUREAU_REPORTER, region) => {
                Filler { role: BUREAU_REPORTER, is_stranger: true }
            }
            Err(problem) => return Err(problem),
        };
        if region == self.city.code || filler.is_stranger {
            self.check_unit(&caller.user()?.unit, form)?;
        }
        Ok(filler)
    }

    /// A desk that serves many units takes each unit's form from that unit: FORM_OF_OTHER_UNIT.
    fn check_unit(&self, unit: &str, form: &Form) -> Result<()> {
        match self.city.organisation_called(unit) {
            Some(own) if own.code != form.organisation => {
                let theirs = self.city.organisation(&form.organisation);
                let theirs = theirs.map_or(form.organisation.as_str(), |unit| &unit.name_in_plan);
                let message = format!("报表“{}”由{theirs}填报，您的单位是{unit}", form.title);
                Err(Problem::forbidden("FORM_OF_OTHER_UNIT", message))
            }
            _ => Ok(()),
        }
    }

    /// The role in which the caller goes on filling in a report: ROLE_MISSING, ON_BEHALF_REASON_NEEDED.
    pub(crate) fn filler_of<'f>(&self, caller: &dyn Person, form: &'f Form, report: &Report) -> Result<&'f str> {
        let filler = self.filler(caller, form, &report.region)?;
        filler.on_behalf(report.taken_over_by(&caller.user()?.id))?;
        Ok(filler.role)
    }

    /// 统计法: a survey without its approval number is not opened. SURVEY_NOT_APPROVED.
    pub(crate) fn check_survey(&self, form: &Form) -> Result<()> {
        if form.survey.kind == "统计调查" && form.survey.approval_no.is_empty() {
            let message = format!("报表“{}”是统计调查，尚无批准或备案文号，不能开表", form.title);
            return Err(Problem::state("SURVEY_NOT_APPROVED", message));
        }
        Ok(())
    }

    /// 套表: the forms that a region owes for a period, each with its own. A month's package also holds the forms whose
    /// longer period ends with it. Surveys without approval are not opened, so nobody owes them.
    pub(crate) fn package<'d>(&'d self, region: &'d str, period: Period) -> impl Iterator<Item = (&'d Form, Period)> {
        let level = self.city.regions.get(region).map(|region| region.level);
        self.forms().filter_map(move |form| {
            let due = match period {
                _ if form.cadence.matches(period) => Some(period),
                Period::Month(..) => ending_with(form.cadence, period),
                _ => None,
            };
            let owed = level.is_some_and(|level| owes(form, level)) && self.check_survey(form).is_ok();
            due.filter(|_| owed).map(|period| (form, period))
        })
    }

    /// What people call a region.
    pub(crate) fn region_name(&self, region: &str) -> String {
        self.city.regions.get(region).map_or(region, |known| &known.name).to_owned()
    }

    /// The regions that owe a form, counties in official order, the city after them.
    pub(crate) fn reporting_regions(&self, form: &Form) -> impl Iterator<Item = &str> {
        let (counties, city) = (self.city.regions.counties(), self.city.regions.city());
        counties.into_iter().chain([city]).filter(|region| owes(form, region.level)).map(|region| region.code.as_str())
    }

    /// Place of a region in official order.
    pub(crate) fn official_place(&self, region: &str) -> usize {
        let counties = self.city.regions.counties();
        counties.iter().position(|county| county.code == region).unwrap_or(counties.len())
    }

    /// The day a region's report is due.
    pub(crate) fn due_on(&self, form: &Form, period: Period, region: &str) -> Date {
        form.due_on(period, region != self.city.code)
    }

    /// True for the ancestor itself and everything below it.
    pub(crate) fn is_within(&self, region: &str, ancestor: &str) -> bool {
        self.city.regions.is_within(region, ancestor)
    }

    /// True when a register computes the element.
    pub(crate) fn is_computed(&self, element: &str) -> bool {
        self.city.element(element).is_some_and(|element| element.computed)
    }

    /// Version of an element's definition.
    pub(crate) fn definition(&self, element: &str) -> u32 {
        self.city.element(element).map_or(0, |element| element.definition_version)
    }

    /// The form's checks that do not hold for these cells. A check whose values are not all there says nothing.
    pub(crate) fn findings(&self, form: &Form, period: Period, cells: &[Cell], previous: &[Cell]) -> Vec<Finding> {
        let values: BTreeMap<String, i64> =
            cells.iter().filter_map(|cell| Some((cell.element.clone(), cell.value()?))).collect();
        let found = form.checks.iter().filter_map(|check| check.evaluate(&values, |code| self.name(code)));
        let found = found.map(|finding| Finding {
            check: finding.check,
            hard: finding.severity == Severity::Hard,
            message: finding.message,
            elements: finding.elements,
            explanation: String::new(),
        });
        found.chain(self.changes(form, period, &values, previous)).collect()
    }

    /// V11 and V12. What is counted from 1 January on grows by itself, so V11 leaves it alone.
    fn changes(&self, form: &Form, period: Period, values: &BTreeMap<String, i64>, previous: &[Cell]) -> Vec<Finding> {
        let same_year = form.cadence.previous(period).year() == period.year();
        let changed = previous.iter().filter_map(|cell| {
            let (before, now) = (cell.value()?, *values.get(&cell.element)?);
            let name = self.name(&cell.element);
            let (check, message) = if self.is_cumulative(&cell.element) {
                let message = format!("“{name}”为本年累计数，上期 {before}，本期 {now}，不应减少");
                (same_year && now < before).then_some((CUMULATIVE, message))?
            } else {
                let percent = form.change_over_percent?;
                let change = (i128::from(now) - i128::from(before)).abs();
                let much = before > 0 && change * 100 > i128::from(before) * i128::from(percent);
                much.then(|| (CHANGE, format!("“{name}”上期 {before}，本期 {now}，变动超过 {percent}%")))?
            };
            Some(Finding {
                check: check.to_owned(),
                hard: check == CUMULATIVE,
                message,
                elements: vec![cell.element.clone()],
                explanation: String::new(),
            })
        });
        changed.collect()
    }

    /// True when the element is counted from 1 January to the end of the period.
    fn is_cumulative(&self, element: &str) -> bool {
        self.city.element(element).is_some_and(|element| element.timing == Timing::Ytd)
    }

    /// What people call an element.
    pub(crate) fn name(&self, element: &str) -> String {
        self.city.element(element).map_or(element, |element| &element.name).to_owned()
    }
}

fn owes(form: &Form, level: Level) -> bool {
    match form.reporting_level {
        ReportingLevel::County => level == Level::County,
        ReportingLevel::City => level == Level::City,
        ReportingLevel::Both => matches!(level, Level::County | Level::City),
    }
}

/// The bureau's own people stand in where the chain names a county's and the report is the city's own.
fn for_the_city(role: &str) -> Option<&'static str> {
    match role {
        "COUNTY_REPORTER" => Some("CITY_BUREAU_REPORTER"),
        "COUNTY_REVIEWER" => Some("CITY_BUREAU_APPROVER"),
        _ => None,
    }
}

/// Role that fills the form in.
pub(crate) fn fill_role(form: &Form) -> &str {
    role_of(form, "fill", 0)
}

/// Role of the review step after `signed` of them.
pub(crate) fn review_role(form: &Form, signed: usize) -> &str {
    role_of(form, "review", signed.min(reviews(form).saturating_sub(1)))
}

/// Role that approves and publishes.
pub(crate) fn approver_role(form: &Form) -> &str {
    role_of(form, "approve", 0)
}

/// How many review steps the chain has.
pub(crate) fn reviews(form: &Form) -> usize {
    form.chain.iter().filter(|step| step.step == "review").count()
}

/// Empty when the chain has no such step: a role that nobody holds.
fn role_of<'f>(form: &'f Form, step: &str, place: usize) -> &'f str {
    form.chain.iter().filter(|known| known.step == step).nth(place).map_or("", |step| &step.role)
}

/// The period of a cadence that ended last before a day.
pub(crate) fn ended_last(cadence: Cadence, today: Date) -> Period {
    let month = Period::Month(today.year(), today.month()).month_back(1);
    std::iter::successors(Some(month), |month| Some(month.month_back(1)))
        .find_map(|month| ending_with(cadence, month))
        .unwrap_or(month)
}

/// The period of a cadence that ends on the last day of a month.
pub(crate) fn ending_with(cadence: Cadence, month: Period) -> Option<Period> {
    let last = month.last_day();
    let (year, number) = (last.year(), last.month());
    let period = match cadence {
        Cadence::Month => Period::Month(year, number),
        Cadence::Quarter => Period::Quarter(year, (number + 2) / 3),
        Cadence::Half => Period::Half(year, (number + 5) / 6),
        Cadence::Year => Period::Year(year),
        Cadence::MchYear => Period::Mch(year),
    };
    (period.last_day() == last).then_some(period)
}
