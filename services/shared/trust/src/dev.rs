//! A development authority: everything `ylyx up` needs to speak mTLS on one machine, made at first start. A real city
//! brings certificates from its government's authority instead.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use city::bundle::City;
use contract::rules::AccessRules;
use kit::{Kind, Problem, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use ring::rand::{SecureRandom, SystemRandom};

use crate::dsse::SigningKey;
use crate::matching::secret::Secret;
use crate::matching::{Agreement, Agreements};
use crate::rights::seed::Seeds;
use crate::users::{GrantEntry, UserEntry, Users};

/// Makes what is missing under `data` and keeps what is there: `trust/ca.pem`, `trust/<party>/{cert.pem,key.pem}` for
/// every bureau and for the operator, signing keys, `keys/*.pub`, `users.toml`, `access-rights.toml`,
/// `initial-passwords.toml`.
pub fn prepare(data: &Path, city: &City, bureaus: &[&str]) -> Result<()> {
    let (trust, keys) = (data.join("trust"), data.join("keys"));
    for folder in [&trust, &keys] {
        fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    }
    let issuer = authority(&trust, city)?;
    for party in bureaus.iter().copied().filter(|party| *party != "operator").chain(["operator"]) {
        let folder = trust.join(party);
        let uri = match party {
            "operator" => format!("spiffe://{}/operator/local", city.code),
            bureau => format!("spiffe://{}/bureau/{bureau}", city.code),
        };
        if !folder.join("cert.pem").exists() {
            certify(&issuer, &folder, &uri, None)?;
        }
        if party != "operator" {
            SigningKey::load_or_create(&folder.join("signing.key"))?.public().save(&keys, party)?;
        }
    }
    let assertions = SigningKey::load_or_create(&trust.join("issuer/signing.key"))?;
    assertions.public().save(&keys, crate::assertion::ISSUER)?;
    agree(&trust, bureaus)?;
    let users = data.join("users.toml");
    if !users.exists() {
        let text = toml::to_string(&seeded(city, bureaus)).map_err(Problem::internal)?;
        fs::write(&users, text).map_err(|error| failed(&users, &error))?;
    }
    let rights = data.join(crate::rights::SEED_FILE);
    if !rights.exists() {
        let rules =
            AccessRules::load().map_err(|missing| Problem::state("ACCESS_RULE_MISSING", missing.to_string()))?;
        let text = Seeds::of_the_contracts(&rules, bureaus).text()?;
        fs::write(&rights, text).map_err(|error| failed(&rights, &error))?;
    }
    lay_down_passwords(&data.join(FIRST_PASSWORDS), &Users::load(&users)?)
}

/// The file of first passwords in a data folder, readable by its owner alone: `id = "password"`.
pub const FIRST_PASSWORDS: &str = "initial-passwords.toml";

/// A random first password for everybody who has none yet.
fn lay_down_passwords(file: &Path, users: &Users) -> Result<()> {
    let mut passwords: BTreeMap<String, String> = match fs::read_to_string(file) {
        Ok(text) => toml::from_str(&text).map_err(|error| failed(file, &error))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => return Err(failed(file, &error)),
    };
    let before = passwords.len();
    for user in &users.user {
        if !passwords.contains_key(&user.id) {
            passwords.insert(user.id.clone(), first_password()?);
        }
    }
    if passwords.len() == before {
        return Ok(());
    }
    let lines = toml::to_string(&passwords).map_err(Problem::internal)?;
    let text = format!("# First passwords of the console. A password that was changed since is not here.\n{lines}");
    write_private(file, text.as_bytes())
}

/// Sixteen characters in four groups, 80 bits; none that is mistaken for another.
fn first_password() -> Result<String> {
    const PLAIN: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0u8; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Problem::internal("no randomness"))?;
    let text: Vec<char> = bytes.iter().map(|byte| char::from(PLAIN[usize::from(byte % 32)])).collect();
    Ok(text.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-"))
}

/// Bureaus that match people, and what for: consumer, provider, purpose.
const MATCHED: [(&str, &str, &str); 2] =
    [("childcare", "education", "staff-verification"), ("education", "childcare", "staff-verification")];
/// Tokens that a bureau may ask about in a day: about what a register of people holds.
const TOKENS_PER_DAY: u32 = 200_000;

/// Agreements about matching, the same file on both sides; what is there stays.
fn agree(trust: &Path, bureaus: &[&str]) -> Result<()> {
    let missing = |bureau: &str| bureaus.contains(&bureau) && !trust.join(bureau).join("agreements.toml").exists();
    let mut files: BTreeMap<&str, Agreements> = BTreeMap::new();
    for (consumer, provider, purpose) in MATCHED {
        if !missing(consumer) || !missing(provider) {
            continue;
        }
        let agreement = Agreement {
            id: format!("{consumer}-{provider}-{purpose}"),
            provider: provider.to_owned(),
            consumer: consumer.to_owned(),
            purpose: purpose.to_owned(),
            questions: vec!["REGISTERED".to_owned()],
            tokens_per_day: TOKENS_PER_DAY,
            until: None,
            key: vec![Secret::make(1)?],
        };
        for bureau in [consumer, provider] {
            files.entry(bureau).or_default().agreement.push(agreement.clone());
        }
    }
    files.into_iter().try_for_each(|(bureau, agreements)| agreements.save(&trust.join(bureau).join("agreements.toml")))
}

/// Issues a certificate that names `uri` into a folder; `not_after` (year, month, day) in place of a year from now.
pub fn certify(issuer: &Issuer<'_, KeyPair>, folder: &Path, uri: &str, not_after: Option<(i32, u8, u8)>) -> Result<()> {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).map_err(Problem::internal)?;
    params.subject_alt_names.push(SanType::IpAddress(std::net::Ipv4Addr::LOCALHOST.into()));
    params.subject_alt_names.push(SanType::URI(uri.try_into().map_err(Problem::internal)?));
    params.distinguished_name = named(uri);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    let (year, month, day) = not_after.unwrap_or((2099, 12, 31));
    params.not_after = rcgen::date_time_ymd(year, month, day);
    let key = KeyPair::generate().map_err(Problem::internal)?;
    let certificate = params.signed_by(&key, issuer).map_err(Problem::internal)?;
    write_private(&folder.join("key.pem"), key.serialize_pem().as_bytes())?;
    let file = folder.join("cert.pem");
    fs::write(&file, certificate.pem()).map_err(|error| failed(&file, &error))
}

/// The authority of a data folder, made at first use.
pub fn authority(trust: &Path, city: &City) -> Result<Issuer<'static, KeyPair>> {
    let (certificate, private) = (trust.join("ca.pem"), trust.join("ca-key.pem"));
    if !certificate.exists() {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name = named(&format!("ylyx development authority {}", city.code));
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2099, 12, 31);
        let key = KeyPair::generate().map_err(Problem::internal)?;
        let made = params.self_signed(&key).map_err(Problem::internal)?;
        write_private(&private, key.serialize_pem().as_bytes())?;
        fs::write(&certificate, made.pem()).map_err(|error| failed(&certificate, &error))?;
    }
    let key = fs::read_to_string(&private).map_err(|error| failed(&private, &error))?;
    let key = KeyPair::from_pem(&key).map_err(|error| failed(&private, &error))?;
    let pem = fs::read_to_string(&certificate).map_err(|error| failed(&certificate, &error))?;
    Issuer::from_ca_cert_pem(&pem, key).map_err(|error| failed(&certificate, &error))
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

