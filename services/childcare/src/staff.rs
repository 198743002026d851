//! 从业人员 (dictionary §5.2.4): who works at an institution, in which role, with which certificate. Rules only: no SQL, no
//! contract, no clock.

pub mod door;
pub mod elsewhere;
pub mod import;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;

use jiff::civil::Date;
use registry::timeline::{self, Dated};
use registry::{Coded, Event, Fault};
use uuid::Uuid;

/// 岗位.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Principal,
    Carer,
    Health,
    Cook,
    Guard,
    Other,
}

impl Coded for Role {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Principal, "PRINCIPAL"),
        (Self::Carer, "CARER"),
        (Self::Health, "HEALTH"),
        (Self::Cook, "COOK"),
        (Self::Guard, "GUARD"),
        (Self::Other, "OTHER"),
    ];
}

impl Role {
    pub fn label(self) -> &'static str {
        match self {
            Role::Principal => "负责人",
            Role::Carer => "保育人员",
            Role::Health => "保健人员",
            Role::Cook => "炊事人员",
            Role::Guard => "保安人员",
            Role::Other => "其他人员",
        }
    }
}

/// 资格证书: those that count for C13, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificate {
    None,
    InfantCarer,
    ChildCarer,
    DevelopmentGuide,
    KindergartenTeacher,
    Medical,
}

impl Coded for Certificate {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::None, "NONE"),
        (Self::InfantCarer, "INFANT_CARER"),
        (Self::ChildCarer, "CHILD_CARER"),
        (Self::DevelopmentGuide, "DEVELOPMENT_GUIDE"),
        (Self::KindergartenTeacher, "KINDERGARTEN_TEACHER"),
        (Self::Medical, "MEDICAL"),
    ];
}

/// What holds of a post from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub role: Role,
    /// A principal who also cares for children counts as a carer.
    pub on_floor: bool,
    pub certificate: Certificate,
    pub certificate_number: String,
    /// The last day on which the certificate holds; none: until further notice.
    pub certificate_until: Option<Date>,
    pub health_checked_on: Option<Date>,
    pub clean_record_on: Option<Date>,
}

impl Facts {
    /// What contradicts itself: ON_FLOOR_ROLE, CERTIFICATE_NUMBER_MISSING, CERTIFICATE_WITHOUT_KIND.
    pub fn check(&self) -> Result<(), Fault> {
        if self.on_floor && self.role != Role::Principal {
            return Err(Fault::cell("on_floor", "ON_FLOOR_ROLE", "只有负责人填“负责人兼保育”"));
        }
        let stated = !self.certificate_number.is_empty() || self.certificate_until.is_some();
        match (self.certificate, stated) {
            (Certificate::None, true) => {
                Err(Fault::cell("certificate", "CERTIFICATE_WITHOUT_KIND", "填了证书编号或有效期，资格证书却为“无”"))
            }
            (Certificate::None, false) => Ok(()),
            _ if self.certificate_number.is_empty() => {
                Err(Fault::cell("certificate_number", "CERTIFICATE_NUMBER_MISSING", "请填写证书编号"))
            }
            _ => Ok(()),
        }
    }
}

/// One post as last recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    pub id: Uuid,
    pub version: i64,
    pub institution_id: Uuid,
    /// The person as the post was entered; another, where two records turned out to be one person.
    pub entered_for: Uuid,
    /// Who holds the post.
    pub person_id: Uuid,
    pub hired_on: Date,
    pub left_on: Option<Date>,
    pub facts: Dated<Facts>,
}

/// What a row or a form states of a post, every cell checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub facts: Facts,
    pub hired_on: Date,
    pub left_on: Option<Date>,
    /// Not the person of the same name who is registered already.
    pub distinct: bool,
}

/// What to save of a post.
#[derive(Clone, Debug)]
pub struct Change {
    pub staff: Staff,
    pub facts: Vec<Dated<Facts>>,
    pub event: Event,
}

