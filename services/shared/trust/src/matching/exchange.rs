//! New secrets, and how one side of an agreement hands them to the other: a file that holds the agreement with its newest
//! secret alone, readable by its owner alone, carried by hand and destroyed when it was taken in.

use std::path::Path;

use kit::{Problem, Result};

use super::agreement::{Agreement, Agreements, unusable};
use super::secret::Secret;

/// Makes a new secret for an agreement of the file, and puts it with the agreement into another file for the other side.
/// Answers its id. AGREEMENT_UNKNOWN, AGREEMENTS_UNUSABLE.
pub fn make(file: &Path, agreement: &str, handed: &Path) -> Result<String> {
    let mut agreements = Agreements::load(file)?;
    let one = agreements.find(agreement)?.clone();
    if handed.exists() {
        return Err(unusable(handed, "文件已存在，请换一个文件名"));
    }
    let used = one.key.iter().filter_map(|key| key.id.strip_prefix('m')?.parse::<u32>().ok());
    let made = Secret::make(used.max().unwrap_or(0) + 1)?;
    // The other side's copy first: a secret that nobody was given is asked with by nobody.
    Agreements { agreement: vec![Agreement { key: vec![made.clone()], ..one }] }.save(handed)?;
    let id = made.id.clone();
    agreements.agreement.iter_mut().filter(|one| one.id == agreement).for_each(|one| one.key.push(made.clone()));
    agreements.save(file)?;
    Ok(id)
}

/// Takes in what the other side made: the secret, and the agreement where this side does not have it yet. Answers the id of
/// the secret. AGREEMENT_UNKNOWN, AGREEMENT_DIFFERS, AGREEMENTS_UNUSABLE.
pub fn take(file: &Path, agreement: &str, handed: &Path) -> Result<String> {
    let theirs = Agreements::load(handed)?.find(agreement)?.clone();
    let made = theirs.key.last().ok_or_else(|| unusable(handed, "没有密钥"))?.clone();
    let mut agreements = Agreements::load(file)?;
    match agreements.agreement.iter_mut().find(|one| one.id == agreement) {
        None => agreements.agreement.push(theirs),
        Some(ours) if terms(ours) != terms(&theirs) => {
            let message = format!("两部门的比对协议“{agreement}”内容不同，请先核对一致");
            return Err(Problem::state("AGREEMENT_DIFFERS", message));
        }
        Some(ours) => match ours.key.iter().find(|key| key.id == made.id) {
            Some(known) if *known == made => return Ok(made.id),
            Some(_) => {
                let message = format!("比对协议“{agreement}”已有另一个密钥“{}”，请先取出不用的密钥", made.id);
                return Err(Problem::state("AGREEMENT_DIFFERS", message));
            }
            None => ours.key.push(made.clone()),
        },
    }
    agreements.save(file)?;
    Ok(made.id)
}

/// What both sides must have agreed on.
fn terms(agreement: &Agreement) -> impl PartialEq + use<'_> {
    (&agreement.provider, &agreement.consumer, &agreement.purpose, &agreement.questions, agreement.until)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const WRITTEN: &str = "[[agreement]]\nid = \"a\"\nprovider = \"education\"\nconsumer = \"childcare\"\n\
        purpose = \"staff-verification\"\nquestions = [\"REGISTERED\"]\ntokens_per_day = 1000\n";

    #[test]
    fn a_secret_goes_from_one_side_to_the_other_and_a_newer_one_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (provider, consumer) = (at("provider.toml"), at("consumer.toml"));
        std::fs::write(&provider, WRITTEN).unwrap();
        for (handed, id) in [("first.toml", "m1"), ("second.toml", "m2")] {
            assert_eq!(make(&provider, "a", &at(handed)).unwrap(), id);
            assert_eq!(take(&consumer, "a", &at(handed)).unwrap(), id);
            assert_eq!(take(&consumer, "a", &at(handed)).unwrap(), id, "taken in twice, there once");
            for file in [&provider, &consumer, &at(handed)] {
                assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
            }
        }
        let keys = |file: &Path| Agreements::load(file).unwrap().agreement.remove(0).key;
        assert_eq!(keys(&provider), keys(&consumer));
        assert_eq!(keys(&provider).len(), 2);
        assert_eq!(keys(&at("second.toml")).len(), 1, "only what is new is carried");

        assert_eq!(make(&provider, "b", &at("third.toml")).unwrap_err().reason, "AGREEMENT_UNKNOWN");
        assert_eq!(make(&provider, "a", &at("first.toml")).unwrap_err().reason, "AGREEMENTS_UNUSABLE");
        std::fs::write(&provider, WRITTEN).unwrap();
        make(&provider, "a", &at("other.toml")).unwrap();
        assert_eq!(take(&consumer, "a", &at("other.toml")).unwrap_err().reason, "AGREEMENT_DIFFERS");
    }
}
