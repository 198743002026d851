//! The life of the demonstration's reports: opened from the register, typed, submitted, reviewed and published by
//! different people, on the days on which that happens; and what goes wrong on the way ([`super::incidents`]).

use std::collections::BTreeMap;

use city::form::{Cadence, Form, ReportingLevel};
use city::period::Period;
use jiff::civil::Date;
use kit::Result;
use prost::Message;
use proto::reporting::publication_service_client::PublicationServiceClient;
use proto::reporting::report_service_client::ReportServiceClient;
use proto::reporting::{
    CellEntry, CellFault, Envelope, ExemptReportRequest, Explanation, FillOnBehalfRequest, OpenReportRequest,
    Publication, PublicationKind, PublishReportsRequest, RecallReportRequest, Report, ReviewReportRequest,
    SaveReportRequest, SendBackReportRequest, SubmissionKind, SubmitReportRequest, WithdrawReportsRequest,
};
use tonic::transport::Channel;

use super::incidents::{self, Correction, Fate};
use super::office::Office;
use super::typed;

const EXPLANATION: &str = "本期新增机构和服务投用较多，已与台账逐项核对，数据属实";

/// The desk of one office.
pub(super) struct Desk<'o> {
    office: &'o Office,
    reports: ReportServiceClient<Channel>,
    publications: PublicationServiceClient<Channel>,
    /// The sequence of what was published last.
    pub(super) published: u64,
}

/// One form of one period, with the regions that owe it.
struct Owed<'c> {
    form: &'c Form,
    period: Period,
    regions: Vec<String>,
}

impl<'o> Desk<'o> {
    pub(super) fn of(office: &'o Office) -> Self {
        Desk {
            office,
            reports: ReportServiceClient::new(office.channel.clone()),
            publications: PublicationServiceClient::new(office.channel.clone()),
            published: 0,
        }
    }

    /// Everything that is reported after a month: on the 4th and 5th most, on the 8th published, in the middle of the
    /// month the late ones, on the 20th corrections and withdrawals.
    pub(super) async fn month(&mut self, month: (i16, i8)) -> Result<()> {
        let office = self.office;
        let after = |day: i8| next_month(month).with().day(day).build().unwrap_or(next_month(month));
        let owed = self.owed(month);
        let mut ready: Vec<(usize, String)> = Vec::new();
        let mut late: Vec<(usize, String)> = Vec::new();
        office.at(after(4), 9);
        for (at, one) in owed.iter().enumerate() {
            for region in &one.regions {
                let fate = incidents::fate(&one.form.code, region, one.period);
                match fate {
                    Fate::Late => late.push((at, region.clone())),
                    fate => ready.extend(self.report(one.form, region, one.period, fate).await?.map(|id| (at, id))),
                }
            }
        }
        office.at(after(8), 15);
        self.publish_all(&owed, ready, "").await?;
        let mut came: Vec<(usize, String)> = Vec::new();
        office.at(after(15), 10);
        for (at, region) in late {
            let id = self.report(owed[at].form, &region, owed[at].period, Fate::Late).await?;
            came.extend(id.map(|id| (at, id)));
        }
        self.publish_all(&owed, came, "").await?;
        office.at(after(20), 16);
        for correction in incidents::corrections(month).filter(|one| owns(office, one.form)) {
            self.correct(correction).await?;
        }
        for withdrawal in incidents::withdrawals(month).filter(|one| owns(office, one.form)) {
            let message = WithdrawReportsRequest {
                form: withdrawal.form.to_owned(),
                period: withdrawal.period.to_owned(),
                regions: vec![withdrawal.region.to_owned()],
                reason: withdrawal.reason.to_owned(),
                idempotency_key: format!("demo-withdraw-{}-{}", withdrawal.form, withdrawal.period),
            };
            let answer = self.publications.withdraw_reports(office.by(&self.publisher(), message)?).await;
            self.published = sequence(&office.said("撤销", answer)?)?;
        }
        Ok(())
    }

