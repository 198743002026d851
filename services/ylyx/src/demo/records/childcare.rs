//! Childcare: institutions and their classes, filings and designations. 2020 is as the plan prints it: 94 institutions
//! (24 of their own, 67 in kindergartens, 3 others) with 2,050 places.

use std::collections::{BTreeMap, VecDeque};

use fastrand::Rng;
use jiff::civil::Date;
use kit::Result;
use proto::childcare::filing_service_client::FilingServiceClient;
use proto::childcare::institution_service_client::InstitutionServiceClient;
use proto::childcare::{
    ClassKind, ClassRow, DesignationKind, DesignationLevel, FilingRequest, GrantDesignationRequest, Institution,
    InstitutionKind, InstitutionRow, LegalType, ListInstitutionsRequest, Ownership,
};
use proto::common::Page;

use super::staff::Staff;
use super::{CHEERFUL, Place, day, townships, uscc};
use crate::demo::growth::{Ends, LAST_MONTH, at};
use crate::demo::office::Office;
use crate::demo::reports::{month_end, next_month};

const PLACES: Ends = [2_050, 3_150, 3_950, 4_760, 7_240, 9_935, 11_350];
/// Demonstration institutions of city level and above.
const DEMONSTRATION: Ends = [2, 4, 6, 8, 14, 19, 22];
/// Of the counties, those with an institution of demonstration effect.
const COUNTIES_SHOWN: Ends = [0, 2, 4, 6, 7, 8, 9];

/// An institution that is registered, as far as later acts need it.
pub(super) struct Known {
    pub(super) name: String,
    pub(super) uscc: String,
    private: bool,
    classes: usize,
    pub(super) places: i64,
    pub(super) opened: Date,
}

/// What has been registered so far.
pub(crate) struct Childcare {
    towns: Vec<Place>,
    known: Vec<Known>,
    places: i64,
    /// Private institutions that wait for their inclusive designation.
    to_designate: VecDeque<usize>,
    demonstrating: usize,
    county_level: usize,
    staff: Staff,
    draw: Rng,
}

/// What one month registers.
#[derive(Default)]
struct Sheet {
    institutions: Vec<InstitutionRow>,
    classes: Vec<ClassRow>,
}

impl Childcare {
    pub(crate) fn plan(office: &Office, draw: Rng) -> Self {
        Childcare {
            towns: townships(&office.city),
            known: Vec::new(),
            places: 0,
            to_designate: VecDeque::new(),
            demonstrating: 0,
            county_level: 0,
            staff: Staff::default(),
            draw,
        }
    }

    /// What stood at the end of 2020.
    pub(crate) async fn of_2020(&mut self, office: &Office) -> Result<()> {
        let mut sheet = Sheet::default();
        for n in 0..94 * office.scale {
            let (kind, public) = match n % 94 {
                0..24 => (InstitutionKind::Standalone, n % 94 < 2),
                24..91 => (InstitutionKind::KindergartenClass, n % 5 < 3),
                91 => (InstitutionKind::Community, true),
                92 => (InstitutionKind::Employer, true),
                _ => (InstitutionKind::Other, false),
            };
            let opened = day(2016 + self.draw.i16(0..4), 3 + 6 * self.draw.i8(0..2), 1);
            let at = self.institution(&mut sheet, kind, public, opened);
            self.class(&mut sheet, at, ClassKind::Big, 20, opened);
            if n % 94 < 17 {
                self.class(&mut sheet, at, ClassKind::Mixed, 10, opened);
            }
        }
        self.register(office, &sheet, day(2020, 12, 31)).await?;
        self.staff.month(office, &self.known, (2020, 12)).await
    }