/// Writes a file that its owner alone can read, whole and durable.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    kit::folder::write_whole_private(path, bytes).map_err(|error| failed(path, &error))
}

/// Synthetic people: three in every county, three in every bureau, and those of the whole city.
fn seeded(city: &City, bureaus: &[&str]) -> Users {
    let mut users = Users::default();
    let mut person = |id: String, unit: &str, role: &str, region: &str, services: &[&str]| {
        let grant = services.iter().map(|service| GrantEntry {
            service: (*service).to_owned(),
            role: role.to_owned(),
            region: region.to_owned(),
        });
        let name = name_of(users.user.len());
        users.user.push(UserEntry { id, name, unit: unit.to_owned(), grant: grant.collect() });
    };
    let reporting: Vec<&str> = bureaus.iter().copied().filter(|bureau| *bureau != "gateway").collect();
    for county in city.regions.counties() {
        let (code, unit) = (county.code.as_str(), county.short_name.as_str());
        person(format!("reporter-{code}"), unit, "COUNTY_REPORTER", code, &reporting);
        person(format!("reviewer-{code}"), unit, "COUNTY_REVIEWER", code, &reporting);
        person(format!("admin-{code}"), unit, "COUNTY_ADMIN", code, bureaus);
    }
    for bureau in &reporting {
        let unit = unit_of(city, bureau);
        person(format!("reporter-{bureau}"), unit, "CITY_BUREAU_REPORTER", &city.code, &[bureau]);
        person(format!("approver-{bureau}"), unit, "CITY_BUREAU_APPROVER", &city.code, &[bureau]);
        person(format!("approver2-{bureau}"), unit, "CITY_BUREAU_APPROVER", &city.code, &[bureau]);
    }
    // Who files a unit's tasks with the coordination office.
    for bureau in reporting.iter().filter(|bureau| **bureau != "supervision" && reporting.contains(&"supervision")) {
        person(format!("tasks-{bureau}"), unit_of(city, bureau), "CITY_BUREAU_REPORTER", &city.code, &["supervision"]);
    }
    // The same for units that the plan names first in a task and that run no service of their own.
    let first: BTreeSet<&str> =
        city.plan.tasks.iter().filter_map(|task| task.organisations.first()).map(String::as_str).collect();
    for unit in city.organisations.iter().filter(|unit| first.contains(unit.code.as_str())) {
        if reporting.contains(&"supervision") && (unit.service.is_empty() || unit.service == "supervision") {
            let id = format!("tasks-{}", unit.code.to_lowercase());
            person(id, &unit.name_in_plan, "CITY_BUREAU_REPORTER", &city.code, &["supervision"]);
        }
    }
    for (id, role) in
        [("taskforce", "TASKFORCE_ADMIN"), ("leader", "LEADER_VIEWER"), ("auditor", "AUDITOR"), ("admin", "SYS_ADMIN")]
    {
        person(id.to_owned(), &city.name, role, &city.code, bureaus);
    }
    users
}