/// Enters a post.
pub fn hire(id: Uuid, institution_id: Uuid, person_id: Uuid, entry: Entry) -> Change {
    let label = entry.facts.role.label();
    let event = match entry.left_on {
        None => Event::step(entry.hired_on, "", "在岗", format!("任{label}")),
        Some(left_on) => Event::step(entry.hired_on, "", "已离岗", format!("任{label}，{left_on}离岗")),
    };
    let facts = Dated::from(entry.hired_on, entry.facts);
    let staff = Staff {
        id,
        version: 1,
        institution_id,
        entered_for: person_id,
        person_id,
        hired_on: entry.hired_on,
        left_on: entry.left_on,
        facts: facts.clone(),
    };
    Change { staff, facts: vec![facts], event }
}

/// Role or certificate from a day on; `None` when nothing changes. STAFF_LEFT, FACT_LATER_EXISTS.
pub fn alter(known: &Staff, facts: Facts, effective_on: Date, reason: &str) -> Result<Option<Change>, Fault> {
    if known.left_on.is_some_and(|left_on| left_on <= effective_on) && facts != known.facts.value {
        return Err(left(known));
    }
    let before = known.facts.value.role;
    let text = match (before == facts.role, reason) {
        (true, "") => "变更资格证书".to_owned(),
        (false, "") => format!("由{}改任{}", before.label(), facts.role.label()),
        (_, reason) => reason.to_owned(),
    };
    let stretches = timeline::change(&known.facts, effective_on, facts)?;
    let Some(newest) = stretches.last().cloned() else { return Ok(None) };
    let staff = Staff { facts: newest, ..known.clone() };
    Ok(Some(Change { staff, facts: stretches, event: Event::note(effective_on, text) }))
}

/// 离岗 from a day on. STAFF_LEFT, DATES_REVERSED, FACT_LATER_EXISTS.
pub fn leave(known: &Staff, left_on: Date, reason: &str) -> Result<Change, Fault> {
    if known.left_on.is_some() {
        return Err(left(known));
    }
    check_dates(known.hired_on, Some(left_on))?;
    if left_on < known.facts.since {
        let message = format!("已登记了自{}起的情况，离岗日期不能早于该日", known.facts.since);
        return Err(Fault::conflict("FACT_LATER_EXISTS", message));
    }
    let staff = Staff { left_on: Some(left_on), ..known.clone() };
    let reason = if reason.is_empty() { "离岗" } else { reason };
    Ok(Change { staff, facts: Vec::new(), event: Event::step(left_on, "在岗", "已离岗", reason) })
}

/// Brings a post to what a row states from `effective_on`; `None` when it states nothing new. A row moves no day of hiring
/// (HIRED_ON_DIFFERS) and brings nobody back who left (STAFF_LEFT): that is a new post with its own day.
pub fn revise(known: &Staff, entry: Entry, effective_on: Date) -> Result<Option<Change>, Fault> {
    if entry.hired_on != known.hired_on {
        let message = format!("已登记的入职日期为{}，表中为{}", known.hired_on, entry.hired_on);
        return Err(Fault::conflict("HIRED_ON_DIFFERS", message));
    }
    if known.left_on.is_some() && entry.left_on != known.left_on {
        return Err(left(known));
    }
    let altered = alter(known, entry.facts, effective_on.max(known.hired_on), "")?;
    let Some(left_on) = entry.left_on.filter(|_| known.left_on.is_none()) else { return Ok(altered) };
    let mut leaving = leave(altered.as_ref().map_or(known, |change| &change.staff), left_on, "")?;
    leaving.facts = altered.map(|change| change.facts).unwrap_or_default();
    Ok(Some(leaving))
}

/// The post of a person that a row means: the one that began on the row's day; else the one that began last, unless it had ended
/// before the row's began.
pub fn meant<'s>(posts: impl Iterator<Item = &'s Staff>, hired_on: Date) -> Option<&'s Staff> {
    posts
        .max_by_key(|staff| (staff.hired_on == hired_on, staff.hired_on))
        .filter(|staff| staff.hired_on == hired_on || staff.left_on.is_none_or(|left_on| hired_on < left_on))
}

/// Nobody leaves before being hired.
pub fn check_dates(hired_on: Date, left_on: Option<Date>) -> Result<(), Fault> {
    match left_on {
        Some(left_on) if left_on < hired_on => {
            Err(Fault::cell("left_on", "DATES_REVERSED", format!("离岗日期{left_on}早于入职日期{hired_on}")))
        }
        _ => Ok(()),
    }
}