    /// What this bureau's counties and the bureau itself owe after a month.
    fn owed(&self, month: (i16, i8)) -> Vec<Owed<'o>> {
        let city = &self.office.city;
        let own = city.forms.iter().filter(|form| form.owner == self.office.bureau);
        own.filter_map(|form| {
            let period = period_due(form.cadence, month, form.due.county_day > 60)?;
            let mut regions: Vec<String> = city.regions.counties().iter().map(|county| county.code.clone()).collect();
            match form.reporting_level {
                ReportingLevel::County => {}
                ReportingLevel::City => regions = vec![city.code.clone()],
                ReportingLevel::Both => regions.push(city.code.clone()),
            }
            Some(Owed { form, period, regions })
        })
        .collect()
    }

    /// One report as far as its fate takes it; its id when it can be published.
    async fn report(&mut self, form: &Form, region: &str, period: Period, fate: Fate) -> Result<Option<String>> {
        let office = self.office;
        let (filler, reviewer) = self.signers(region);
        if fate == Fate::NotStarted {
            return Ok(None);
        }
        if fate == Fate::Exempt {
            let message = ExemptReportRequest {
                form: form.code.clone(),
                region: region.to_owned(),
                period: period.to_string(),
                reason: "本季度辖区内无竣工验收的新建住宅项目，经核实同意免报".to_owned(),
            };
            let approver = format!("approver-{}", office.bureau);
            let answer = self.reports.exempt_report(office.by(&approver, message)?).await;
            return Ok(Some(office.said("免报", answer)?.id));
        }
        let filler = if fate == Fate::OnBehalf { format!("reporter-{}", office.bureau) } else { filler };
        let report = if fate == Fate::OnBehalf {
            let message = FillOnBehalfRequest {
                form: form.code.clone(),
                region: region.to_owned(),
                period: period.to_string(),
                reason: "该县经办人员轮岗交接期间，受县局书面委托代填".to_owned(),
                revision_reason: String::new(),
            };
            office.said("代填", self.reports.fill_on_behalf(office.by(&filler, message)?).await)?
        } else {
            self.open(&filler, form, region, period, "").await?
        };
        let report = self.fill(&filler, form, report, &|_, value| value).await?;
        if fate == Fate::Draft {
            return Ok(None);
        }
        let mut report = self.submit(&filler, report).await?;
        match fate {
            Fate::Submitted => return Ok(None),
            Fate::Recalled => {
                let message = RecallReportRequest {
                    id: report.id,
                    version: report.version,
                    reason: "参保人数取数口径有误，撤回重填".to_owned(),
                };
                office.said("撤回", self.reports.recall_report(office.by(&filler, message)?).await)?;
                return Ok(None);
            }
            Fate::SentBack | Fate::SentBackOnce => {
                let fault = CellFault {
                    element: form.elements.last().cloned().unwrap_or_default(),
                    reason: "与上月相比变动较大，且与台账明细合计不一致，请核实".to_owned(),
                };
                let message = SendBackReportRequest {
                    id: report.id.clone(),
                    version: report.version,
                    faults: vec![fault],
                    due_on: office.today().saturating_add(jiff::Span::new().days(3)).to_string(),
                };
                report = office.said("退回", self.reports.send_back_report(office.by(&reviewer, message)?).await)?;
                if fate == Fate::SentBack {
                    return Ok(None);
                }
                let again = self.fill(&filler, form, report, &|_, value| value).await?;
                report = self.submit(&filler, again).await?;
            }
            _ => {}
        }
        let reviewed = self.review(&reviewer, report).await?;
        Ok(Some(reviewed.id).filter(|_| fate != Fate::Reviewed))
    }

    async fn open(&mut self, by: &str, form: &Form, region: &str, period: Period, reason: &str) -> Result<Report> {
        let message = OpenReportRequest {
            form: form.code.clone(),
            region: region.to_owned(),
            period: period.to_string(),
            revision_reason: reason.to_owned(),
        };
        self.office.said("打开报表", self.reports.open_report(self.office.by(by, message)?).await)
    }

    /// Types what no register computes; `change` makes another value of one.
    async fn fill(
        &mut self,
        by: &str,
        form: &Form,
        report: Report,
        change: &(dyn Fn(&str, i64) -> i64 + Sync),
    ) -> Result<Report> {
        let city = &self.office.city;
        let period: Period = report.period.parse().map_err(kit::Problem::internal)?;
        let computed: BTreeMap<String, i64> =
            report.cells.iter().filter_map(|cell| Some((cell.element.clone(), cell.computed?))).collect();
        let typed = typed::cells(city, form, &report.region, period, &computed);
        if typed.is_empty() {
            return Ok(report);
        }
        let cells = typed.into_iter().map(|(element, value)| CellEntry {
            value: change(&element, value).to_string(),
            element,
            ..CellEntry::default()
        });
        let message = SaveReportRequest { id: report.id, version: report.version, cells: cells.collect() };
        self.office.said("保存报表", self.reports.save_report(self.office.by(by, message)?).await)
    }

    async fn submit(&mut self, by: &str, report: Report) -> Result<Report> {
        let soft = report.findings.iter().filter(|finding| !finding.hard);
        let explanations =
            soft.map(|finding| Explanation { check: finding.check.clone(), text: EXPLANATION.to_owned() }).collect();
        let what = format!("提交 {} {} {}", report.form, report.region, report.period);
        let message = SubmitReportRequest {
            id: report.id,
            version: report.version,
            kind: SubmissionKind::Filled as i32,
            explanations,
        };
        self.office.said(&what, self.reports.submit_report(self.office.by(by, message)?).await)
    }

    async fn review(&mut self, by: &str, report: Report) -> Result<Report> {
        let message = ReviewReportRequest { id: report.id, version: report.version };
        self.office.said("审核", self.reports.review_report(self.office.by(by, message)?).await)
    }

    /// Publishes form by form.
    async fn publish_all(&mut self, owed: &[Owed<'_>], ready: Vec<(usize, String)>, reason: &str) -> Result<()> {
        let mut by_form: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for (at, id) in ready {
            by_form.entry(at).or_default().push(id);
        }
        for (at, ids) in by_form {
            let kind = match owed[at].form.cadence {
                Cadence::Year if owed[at].form.due.county_day <= 60 => PublicationKind::Flash,
                _ => PublicationKind::Final,
            };
            self.publish(ids, kind, reason).await?;
        }
        Ok(())
    }

    async fn publish(&mut self, ids: Vec<String>, kind: PublicationKind, reason: &str) -> Result<()> {
        let message = PublishReportsRequest {
            idempotency_key: format!("demo-{}", ids[0]),
            report_ids: ids,
            kind: kind as i32,
            reason: reason.to_owned(),
        };
        let answer = self.publications.publish_reports(self.office.by(&self.publisher(), message)?).await;
        self.published = sequence(&self.office.said("核定", answer)?)?;
        Ok(())
    }

    /// A published report is mended: the next revision, through the same hands.
    async fn correct(&mut self, correction: &Correction) -> Result<()> {
        let office = self.office;
        let Some(form) = office.city.form(correction.form) else { return Ok(()) };
        let period: Period = correction.period.parse().map_err(kit::Problem::internal)?;
        let mut ids = Vec::new();
        for region in correction.regions {
            let (filler, reviewer) = self.signers(region);
            let add = if *region == office.city.code {
                let counties = office.city.regions.counties();
                let wanted = counties.iter().filter(|county| correction.regions.contains(&county.code.as_str()));
                wanted.count() as i64 * correction.add
            } else {
                correction.add
            };
            let report = self.open(&filler, form, region, period, correction.reason).await?;
            let change = |element: &str, value: i64| value + if element == correction.element { add } else { 0 };
            let report = self.fill(&filler, form, report, &change).await?;
            let report = self.submit(&filler, report).await?;
            ids.push(self.review(&reviewer, report).await?.id);
        }
        self.publish(ids, PublicationKind::Final, correction.reason).await
    }

    /// Who fills in and who reviews for a region.
    fn signers(&self, region: &str) -> (String, String) {
        let bureau = self.office.bureau;
        if region == self.office.city.code {
            (format!("reporter-{bureau}"), format!("approver-{bureau}"))
        } else {
            (format!("reporter-{region}"), format!("reviewer-{region}"))
        }
    }

    /// The bureau's second approver: the first may have reviewed the city's own.
    fn publisher(&self) -> String {
        format!("approver2-{}", self.office.bureau)
    }
}

