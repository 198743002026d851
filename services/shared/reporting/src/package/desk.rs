//! What callers see of packages: a region's own, and what nobody has handed in.

use std::collections::BTreeSet;

use city::form::Form;
use city::period::Period;
use jiff::civil::Date;
use kit::{Problem, Result, retry};
use proto::reporting as wire;

use super::reminder::{self, Contact, Missing};
use super::store::{self, Submitter};
use super::{Standing, is_stale_total, line};
use crate::forms::ended_last;
use crate::person::Person;
use crate::report::{Report, convert};
use crate::{Desk, unlock};

/// A report that is owed and not handed in.
struct Owed<'a> {
    form: &'a Form,
    region: &'a str,
    period: Period,
    /// None: nothing was opened.
    report: Option<&'a Report>,
    due_on: Date,
    days_late: u32,
    submitter: Option<&'a Submitter>,
}

impl Desk {
    /// A line for each form that the region owes for the period.
    pub(crate) async fn list_package(
        &self,
        caller: &dyn Person,
        region: &str,
        period: &str,
    ) -> Result<Vec<wire::PackageLine>> {
        let period = parse(period)?;
        self.check_known(region)?;
        caller.scope().check(region)?;
        let due: Vec<(&Form, Period)> = self.package(region, period).collect();
        // The city's totals are judged by its counties' reports.
        let whose = if region == self.city.code { "" } else { region };
        let reports = self.reports_of(caller, due.iter().map(|(_, period)| *period), whose).await?;
        let today = self.clock.today();
        let unlocked = unlock::store::open_on(&self.db, today).await?;
        let lines = due.into_iter().map(|(form, period)| {
            let code = period.to_string();
            let same = |report: &&Report| report.form == form.code && report.period == code;
            let report = reports.iter().filter(same).find(|report| report.region == region);
            let is_open = |(known, place, month): &(String, String, String)| {
                *known == form.code && place == region && *month == code
            };
            let standing = Standing {
                due_on: self.due_on(form, period, region),
                today,
                stale_total: report.is_some_and(|city| self.is_stale(city, &reports)),
                locked: form.locks_on(period).is_some_and(|day| today > day) && !unlocked.iter().any(is_open),
            };
            line(form, period, report, &standing)
        });
        Ok(lines.collect())
    }

    /// 未报清单, with the 催报 texts and the city's totals that are 待重汇. An empty period asks for what ended last.
    pub(crate) async fn list_outstanding(
        &self,
        caller: &dyn Person,
        period: &str,
        region: &str,
    ) -> Result<wire::ListOutstandingResponse> {
        let today = self.clock.today();
        let asked = if period.is_empty() { None } else { Some(parse(period)?) };
        if !region.is_empty() {
            self.check_known(region)?;
            caller.scope().check(region)?;
        }
        let is_asked = |place: &str| region.is_empty() || self.is_within(place, region);
        let counties = self.city.regions.counties().into_iter();
        let regions = counties.chain([self.city.regions.city()]).map(|known| known.code.as_str());
        let regions: Vec<&str> = regions.filter(|place| caller.scope().covers(place) && is_asked(place)).collect();
        let mut due: Vec<(&str, &Form, Period)> = Vec::new();
        for place in &regions {
            match asked {
                Some(period) => due.extend(self.package(place, period).map(|(form, period)| (*place, form, period))),
                None => due.extend(self.forms().filter_map(|form| {
                    let period = ended_last(form.cadence, today);
                    let owed = self.package(place, period).any(|(known, _)| known.code == form.code);
                    owed.then_some((*place, form, period))
                })),
            }
        }
        let reports = self.reports_of(caller, due.iter().map(|(.., period)| *period), "").await?;
        let submitters = store::last_submitters(&self.db, caller.scope()).await?;
        let owed: Vec<Owed<'_>> = due
            .into_iter()
            .filter_map(|(region, form, period)| {
                let code = period.to_string();
                let of_it =
                    |report: &&Report| report.form == form.code && report.period == code && report.region == region;
                let report = reports.iter().find(of_it);
                if report.is_some_and(|report| !report.is_outstanding()) {
                    return None;
                }
                let due_on = report.map_or_else(|| self.due_on(form, period, region), |report| report.due_on);
                let submitter = submitters.iter().find(|known| known.form == form.code && known.region == region);
                Some(Owed { form, region, period, report, due_on, days_late: days_between(due_on, today), submitter })
            })
            .collect();
        let reminders = regions.iter().filter_map(|region| self.reminder(caller, region, &owed, today));
        let stale = reports.iter().filter(|city| is_asked(&city.region) && self.is_stale(city, &reports));
        Ok(wire::ListOutstandingResponse {
            reminders: reminders.collect(),
            stale_totals: stale.map(|report| convert::summary(report, report.version(), today)).collect(),
            lines: owed.iter().map(Owed::line).collect(),
        })
    }

