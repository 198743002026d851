//! 托育机构 (dictionary §5.2.1): what an institution is, and what a sheet row or a form may do to one.
//!
//! Rules only: no SQL, no contract, no clock. Facts that feed a figure are dated; the filing is a timeline of its own
//! (see [`crate::filing`]).

pub mod door;
pub mod feed;
pub mod import;
pub mod named;
pub mod service;
pub mod store;

use jiff::civil::Date;
use registry::{Coded, Dated, Event, Fault, timeline};
use uuid::Uuid;

use crate::filing::{Filed, Filing, State};

/// 家庭托育点 care for at most five children (《家庭托育点管理办法（试行）》2023).
pub const FAMILY_POINT_PLACES: i64 = 5;

/// 机构类型.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstitutionKind {
    Standalone,
    KindergartenClass,
    Community,
    Employer,
    FamilyPoint,
    Other,
}

impl Coded for InstitutionKind {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Standalone, "STANDALONE"),
        (Self::KindergartenClass, "KINDERGARTEN_CLASS"),
        (Self::Community, "COMMUNITY"),
        (Self::Employer, "EMPLOYER"),
        (Self::FamilyPoint, "FAMILY_POINT"),
        (Self::Other, "OTHER"),
    ];
}

/// 举办性质.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    Public,
    PublicBuiltPrivateRun,
    Private,
}

impl Coded for Ownership {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Public, "PUBLIC"),
        (Self::PublicBuiltPrivateRun, "PUBLIC_BUILT_PRIVATE_RUN"),
        (Self::Private, "PRIVATE"),
    ];
}

/// 法人类型; `Unstated` where the sheet says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegalType {
    Unstated,
    PublicInstitution,
    SocialServiceOrg,
    Enterprise,
    SelfEmployed,
    NonLegal,
}

impl Coded for LegalType {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Unstated, "UNSPECIFIED"),
        (Self::PublicInstitution, "PUBLIC_INSTITUTION"),
        (Self::SocialServiceOrg, "SOCIAL_SERVICE_ORG"),
        (Self::Enterprise, "ENTERPRISE"),
        (Self::SelfEmployed, "SELF_EMPLOYED"),
        (Self::NonLegal, "NON_LEGAL"),
    ];
}

/// What holds of an institution over a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub name: String,
    pub kind: InstitutionKind,
    pub ownership: Ownership,
    pub legal_type: LegalType,
    /// County, township or village.
    pub region: String,
    /// The county that counts it.
    pub county: String,
    pub address: String,
    pub opened_on: Date,
    /// False while 停业.
    pub operating: bool,
    /// 智慧托育试点.
    pub smart_pilot: bool,
    /// 举办单位, where the institution has no credit code of its own.
    pub parent_org_uscc: String,
    pub reason_no_uscc: String,
    /// Number in the system of record.
    pub source_id: String,
}

/// One institution as last recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Institution {
    pub id: Uuid,
    pub version: i64,
    pub uscc: Option<String>,
    pub facts: Dated<Facts>,
    pub filing: Filing,
    /// Σ places of its open classes.
    pub places: i64,
}

/// What a sheet row or a form states of an institution, every cell checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub uscc: Option<String>,
    pub facts: Facts,
    /// The filing as the system of record holds it; silence says nothing.
    pub filed: Option<Filed>,
}

/// What to save: the institution as it is now, the stretches that changed, and what history says of it.
#[derive(Clone, Debug)]
pub struct Change {
    pub institution: Institution,
    pub facts: Vec<Dated<Facts>>,
    pub filings: Vec<Dated<State>>,
    pub events: Vec<Event>,
}

/// Enters an institution. Its facts hold from the day it opened, as the record itself states that day; one that opens
/// later is known from today and counted from its opening.
pub fn register(id: Uuid, entry: Entry, today: Date) -> Change {
    let since = entry.facts.opened_on.min(today);
    let facts = Dated::from(since, entry.facts);
    let mut filing = Filing::registered(since);
    let mut filings = vec![Dated::from(since, State::Registered)];
    let mut events = vec![Event { to_state: State::Registered.label(), ..Event::note(since, "登记") }];
    if let Some(filed) = entry.filed {
        let on = filed.on;
        filings = filing.mirror(filed, since.min(on)).unwrap_or(filings);
        events.push(Event {
            from_state: State::Registered.label(),
            to_state: State::Filed.label(),
            ..Event::note(on, "")
        });
    }
    let institution = Institution { id, version: 1, uscc: entry.uscc, facts: facts.clone(), filing, places: 0 };
    Change { institution, facts: vec![facts], filings, events }
}

/// Brings an institution to what the entry states from `effective_on`; `None` when it states nothing new.
///
/// A missing credit code keeps the known one, and 停业 stays 停业: a sheet does not speak of it. Fails with
/// FACT_LATER_EXISTS, FILING_DEREGISTERED, FAMILY_POINT_ABOVE_CAP.
pub fn revise(known: &Institution, entry: Entry, effective_on: Date, reason: &str) -> Result<Option<Change>, Fault> {
    let mut institution = known.clone();
    let value = Facts { operating: known.facts.value.operating, ..entry.facts };
    if value.kind == InstitutionKind::FamilyPoint {
        check_family_point(known.places)?;
    }
    let facts = timeline::change(&known.facts, effective_on, value)?;
    if let Some(newest) = facts.last() {
        institution.facts = newest.clone();
    }
    let mut events = Vec::new();
    if !facts.is_empty() {
        events.push(Event::note(effective_on, reason));
    }
    if let Some(uscc) = entry.uscc.filter(|uscc| known.uscc.as_ref() != Some(uscc)) {
        events.push(Event::note(effective_on, format!("统一社会信用代码登记为 {uscc}")));
        institution.uscc = Some(uscc);
    }
    let mut filings = Vec::new();
    if let Some(filed) = entry.filed.filter(|filed| !known.filing.says(filed)) {
        let (on, from_state) = (filed.on, known.filing.state.label());
        let note = format!("备案编号 {}", filed.number);
        filings = institution.filing.mirror(filed, known.filing.since)?;
        events.push(Event { from_state, to_state: State::Filed.label(), ..Event::note(on, note) });
    }
    if events.is_empty() {
        return Ok(None);
    }
    Ok(Some(Change { institution, facts, filings, events }))
}