fn owns(office: &Office, form: &str) -> bool {
    office.city.form(form).is_some_and(|form| form.owner == office.bureau)
}

fn sequence(envelope: &Envelope) -> Result<u64> {
    let publication = Publication::decode(envelope.payload.clone()).map_err(kit::Problem::internal)?;
    Ok(publication.sequence)
}

/// The period of a cadence that is reported after a month. Figures that come with the statistical bulletin, long after
/// the year, are reported after February; so are, here, those of the years before 2025 at once.
fn period_due(cadence: Cadence, (year, month): (i16, i8), long_after: bool) -> Option<Period> {
    let sparse = year < 2025;
    match cadence {
        Cadence::Month => Some(Period::Month(year, month)),
        Cadence::Quarter => (month % 3 == 0).then_some(Period::Quarter(year, month / 3)),
        Cadence::Half => (month % 6 == 0).then_some(Period::Half(year, month / 6)),
        Cadence::Year if long_after && !sparse => (month == 2 && year > 2025).then_some(Period::Year(year - 1)),
        Cadence::Year => (month == 12).then_some(Period::Year(year)),
        Cadence::MchYear => (month == if sparse { 12 } else { 9 }).then_some(Period::Mch(year)),
    }
}

/// The first day of the month after.
pub(super) fn next_month((year, month): (i16, i8)) -> Date {
    let (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    Date::new(year, month, 1).unwrap_or_default()
}

/// The last day of a month.
pub(super) fn month_end(month: (i16, i8)) -> Date {
    next_month(month).yesterday().unwrap_or_default()
}