/// The same name at work in the institution under another document: one person entered twice, unless the clerk has looked.
pub fn same_name() -> Fault {
    let message = "该机构已有同名在岗人员，证件不同：是同一人请用已登记的证件，确非一人请在“确认同名不同人”填“是”";
    Fault::conflict("STAFF_SAME_NAME", message)
}

fn left(staff: &Staff) -> Fault {
    let on = staff.left_on.map(|on| on.to_string()).unwrap_or_default();
    Fault::conflict("STAFF_LEFT", format!("此人已于{on}离岗；再次入职请用新的入职日期"))
}

#[cfg(test)]
mod rules {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn facts(role: Role, certificate: Certificate) -> Facts {
        Facts {
            role,
            on_floor: false,
            certificate,
            certificate_number: if certificate == Certificate::None { String::new() } else { "Y0001".into() },
            certificate_until: None,
            health_checked_on: None,
            clean_record_on: None,
        }
    }

    fn entry(certificate: Certificate) -> Entry {
        Entry { facts: facts(Role::Carer, certificate), hired_on: day("2025-09-01"), left_on: None, distinct: false }
    }

    #[test]
    fn a_certificate_has_a_number_and_only_a_principal_is_also_a_carer() {
        assert_eq!(facts(Role::Carer, Certificate::InfantCarer).check(), Ok(()));
        let unnumbered = Facts { certificate_number: String::new(), ..facts(Role::Carer, Certificate::Medical) };
        assert_eq!(unnumbered.check().unwrap_err().reason, "CERTIFICATE_NUMBER_MISSING");
        let without = Facts { certificate_until: Some(day("2026-01-01")), ..facts(Role::Carer, Certificate::None) };
        assert_eq!(without.check().unwrap_err().reason, "CERTIFICATE_WITHOUT_KIND");
        let cook = Facts { on_floor: true, ..facts(Role::Cook, Certificate::None) };
        assert_eq!(cook.check().unwrap_err().reason, "ON_FLOOR_ROLE");
    }

    #[test]
    fn a_sheet_alters_ends_and_never_moves_the_hiring() {
        let staff = hire(Uuid::nil(), Uuid::nil(), Uuid::nil(), entry(Certificate::None)).staff;
        assert!(revise(&staff, entry(Certificate::None), day("2025-11-01")).unwrap().is_none());
        let change = revise(&staff, entry(Certificate::InfantCarer), day("2025-11-01")).unwrap().unwrap();
        assert_eq!((change.facts.len(), change.event.reason.as_str()), (2, "变更资格证书"));
        let moved = Entry { hired_on: day("2025-08-01"), ..entry(Certificate::None) };
        assert_eq!(revise(&staff, moved, day("2025-11-01")).unwrap_err().reason, "HIRED_ON_DIFFERS");
        let gone = Entry { left_on: Some(day("2025-12-01")), ..entry(Certificate::None) };
        let change = revise(&staff, gone.clone(), day("2025-11-01")).unwrap().unwrap();
        assert_eq!(change.staff.left_on, Some(day("2025-12-01")));
        assert!(revise(&change.staff, gone, day("2026-01-01")).unwrap().is_none());
        assert_eq!(
            revise(&change.staff, entry(Certificate::None), day("2026-01-01")).unwrap_err().reason,
            "STAFF_LEFT"
        );
        assert!(meant([&change.staff].into_iter(), day("2026-03-01")).is_none());
        assert_eq!(meant([&change.staff].into_iter(), day("2025-09-01")), Some(&change.staff));
        // A day's post is the same one in the next sheet, and so is one that ended before another began.
        let one_day = Entry { left_on: Some(day("2025-09-01")), ..entry(Certificate::None) };
        let ended = hire(Uuid::nil(), Uuid::nil(), Uuid::nil(), one_day).staff;
        let next = Staff { hired_on: day("2025-10-01"), left_on: None, ..ended.clone() };
        assert_eq!(meant([&ended].into_iter(), day("2025-09-01")), Some(&ended));
        assert_eq!(meant([&ended, &next].into_iter(), day("2025-09-01")), Some(&ended));
        assert_eq!(meant([&ended, &next].into_iter(), day("2025-11-01")), Some(&next));
    }
}
