//! Posts at the door: rows of the contract become checked entries, and records become messages with masked people.

use contract::document::Document;
use jiff::civil::Date;
use proto::childcare as wire;
use registry::imports::stream::Draft;
use registry::{Cells, Coded, Fault, people};
use trust::persons::{Identity, Person};

use super::store::Placed;
use super::{Certificate, Entry, Facts, Role, check_dates};
use crate::institutions::door::optional_uscc;

/// What a row names its post by, as far as that can be read.
#[derive(Debug)]
pub struct Names {
    pub institution_uscc: Option<String>,
    pub institution_name: String,
    pub document: Option<Document>,
}

/// Who the row is about, and in which post.
pub type Stated = (Identity, Entry);

/// Reads a row of a sheet.
pub fn read(row: &wire::StaffRow, today: Date) -> Draft<Names, Stated> {
    read_row(row, true, today)
}

/// Reads what a form says of somebody whose institution is already known.
pub fn read_form(row: &wire::StaffRow, today: Date) -> Result<Stated, Vec<Fault>> {
    read_row(row, false, today).entry
}

fn read_row(row: &wire::StaffRow, names_institution: bool, today: Date) -> Draft<Names, Stated> {
    let mut cells = Cells::default();
    let institution_uscc = optional_uscc(&mut cells, "institution_uscc", &row.institution_uscc);
    let institution_name = match names_institution {
        true => cells.required("institution_name", "机构名称", &row.institution_name),
        false => row.institution_name.trim().to_owned(),
    };
    let name = people::name(&mut cells, &row.name);
    let document = people::document(&mut cells, row.document_kind().as_str_name(), &row.document_number, today);
    let phone = people::phone(&mut cells, &row.phone);
    let facts = facts(
        &mut cells,
        &wire::ChangeStaffRequest {
            role: row.role,
            on_floor: row.on_floor,
            certificate: row.certificate,
            certificate_number: row.certificate_number.clone(),
            certificate_until: row.certificate_until.clone(),
            health_checked_on: row.health_checked_on.clone(),
            clean_record_on: row.clean_record_on.clone(),
            ..Default::default()
        },
    );
    let hired_on = cells.date("hired_on", "入职日期", &row.hired_on);
    let left_on = cells.optional_date("left_on", "离岗日期", &row.left_on);
    if let Some(hired_on) = hired_on {
        cells.take(check_dates(hired_on, left_on));
    }
    let entry = match (&document, phone, facts, hired_on) {
        (Some(document), Some(phone), Some(facts), Some(hired_on)) if cells.faults.is_empty() => {
            let identity = Identity { name, documents: vec![document.clone()], phone };
            Ok((identity, Entry { facts, hired_on, left_on, distinct: row.distinct_person }))
        }
        _ => Err(cells.faults),
    };
    Draft { names: Names { institution_uscc, institution_name, document }, entry }
}

/// What is stated of role and certificate, in a row as in a form.
pub fn facts(cells: &mut Cells, stated: &wire::ChangeStaffRequest) -> Option<Facts> {
    let role = cells.coded("role", "岗位", stated.role().as_str_name(), "STAFF_ROLE_");
    let certificate = cells.coded(
        "certificate",
        "资格证书（没有的填“无”）",
        stated.certificate().as_str_name(),
        "STAFF_CERTIFICATE_",
    );
    let certificate_until = cells.optional_date("certificate_until", "证书有效期至", &stated.certificate_until);
    let health_checked_on = cells.optional_date("health_checked_on", "健康检查日期", &stated.health_checked_on);
    let clean_record_on = cells.optional_date("clean_record_on", "无犯罪记录证明日期", &stated.clean_record_on);
    // The 27 characters of a doctor's certificate end in the holder's resident id.
    let certificate_number = cells.harmless(
        "certificate_number",
        "证书编号",
        &stated.certificate_number,
        "请去掉其中的号码再填（医师资格证书编码只填前9位，不填后面的身份证号码）",
    );
    let (role, certificate): (Role, Certificate) = (role?, certificate?);
    let facts = Facts {
        role,
        on_floor: stated.on_floor,
        certificate,
        certificate_number,
        certificate_until,
        health_checked_on,
        clean_record_on,
    };
    cells.take(facts.check())?;
    Some(facts)
}

/// The message of a post; its person is masked.
pub fn message(placed: Placed, person: Option<&Person>) -> wire::Staff {
    let Placed { staff, institution_name, region } = placed;
    let facts = staff.facts.value;
    let on = |date: Option<Date>| date.map(|on| on.to_string()).unwrap_or_default();
    wire::Staff {
        id: staff.id.to_string(),
        version: u64::try_from(staff.version).unwrap_or_default(),
        institution_id: staff.institution_id.to_string(),
        institution_name,
        person_id: staff.person_id.to_string(),
        name: person.map(Person::masked_name).unwrap_or_default(),
        document_number: person.map(Person::masked_document).unwrap_or_default(),
        phone: person.map(Person::masked_phone).unwrap_or_default(),
        role: wire::StaffRole::from_str_name(&format!("STAFF_ROLE_{}", facts.role.code())).unwrap_or_default() as i32,
        on_floor: facts.on_floor,
        certificate: wire::StaffCertificate::from_str_name(&format!("STAFF_CERTIFICATE_{}", facts.certificate.code()))
            .unwrap_or_default() as i32,
        certificate_number: facts.certificate_number,
        certificate_until: on(facts.certificate_until),
        health_checked_on: on(facts.health_checked_on),
        clean_record_on: on(facts.clean_record_on),
        hired_on: staff.hired_on.to_string(),
        left_on: on(staff.left_on),
        region,
        facts_since: staff.facts.since.to_string(),
    }
}