/// What the unit behind a service is called; a service that serves many units is the coordination office's.
fn unit_of<'c>(city: &'c City, bureau: &str) -> &'c str {
    let mut served = city.organisations.iter().filter(|organisation| organisation.service == bureau);
    match (served.next(), served.next()) {
        (Some(only), None) => &only.name_in_plan,
        _ => "工作协调机制办公室",
    }
}

/// 赵某, 钱某, …: nobody in particular, and no two alike.
fn name_of(number: usize) -> String {
    let surnames: Vec<char> =
        "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎"
            .chars()
            .collect();
    let given = ["某", "某某", "甲", "乙", "丙", "丁"];
    format!("{}{}", surnames[number % surnames.len()], given[number / surnames.len() % given.len()])
}

fn failed(path: &Path, cause: &dyn std::fmt::Display) -> Problem {
    Problem::new(Kind::State, "TRUST_FILES", format!("无法准备 {}：{cause}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_gets_a_first_password_once_and_nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, city) = (tempfile::tempdir().unwrap(), City::embedded());
        let file = folder.path().join(FIRST_PASSWORDS);
        let read = || toml::from_str::<BTreeMap<String, String>>(&fs::read_to_string(&file).unwrap()).unwrap();
        prepare(folder.path(), &city, &["childcare", "gateway"]).unwrap();
        let users = Users::load(&folder.path().join("users.toml")).unwrap();
        let first = read();
        assert_eq!(first.len(), users.user.len());
        assert_eq!(users.user.len(), 9 * 3 + 3 + 4);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        prepare(folder.path(), &city, &["childcare", "gateway"]).unwrap();
        assert_eq!(read(), first);
        let names: std::collections::BTreeSet<&str> = users.user.iter().map(|user| user.name.as_str()).collect();
        assert_eq!(names.len(), users.user.len(), "a signature says who it was");
        let admin = users.find("admin-530428").unwrap();
        assert!(admin.grant.iter().any(|grant| grant.service == "gateway" && grant.role == "COUNTY_ADMIN"));
    }
}