/// 停业 or 复业 from a day on. Fails with ALREADY_SUSPENDED, ALREADY_OPERATING, FACT_LATER_EXISTS.
pub fn operate(known: &Institution, operating: bool, effective_on: Date, reason: &str) -> Result<Change, Fault> {
    if known.facts.value.operating == operating {
        return Err(match operating {
            true => Fault::conflict("ALREADY_OPERATING", "该机构正在运营，无需复业"),
            false => Fault::conflict("ALREADY_SUSPENDED", "该机构已停业"),
        });
    }
    let facts = timeline::change(&known.facts, effective_on, Facts { operating, ..known.facts.value.clone() })?;
    let mut institution = known.clone();
    if let Some(newest) = facts.last() {
        institution.facts = newest.clone();
    }
    let (from_state, to_state) = if operating { ("停业", "运营") } else { ("运营", "停业") };
    let event = Event { from_state, to_state, ..Event::note(effective_on, reason) };
    Ok(Change { institution, facts, filings: Vec::new(), events: vec![event] })
}

/// A 家庭托育点 may not have more places in all than children it may care for.
pub fn check_family_point(places: i64) -> Result<(), Fault> {
    if places > FAMILY_POINT_PLACES {
        return Err(Fault::cell(
            "places",
            "FAMILY_POINT_ABOVE_CAP",
            format!("家庭托育点托位合计不得超过{FAMILY_POINT_PLACES}个，现为{places}个"),
        ));
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    pub(crate) fn entry(name: &str) -> Entry {
        Entry {
            uscc: None,
            facts: Facts {
                name: name.to_owned(),
                kind: InstitutionKind::Standalone,
                ownership: Ownership::Private,
                legal_type: LegalType::Unstated,
                region: "530402001".to_owned(),
                county: "530402".to_owned(),
                address: String::new(),
                opened_on: day("2025-03-01"),
                operating: true,
                smart_pilot: false,
                parent_org_uscc: String::new(),
                reason_no_uscc: String::new(),
                source_id: String::new(),
            },
            filed: None,
        }
    }

    #[test]
    fn the_same_statement_again_is_nothing_new_and_silence_keeps_what_is_known() {
        let known =
            register(Uuid::nil(), Entry { uscc: Some("A".into()), ..entry("甲") }, day("2025-11-05")).institution;
        assert_eq!(known.facts.since, day("2025-03-01"));
        assert!(revise(&known, entry("甲"), day("2025-11-05"), "").unwrap().is_none());
        let change = revise(&known, entry("乙"), day("2025-11-05"), "更名").unwrap().unwrap();
        assert_eq!(change.institution.uscc.as_deref(), Some("A"));
        assert_eq!(change.facts[0].until, Some(day("2025-11-05")));
        assert_eq!(
            revise(&change.institution, entry("丙"), day("2025-10-01"), "").unwrap_err().reason,
            "FACT_LATER_EXISTS"
        );
    }

    #[test]
    fn a_suspension_outlives_a_sheet() {
        let known = register(Uuid::nil(), entry("甲"), day("2025-11-05")).institution;
        let shut = operate(&known, false, day("2025-11-06"), "装修").unwrap().institution;
        assert_eq!(operate(&shut, false, day("2025-11-07"), "").unwrap_err().reason, "ALREADY_SUSPENDED");
        assert!(revise(&shut, entry("甲"), day("2025-12-01"), "").unwrap().is_none());
        assert!(operate(&shut, true, day("2025-12-01"), "").unwrap().institution.facts.value.operating);
    }

    #[test]
    fn a_filing_in_the_system_of_record_is_mirrored() {
        let filed = Some(Filed { number: "5304-1".into(), on: day("2025-04-02") });
        let change = register(Uuid::nil(), Entry { filed: filed.clone(), ..entry("甲") }, day("2025-11-05"));
        assert_eq!(change.institution.filing.state, State::Filed);
        assert_eq!(change.filings.len(), 2);
        assert_eq!(change.filings[0].until, Some(day("2025-04-02")));
        let known = register(Uuid::nil(), entry("甲"), day("2025-11-05")).institution;
        let change = revise(&known, Entry { filed, ..entry("甲") }, day("2025-11-05"), "").unwrap().unwrap();
        assert_eq!(change.institution.filing.number, "5304-1");
        assert!(change.facts.is_empty());
    }

    #[test]
    fn an_institution_with_more_places_cannot_become_a_family_point() {
        let mut known = register(Uuid::nil(), entry("甲"), day("2025-11-05")).institution;
        known.places = 6;
        let mut row = entry("甲");
        row.facts.kind = InstitutionKind::FamilyPoint;
        assert_eq!(revise(&known, row, day("2025-11-05"), "").unwrap_err().reason, "FAMILY_POINT_ABOVE_CAP");
    }
}
