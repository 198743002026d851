//! 养老机构 (dictionary §5.1.1): what an institution is, and what a sheet row or a form may do to one.
//!
//! Rules only: no SQL, no contract, no clock. Facts are dated; the operating state is a timeline of its own
//! ([`operation`]), and so is the validity of a grade ([`grade`]).

pub mod door;
pub mod feed;
pub mod grade;
pub mod import;
pub mod operation;
pub mod service;
pub mod store;

use jiff::civil::Date;
use registry::{Coded, Dated, Event, Fault, timeline};
use uuid::Uuid;

use grade::Rating;
use operation::{Act, Filed, Operation, State};

/// 兴办和运营主体.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    PublicRural,
    PublicUrban,
    PublicBuiltPrivateRun,
    Private,
}

impl Coded for Ownership {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::PublicRural, "PUBLIC_RURAL"),
        (Self::PublicUrban, "PUBLIC_URBAN"),
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

/// 营利性质; `Unstated` where the sheet says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfitNature {
    Unstated,
    ForProfit,
    NonProfit,
    Public,
}

impl Coded for ProfitNature {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Unstated, "UNSPECIFIED"),
        (Self::ForProfit, "FOR_PROFIT"),
        (Self::NonProfit, "NON_PROFIT"),
        (Self::Public, "PUBLIC"),
    ];
}

/// 医养方式; `Unstated` where the sheet says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MedicalMode {
    Unstated,
    InternalHospital,
    Clinic,
    NursingStation,
    Contract,
    None,
}

impl Coded for MedicalMode {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Unstated, "UNSPECIFIED"),
        (Self::InternalHospital, "INTERNAL_HOSPITAL"),
        (Self::Clinic, "CLINIC"),
        (Self::NursingStation, "NURSING_STATION"),
        (Self::Contract, "CONTRACT"),
        (Self::None, "NONE"),
    ];
}

/// What holds of an institution over a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub name: String,
    pub ownership: Ownership,
    pub legal_type: LegalType,
    pub profit_nature: ProfitNature,
    /// County, township or village; township or village of a 区域性养老服务中心.
    pub region: String,
    /// The county that counts it.
    pub county: String,
    pub address: String,
    pub established_on: Option<Date>,
    pub medical_mode: MedicalMode,
    pub is_regional_centre: bool,
    pub is_county_disabled_care: bool,
    pub smart_pilot: bool,
    pub building_area_cm2: i64,
    /// 核定床位; 0 where none are stated.
    pub beds_approved: i64,
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
    pub operation: Operation,
    pub rating: Option<Rating>,
}

/// What a sheet row or a form states of an institution, every cell checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub uscc: Option<String>,
    pub facts: Facts,
    /// Opening, filing and grade as the system of record holds them; silence says nothing.
    pub opened_on: Option<Date>,
    pub filed: Option<Filed>,
    pub rating: Option<Rating>,
}

/// What to save: the institution as it is now, the stretches that changed, and what history says of it.
#[derive(Clone, Debug)]
pub struct Change {
    pub institution: Institution,
    pub facts: Vec<Dated<Facts>>,
    pub states: Vec<Dated<State>>,
    pub events: Vec<Event>,
}

/// Enters an institution. Its facts hold from the first day that the record itself states.
pub fn register(id: Uuid, entry: Entry, today: Date) -> Change {
    let Entry { uscc, facts, opened_on, filed, rating } = entry;
    let (operation, states) = Operation::entered(uscc.is_some(), facts.established_on, opened_on, filed, today);
    let since = states.first().map_or(today, |first| first.since);
    let mut events = Vec::new();
    let mut before = "";
    for stretch in &states {
        let reason = if before.is_empty() { "登记" } else { "" };
        events.push(Event::step(stretch.since, before, stretch.value.label(), reason));
        before = stretch.value.label();
    }
    let facts = Dated::from(since, facts);
    let institution = Institution { id, version: 1, uscc, facts: facts.clone(), operation, rating };
    Change { institution, facts: vec![facts], states, events }
}

/// Brings an institution to what the entry states from `effective_on`; `None` when it states nothing new.
///
/// A missing credit code keeps the known one. Fails with FACT_LATER_EXISTS, OPENED_ON_DIFFERS,
/// INSTITUTION_TERMINATED.
pub fn revise(known: &Institution, entry: Entry, effective_on: Date, told: &Event) -> Result<Option<Change>, Fault> {
    let mut institution = known.clone();
    let mut events = Vec::new();
    let facts = timeline::change(&known.facts, effective_on, entry.facts)?;
    if let Some(newest) = facts.last() {
        institution.facts = newest.clone();
        events.push(told.clone());
    }
    let mut states = Vec::new();
    if let Some(uscc) = entry.uscc.filter(|uscc| known.uscc.as_ref() != Some(uscc)) {
        events.push(Event::note(effective_on, format!("统一社会信用代码登记为 {uscc}")));
        institution.uscc = Some(uscc);
        states = institution.operation.register(effective_on);
    }
    for stretch in institution.operation.mirror(entry.opened_on, entry.filed)? {
        states.retain(|known: &Dated<State>| known.since != stretch.since);
        states.push(stretch);
    }
    let (before, now) = (&known.operation, &institution.operation);
    if before != now {
        let note = match &now.filed {
            Some(filed) if before.filed != now.filed => format!("备案编号 {}", filed.number),
            _ => String::new(),
        };
        let moved = before.state != now.state;
        let label = |state: State| if moved { state.label() } else { "" };
        events.push(Event::step(now.since, label(before.state), label(now.state), note));
    }
    if let Some(rating) = entry.rating.filter(|rating| known.rating.as_ref() != Some(rating)) {
        events.push(rated(&rating, ""));
        institution.rating = Some(rating);
    }
    Ok((!events.is_empty()).then_some(Change { institution, facts, states, events }))
}