    /// What opened by the end of a month, and the designations granted in it.
    pub(crate) async fn month(&mut self, office: &Office, month: (i16, i8)) -> Result<()> {
        let end = month_end(month);
        let wanted = at(&PLACES, month) * office.scale as i64;
        let first = if month.0 < 2025 { day(month.0, 1, 1) } else { day(month.0, month.1, 1) };
        let days = i64::from((end - first).get_days()).max(1);
        let mut sheet = Sheet::default();
        while self.places < wanted {
            let opened = first.saturating_add(jiff::Span::new().days(self.draw.i64(0..days)));
            let turn = self.known.len() + sheet.classes.len();
            // A class more where there is room, or a new institution with two.
            let older: Vec<usize> = (0..self.known.len())
                .filter(|at| self.known[*at].classes < 4 && self.known[*at].opened < first)
                .collect();
            if turn.is_multiple_of(3) && !older.is_empty() {
                let at = older[self.draw.usize(0..older.len())];
                self.class(&mut sheet, at, ClassKind::Small, 15, opened);
                continue;
            }
            let kind = match turn % 7 {
                0 | 2 | 5 => InstitutionKind::Standalone,
                6 => InstitutionKind::Community,
                _ => InstitutionKind::KindergartenClass,
            };
            let at = self.institution(&mut sheet, kind, turn % 5 < 2, opened);
            self.class(&mut sheet, at, ClassKind::Small, 15, opened);
            self.class(&mut sheet, at, ClassKind::Big, 20, opened);
        }
        self.register(office, &sheet, end).await?;
        self.staff.month(office, &self.known, month).await?;
        self.designate(office, month).await
    }

    async fn register(&self, office: &Office, sheet: &Sheet, effective_on: Date) -> Result<()> {
        office.import("childcare.institution", effective_on, &sheet.institutions).await?;
        office.import("childcare.class", effective_on, &sheet.classes).await
    }

    fn institution(&mut self, sheet: &mut Sheet, kind: InstitutionKind, public: bool, opened: Date) -> usize {
        let n = self.known.len();
        let town = &self.towns[n % self.towns.len()];
        let what = match kind {
            InstitutionKind::KindergartenClass => "幼儿园",
            InstitutionKind::Community => "社区托育中心",
            InstitutionKind::Employer => "职工子女托育点",
            _ => "托育园",
        };
        // A number where the word has been used in this town.
        let round = n / self.towns.len();
        let number = if round < CHEERFUL.len() { String::new() } else { format!("第{}", round + 1) };
        let word = CHEERFUL[(n + round * 5) % CHEERFUL.len()];
        let name = format!("{}{}{word}{number}{what}", town.county_name, town.name);
        let uscc = uscc(&town.county, 500_000 + n);
        let filed = n % 8 != 5;
        sheet.institutions.push(InstitutionRow {
            name: name.clone(),
            uscc: uscc.clone(),
            kind: kind as i32,
            ownership: if public { Ownership::Public } else { Ownership::Private } as i32,
            legal_type: if public { LegalType::PublicInstitution } else { LegalType::SocialServiceOrg } as i32,
            region: town.code.clone(),
            opened_on: opened.to_string(),
            filing_number: if filed { format!("{}-TY-{n:05}", town.county) } else { String::new() },
            filed_on: if filed { opened.to_string() } else { String::new() },
            smart_pilot: n == 30,
            ..InstitutionRow::default()
        });
        if !public && n % 4 == 1 {
            self.to_designate.push_back(n);
        }
        self.known.push(Known { name, uscc, private: !public, classes: 0, places: 0, opened });
        n
    }

    fn class(&mut self, sheet: &mut Sheet, at: usize, kind: ClassKind, places: i64, opened: Date) {
        let known = &mut self.known[at];
        let what = match kind {
            ClassKind::Small => "托小",
            ClassKind::Big => "托大",
            _ => "混龄",
        };
        known.classes += 1;
        known.places += places;
        self.places += places;
        sheet.classes.push(ClassRow {
            institution_uscc: known.uscc.clone(),
            institution_name: known.name.clone(),
            class_name: format!("{what}{}班", known.classes),
            class_kind: kind as i32,
            places,
            opened_on: opened.to_string(),
            ..ClassRow::default()
        });
    }