    fn reminder(&self, caller: &dyn Person, region: &str, owed: &[Owed<'_>], today: Date) -> Option<wire::Reminder> {
        let owed: Vec<&Owed<'_>> =
            owed.iter().filter(|one| one.region == region && today > one.period.last_day()).collect();
        if owed.is_empty() {
            return None;
        }
        let offices = owed.iter().filter_map(|one| self.city.organisation(&one.form.organisation));
        let offices: BTreeSet<&str> = offices.map(|office| office.name_in_plan.as_str()).collect();
        let contact = Contact {
            office: &offices.into_iter().collect::<Vec<_>>().join("、"),
            person: caller.user().map_or("", |user| user.name.as_str()),
        };
        let missing: Vec<Missing<'_>> = owed.iter().map(|one| one.missing()).collect();
        let text = reminder::text(&self.region_name(region), &missing, today, &contact);
        Some(wire::Reminder { region: region.to_owned(), text })
    }

    /// 待重汇: the report is the city's own, and one of its counties' changed since.
    fn is_stale(&self, report: &Report, all: &[Report]) -> bool {
        let counties = all.iter().filter(|county| {
            county.form == report.form && county.period == report.period && county.region != report.region
        });
        report.region == self.city.code && is_stale_total(report, counties)
    }

    async fn reports_of(
        &self,
        caller: &dyn Person,
        periods: impl Iterator<Item = Period>,
        region: &str,
    ) -> Result<Vec<Report>> {
        let periods: BTreeSet<String> = periods.map(|period| period.to_string()).collect();
        let periods: Vec<String> = periods.into_iter().collect();
        debug_assert!(periods.len() <= store::PERIODS_MOST, "one of each cadence");
        retry(|| async { store::reports(&mut self.db.begin().await?, caller.scope(), &periods, region).await }).await
    }

    fn check_known(&self, region: &str) -> Result<()> {
        match self.city.regions.get(region) {
            Some(_) => Ok(()),
            None => Err(Problem::field("region", "REGION_UNKNOWN", "没有这个行政区划代码")),
        }
    }
}

impl<'a> Owed<'a> {
    fn line(&self) -> wire::OutstandingLine {
        let state = self.report.map_or(wire::ReportState::NotStarted, |report| convert::state(report.state));
        wire::OutstandingLine {
            form: self.form.code.clone(),
            title: self.form.title.clone(),
            region: self.region.to_owned(),
            period: self.period.to_string(),
            state: state as i32,
            id: self.report.map(|report| report.id.to_string()).unwrap_or_default(),
            due_on: self.due_on.to_string(),
            days_late: self.days_late,
            last_submitter: self.submitter.map(|one| one.user_id.clone()).unwrap_or_default(),
            last_submitter_name: self.submitter.map(|one| one.user_name.clone()).unwrap_or_default(),
        }
    }

    fn missing(&self) -> Missing<'a> {
        Missing {
            title: &self.form.title,
            table_number: &self.form.table_no,
            period: self.period,
            due_on: self.due_on,
            days_late: self.days_late,
            state: self.report.map_or("未填报", |report| report.state.label()),
            last_submitter: self.submitter.map_or("", |one| &one.user_name),
        }
    }
}

/// Calendar days from a day to a later one; 0 when it is not later.
fn days_between(from: Date, to: Date) -> u32 {
    from.until(to).map_or(0, |span| u32::try_from(span.get_days()).unwrap_or(0))
}

/// PERIOD_INVALID.
pub(super) fn parse(period: &str) -> Result<Period> {
    let parsed = period.parse::<Period>();
    parsed.map_err(|error| Problem::field("period", "PERIOD_INVALID", error.to_string()))
}