/// Does an act on the operating state. Fails with INSTITUTION_STATE, FACT_LATER_EXISTS.
pub fn operate(known: &Institution, act: Act, told: Event, filed: Option<Filed>) -> Result<Change, Fault> {
    let mut institution = known.clone();
    let states = institution.operation.act(act, told.effective_on)?;
    if filed.is_some() {
        institution.operation.filed = filed;
    }
    let (from_state, to_state) = (known.operation.state.label(), institution.operation.state.label());
    let event = Event { from_state, to_state, ..told };
    Ok(Change { institution, facts: Vec::new(), states, events: vec![event] })
}

/// 评定等级: replaces the grade before. Fails with GRADE_EXPIRED, INSTITUTION_STATE.
pub fn rate(
    known: &Institution,
    rating: Rating,
    today: Date,
    reason: &str,
    document_number: String,
) -> Result<Change, Fault> {
    rating.check_current(today)?;
    if known.operation.state == State::Terminated {
        return Err(Fault::conflict("INSTITUTION_STATE", "该机构已终止，不能评定等级"));
    }
    let event = Event { document_number, ..rated(&rating, reason) };
    let institution = Institution { rating: Some(rating), ..known.clone() };
    Ok(Change { institution, facts: Vec::new(), states: Vec::new(), events: vec![event] })
}

fn rated(rating: &Rating, reason: &str) -> Event {
    let text = format!("评定为{}级，有效期至{}", ["一", "二", "三", "四", "五"][rating.grade as usize], rating.until);
    Event::note(rating.from, if reason.is_empty() { text } else { format!("{text}：{reason}") })
}

#[cfg(test)]
mod tests {
    use super::grade::Grade;
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn entry(name: &str) -> Entry {
        let facts = Facts {
            name: name.to_owned(),
            ownership: Ownership::Private,
            legal_type: LegalType::Unstated,
            profit_nature: ProfitNature::Unstated,
            region: "530402001".to_owned(),
            county: "530402".to_owned(),
            address: String::new(),
            established_on: Some(day("2020-01-01")),
            medical_mode: MedicalMode::None,
            is_regional_centre: false,
            is_county_disabled_care: false,
            smart_pilot: false,
            building_area_cm2: 0,
            beds_approved: 0,
            parent_org_uscc: String::new(),
            reason_no_uscc: String::new(),
            source_id: String::new(),
        };
        Entry { uscc: Some("A".into()), facts, opened_on: None, filed: None, rating: None }
    }

    fn told(on: &str) -> Event {
        Event::note(day(on), "变更")
    }

    #[test]
    fn the_same_statement_again_is_nothing_new_and_silence_keeps_what_is_known() {
        let rating = Rating::checked(Grade::Two, day("2024-01-01"), day("2026-12-31")).unwrap();
        let full = Entry { opened_on: Some(day("2020-02-01")), rating: Some(rating), ..entry("甲") };
        let known = register(Uuid::nil(), full.clone(), day("2025-11-05")).institution;
        assert_eq!((known.facts.since, known.operation.state), (day("2020-01-01"), State::Unfiled));
        let silent = Entry { uscc: None, ..entry("甲") };
        for same in [full, silent] {
            assert!(revise(&known, same, day("2025-11-05"), &told("2025-11-05")).unwrap().is_none());
        }
        let change = revise(&known, entry("乙"), day("2025-11-05"), &told("2025-11-05")).unwrap().unwrap();
        assert_eq!(change.facts[0].until, Some(day("2025-11-05")));
        assert_eq!((change.institution.uscc.as_deref(), change.institution.rating), (Some("A"), Some(rating)));
        let late = revise(&change.institution, entry("丙"), day("2025-10-01"), &told("2025-10-01"));
        assert_eq!(late.unwrap_err().reason, "FACT_LATER_EXISTS");
    }

    #[test]
    fn a_credit_code_registers_what_was_being_prepared() {
        let known = register(Uuid::nil(), Entry { uscc: None, ..entry("甲") }, day("2025-11-05")).institution;
        assert_eq!(known.operation.state, State::Preparing);
        let opened = Entry { opened_on: Some(day("2025-11-06")), ..entry("甲") };
        let change = revise(&known, opened, day("2025-11-05"), &told("2025-11-05")).unwrap().unwrap();
        let states: Vec<_> = change.states.iter().map(|s| (s.since.to_string(), s.value)).collect();
        let expected =
            [("2020-01-01", State::Preparing), ("2025-11-05", State::LegalRegistered), ("2025-11-06", State::Unfiled)];
        assert_eq!(states, expected.map(|(day, state)| (day.to_owned(), state)));
    }

    #[test]
    fn an_expired_grade_is_not_granted_and_a_terminated_institution_gets_none() {
        let known = register(Uuid::nil(), entry("甲"), day("2025-11-05")).institution;
        let rating = Rating::checked(Grade::Five, day("2022-01-01"), day("2025-01-01")).unwrap();
        let refused = rate(&known, rating, day("2025-11-05"), "", "文".into());
        assert_eq!(refused.unwrap_err().reason, "GRADE_EXPIRED");
        let rating = Rating { until: day("2026-01-01"), ..rating };
        let change = rate(&known, rating, day("2025-11-05"), "", "文".into()).unwrap();
        assert_eq!(change.events[0].reason, "评定为五级，有效期至2026-01-01");
        let gone = operate(&known, Act::Terminate, told("2025-11-05"), None).unwrap().institution;
        let refused = rate(&gone, rating, day("2025-11-05"), "", "文".into());
        assert_eq!(refused.unwrap_err().reason, "INSTITUTION_STATE");
    }
}
