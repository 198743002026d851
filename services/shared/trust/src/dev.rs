//! A development authority: everything `ylyx up` needs to speak mTLS on one machine, made at first start. A real city
//! brings certificates from its government's authority instead.

use std::fs;
use std::io::Write;
use std::path::Path;

use city::bundle::City;
use kit::{Kind, Problem, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};

use crate::dsse::SigningKey;
use crate::users::{GrantEntry, UserEntry, Users};

/// Makes what is missing under `data` and keeps what is there: `trust/ca.pem`, `trust/<party>/{cert.pem,key.pem}` for
/// every bureau and for the operator, signing keys, `keys/*.pub`, `users.toml`.
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
    let users = data.join("users.toml");
    if !users.exists() {
        let text = toml::to_string(&seeded(city, bureaus)).map_err(Problem::internal)?;
        fs::write(&users, text).map_err(|error| failed(&users, &error))?;
    }
    Ok(())
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

/// Writes a file that its owner alone can read.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(bytes)).map_err(|error| failed(path, &error))
}

/// One synthetic person per role: county people for the first two counties, bureau people for the city.
fn seeded(city: &City, bureaus: &[&str]) -> Users {
    let mut users = Users::default();
    let mut person = |id: String, name: &str, unit: String, role: &str, region: &str, services: &[&str]| {
        let grant = services
            .iter()
            .map(|service| GrantEntry {
                service: (*service).to_owned(),
                role: role.to_owned(),
                region: region.to_owned(),
            })
            .collect();
        users.user.push(UserEntry { id, name: name.to_owned(), unit, grant });
    };
    let reporting: Vec<&str> = bureaus.iter().copied().filter(|bureau| *bureau != "gateway").collect();
    for (county, names) in city.regions.counties().into_iter().zip([["赵一", "钱二"], ["孙三", "李四"]]) {
        let (code, unit) = (county.code.as_str(), county.short_name.clone());
        person(format!("reporter-{code}"), names[0], unit.clone(), "COUNTY_REPORTER", code, &reporting);
        person(format!("reviewer-{code}"), names[1], unit, "COUNTY_REVIEWER", code, &reporting);
    }
    for bureau in &reporting {
        let unit = format!("{}（{bureau}）", city.name);
        person(format!("reporter-{bureau}"), "周五", unit.clone(), "CITY_BUREAU_REPORTER", &city.code, &[bureau]);
        person(format!("approver-{bureau}"), "吴六", unit, "CITY_BUREAU_APPROVER", &city.code, &[bureau]);
    }
    for (id, name, role) in [
        ("taskforce", "郑七", "TASKFORCE_ADMIN"),
        ("leader", "王八一", "LEADER_VIEWER"),
        ("auditor", "冯九", "AUDITOR"),
        ("admin", "陈十", "SYS_ADMIN"),
    ] {
        person(id.to_owned(), name, city.name.clone(), role, &city.code, bureaus);
    }
    users
}

fn failed(path: &Path, cause: &dyn std::fmt::Display) -> Problem {
    Problem::new(Kind::State, "TRUST_FILES", format!("无法准备 {}：{cause}", path.display()))
}
