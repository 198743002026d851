//! `access-rights.toml` beside `users.toml`: the agreements that a suite begins with. Read at every start; what is new
//! in it is granted, what is gone from it ends, and what a person has ended stays ended.

use std::collections::BTreeSet;
use std::path::Path;

use contract::catalogue;
use contract::rules::AccessRules;
use jiff::civil::Date;
use kit::{Clock, Db, Problem, Result, retry};
use serde::{Deserialize, Serialize};

use super::state::State;
use super::wanted::{Wanted, is_shared, package_of};
use super::{Rights, store};

/// The file's name.
pub const FILE: &str = "access-rights.toml";

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seeds {
    #[serde(default)]
    pub(crate) right: Vec<Seed>,
}

/// One agreement.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seed {
    pub(crate) provider: String,
    /// gRPC path.
    pub(crate) method: String,
    pub(crate) consumer: String,
    pub(crate) purpose: String,
    /// Empty: every field.
    #[serde(default)]
    pub(crate) fields: Vec<String>,
    /// The last day, 2026-12-31; left out: until it is ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) valid_until: Option<String>,
    #[serde(default)]
    pub(crate) catalogue_number: String,
    #[serde(default)]
    pub(crate) authorisation_number: String,
}

impl Seeds {
    /// One right for every conditional method, bureau among its callers, and purpose, as far as the bureaus run here.
    pub(crate) fn of_the_contracts(rules: &AccessRules, bureaus: &[&str]) -> Seeds {
        let mut right = Vec::new();
        for (method, consumers) in catalogue::conditional(rules) {
            let package = package_of(&method.path);
            let provides = |bureau: &&&str| package == **bureau || is_shared(&package) && **bureau != "gateway";
            for provider in bureaus.iter().filter(provides) {
                for consumer in consumers.iter().filter(|consumer| bureaus.contains(consumer) && *consumer != provider)
                {
                    right.extend(method.rule.purposes.iter().map(|purpose| Seed {
                        provider: (*provider).to_owned(),
                        method: method.path.clone(),
                        consumer: (*consumer).to_owned(),
                        purpose: purpose.clone(),
                        catalogue_number: method.rule.catalogue_number.clone(),
                        ..Seed::default()
                    }));
                }
            }
        }
        Seeds { right }
    }

    /// Reads the file; no file is no agreement. ACCESS_RIGHTS_UNREADABLE names it and the line.
    pub(crate) fn load(path: &Path) -> Result<Seeds> {
        let unreadable = |cause: &dyn std::fmt::Display| {
            Problem::state("ACCESS_RIGHTS_UNREADABLE", format!("共享授权文件 {} 有误：{cause}", path.display()))
        };
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text).map_err(|error| unreadable(&error)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Seeds::default()),
            Err(error) => Err(unreadable(&error)),
        }
    }

    /// As it is written to a data folder.
    pub(crate) fn text(&self) -> Result<String> {
        let lines = toml::to_string(self).map_err(Problem::internal)?;
        Ok(format!(
            "# Agreements between the bureaus at the first start: who may call what for which purpose. One that was ended\n\
             # in the console stays ended; one that is taken out of here ends.\n{lines}"
        ))
    }
}

impl Seed {
    fn wanted(&self) -> Result<Wanted> {
        let date = |text: &String| {
            text.parse::<Date>().map_err(|_| Problem::field("valid_until", "DATE_INVALID", format!("“{text}”不是日期")))
        };
        Ok(Wanted {
            method: self.method.clone(),
            consumer: self.consumer.clone(),
            purpose: self.purpose.clone(),
            fields: self.fields.clone(),
            valid_until: self.valid_until.as_ref().map(date).transpose()?,
        })
    }
}

/// Makes the seeded rights of this bureau those of the file, in one transaction. ACCESS_RIGHTS_UNREADABLE also where one
/// of them reaches beyond the contract.
pub(crate) async fn seed(rights: &Rights, path: &Path) -> Result<()> {
    let mut wanted = Vec::new();
    for seed in Seeds::load(path)?.right.into_iter().filter(|seed| seed.provider == rights.bureau()) {
        let checked = seed.wanted().and_then(|one| one.check(rights.rules(), rights.bureau()).map(|_| one));
        let one = checked.map_err(|problem| {
            let of = format!("{} {} {}", seed.method, seed.consumer, seed.purpose);
            let message = format!("共享授权文件 {}：{of}：{}", path.display(), problem.message);
            Problem::state("ACCESS_RIGHTS_UNREADABLE", message)
        })?;
        wanted.push((one, seed));
    }
    lay_down(rights.db(), rights.clock(), &wanted).await
}

async fn lay_down(db: &Db, clock: &Clock, wanted: &[(Wanted, Seed)]) -> Result<()> {
    retry(async || {
        let mut tx = db.begin().await?;
        let mut present = BTreeSet::new();
        for row in store::seeded(&mut tx).await? {
            if wanted.iter().any(|(one, seed)| row.is(one, seed)) {
                present.insert((row.method.clone(), row.consumer.clone(), row.purpose.clone()));
            } else if row.state()? != State::Ended {
                store::unseed(&mut tx, &row, clock).await?;
            }
        }
        for (one, seed) in wanted {
            let key = (one.method.clone(), one.consumer.clone(), one.purpose.clone());
            // What people have granted meanwhile stands before what the file says.
            if !present.contains(&key) && !store::in_force(&mut tx, one).await? {
                store::lay_down(&mut tx, one, seed, clock).await?;
                present.insert(key);
            }
        }
        tx.commit().await
    })
    .await
}