    /// Inclusive ones two months after they opened, and as many of demonstration as the city has by then.
    async fn designate(&mut self, office: &Office, month: (i16, i8)) -> Result<()> {
        let end = month_end(month);
        let mut grants = Vec::new();
        while let Some(at) = self.to_designate.front().copied() {
            let known = &self.known[at];
            if known.opened.saturating_add(jiff::Span::new().months(2)) > end {
                break;
            }
            self.to_designate.pop_front();
            grants.push((at, DesignationKind::Inclusive, DesignationLevel::County, known.places));
        }
        while (self.demonstrating as i64) < at(&DEMONSTRATION, month) {
            let place = (self.demonstrating * 4 + 1) % self.known.len();
            grants.push((place, DesignationKind::Demonstration, DesignationLevel::City, 0));
            self.demonstrating += 1;
        }
        while (self.county_level as i64) < at(&COUNTIES_SHOWN, month) {
            grants.push((self.county_level + 9, DesignationKind::Demonstration, DesignationLevel::County, 0));
            self.county_level += 1;
        }
        if grants.is_empty() {
            return Ok(());
        }
        let known = institutions(office).await?;
        let mut filings = FilingServiceClient::new(office.channel.clone());
        for (at, kind, level, places) in grants {
            let Some(institution) = known.get(&self.known[at].name) else { continue };
            let message = GrantDesignationRequest {
                institution_id: institution.id.clone(),
                kind: kind as i32,
                level: level as i32,
                valid_from: end.to_string(),
                places,
                fee_ceiling_fen: if places > 0 { 188_000 } else { 0 },
                document_number: format!("玉卫托育〔{}〕{}号", month.0, at + 1),
                idempotency_key: format!("demo-{at}-{}-{}", kind as i32, level as i32),
                ..GrantDesignationRequest::default()
            };
            let answer = filings.grant_designation(office.by("approver-childcare", message)?).await;
            office.said("认定", answer)?;
        }
        Ok(())
    }

    /// Where filings stand today: handed in, found wanting, handed in again.
    pub(crate) async fn today(&mut self, office: &Office) -> Result<()> {
        office.at(next_month(LAST_MONTH).with().day(16).build().unwrap_or_default(), 9);
        let known = institutions(office).await?;
        let unfiled = self.known.iter().enumerate().filter(|(n, one)| n % 8 == 5 && one.private);
        let mut filings = FilingServiceClient::new(office.channel.clone());
        for (step, (_, one)) in unfiled.take(5).enumerate() {
            let Some(institution) = known.get(&one.name) else { continue };
            let county: String = institution.region.chars().take(6).collect();
            let (reporter, reviewer) = (format!("reporter-{county}"), format!("reviewer-{county}"));
            let on = office.today().to_string();
            let request = |version: u64, reason: &str| FilingRequest {
                id: institution.id.clone(),
                version,
                on: on.clone(),
                reason: reason.to_owned(),
                ..FilingRequest::default()
            };
            let message = office.by(&reporter, request(institution.version, ""))?;
            let filed = office.said("提交备案", filings.submit_filing(message).await)?;
            if step < 2 {
                continue;
            }
            let message = office.by(&reviewer, request(filed.version, "缺消防安全检查合格证明"))?;
            let refused = office.said("判为不符合", filings.reject_filing(message).await)?;
            if step == 4 {
                let message = office.by(&reporter, request(refused.version, ""))?;
                office.said("重新提交", filings.submit_filing(message).await)?;
            }
        }
        Ok(())
    }
}

/// Every institution by its name.
async fn institutions(office: &Office) -> Result<BTreeMap<String, Institution>> {
    let mut client = InstitutionServiceClient::new(office.channel.clone());
    let mut all = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let page = Some(Page { size: 500, cursor });
        let message = ListInstitutionsRequest { page, ..ListInstitutionsRequest::default() };
        let answer = client.list_institutions(office.by("reporter-childcare", message)?).await;
        let answer = office.said("机构一览", answer)?;
        all.extend(answer.institutions.into_iter().map(|one| (one.name.clone(), one)));
        cursor = answer.next_cursor;
        if cursor.is_empty() {
            return Ok(all);
        }
    }
}
