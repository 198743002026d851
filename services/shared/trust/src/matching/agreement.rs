//! Agreements between two bureaus about matching: a file that both keep, readable by its owner alone. Secrets are exchanged by
//! adding one; both are valid until the old one is taken out.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use contract::rules::AccessRules;
use jiff::civil::Date;
use kit::{Kind, Problem, Result};
use serde::{Deserialize, Serialize};

use super::secret::{self, MatchKey, Secret};

const HEADING: &str = "# Agreements about matching people between bureaus. Both sides keep the same entries; nobody else may have them.\n";

/// One agreement.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    pub id: String,
    /// Who answers.
    pub provider: String,
    /// Who asks.
    pub consumer: String,
    /// One of the purposes of the method's contract.
    pub purpose: String,
    pub questions: Vec<String>,
    /// Tokens that may be asked about in 24 hours: about the size of the consumer's register.
    pub tokens_per_day: u32,
    /// The last day; none: until further notice.
    #[serde(default)]
    pub until: Option<Date>,
    /// Oldest first; the last is asked with. None yet: nobody can ask.
    #[serde(default)]
    pub key: Vec<Secret>,
}

/// The agreements of one bureau.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Agreements {
    #[serde(default)]
    pub agreement: Vec<Agreement>,
}

impl Agreements {
    /// Reads the file; none where there is none. AGREEMENTS_UNUSABLE says what is wrong with which agreement.
    pub fn load(path: &Path) -> Result<Agreements> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Agreements::default()),
            Err(error) => return Err(unusable(path, &error.to_string())),
        };
        let agreements: Agreements =
            toml::from_str(&text).map_err(|error| unusable(path, &place(&text, error.span())))?;
        agreements.check().map_err(|wrong| unusable(path, &wrong))?;
        Ok(agreements)
    }

    /// The same for a service at work: whoever asks it learns nothing of its files, its operator does.
    pub(super) fn at_work(path: &Path) -> Result<Agreements> {
        Agreements::load(path).map_err(|problem| {
            tracing::error!(%problem, "agreements about matching");
            Problem::state("AGREEMENTS_UNUSABLE", "比对协议文件无法使用，请联系该部门的系统管理员")
        })
    }

    /// Writes the file whole, readable by its owner alone.
    pub fn save(&self, path: &Path) -> Result<()> {
        let text = toml::to_string(self).map_err(Problem::internal)?;
        let fresh = path.with_extension("toml.new");
        crate::dev::write_private(&fresh, format!("{HEADING}{text}").as_bytes())?;
        std::fs::rename(&fresh, path).map_err(|error| unusable(path, &error.to_string()))
    }

    /// AGREEMENT_UNKNOWN.
    pub fn find(&self, id: &str) -> Result<&Agreement> {
        self.agreement.iter().find(|agreement| agreement.id == id).ok_or_else(unknown)
    }

    /// The agreement by which a provider is asked for a purpose: the last that is in force. AGREEMENT_UNKNOWN,
    /// AGREEMENT_ENDED.
    pub fn in_force(&self, provider: &str, purpose: &str, today: Date) -> Result<&Agreement> {
        let of = |one: &&Agreement| one.provider == provider && one.purpose == purpose;
        let fitting: Vec<&Agreement> = self.agreement.iter().filter(of).collect();
        let chosen = fitting.iter().rfind(|one| one.check_day(today).is_ok()).or(fitting.last());
        let chosen = chosen
            .ok_or_else(|| Problem::not_found("AGREEMENT_UNKNOWN", "没有与该部门的比对协议，请先由两部门签订"))?;
        chosen.check_day(today)?;
        Ok(chosen)
    }

    fn check(&self) -> Result<(), String> {
        let mut ids = BTreeSet::new();
        for agreement in &self.agreement {
            if !ids.insert(&agreement.id) {
                return Err(format!("比对协议“{}”出现两次", agreement.id));
            }
            agreement.check().map_err(|wrong| format!("比对协议“{}”{wrong}", agreement.id))?;
        }
        Ok(())
    }
}

impl Agreement {
    /// AGREEMENT_ENDED after its last day.
    pub fn check_day(&self, today: Date) -> Result<()> {
        match self.until {
            Some(until) if until < today => {
                Err(Problem::forbidden("AGREEMENT_ENDED", format!("比对协议“{}”已于{until}到期", self.id)))
            }
            _ => Ok(()),
        }
    }

    /// One of its secrets, ready to make tokens with. MATCH_KEY_UNKNOWN.
    pub fn key(&self, id: &str) -> Result<MatchKey> {
        let found = self.key.iter().find(|key| key.id == id);
        found.ok_or_else(|| secret::unknown(&self.id, id))?.key(&self.id)
    }

    /// The secret that is asked with.
    pub fn newest(&self) -> Result<MatchKey> {
        self.key(self.key.last().map_or("", |key| key.id.as_str()))
    }

    fn check(&self) -> Result<(), String> {
        if self.id.is_empty() {
            return Err("缺少编号".to_owned());
        }
        if !PURPOSES.contains(&self.purpose) {
            let known: Vec<&str> = PURPOSES.iter().map(String::as_str).collect();
            return Err(format!("的用途“{}”不在接口约定之内，可用：{}", self.purpose, known.join("、")));
        }
        if self.questions.is_empty() {
            return Err("没有约定任何问题".to_owned());
        }
        let mut ids = BTreeSet::new();
        for key in &self.key {
            if !ids.insert(&key.id) {
                return Err(format!("的密钥“{}”出现两次", key.id));
            }
            if key.bits().is_none() {
                return Err(format!("的密钥“{}”不是256位", key.id));
            }
        }
        Ok(())
    }
}

/// What the contract lets people be matched for.
static PURPOSES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let rules = AccessRules::load();
    let rule = rules.as_ref().ok().and_then(|rules| rules.rule("/ylyx.trust.v1.MatchingService/Match"));
    rule.map(|rule| rule.purposes.clone()).unwrap_or_default()
});

/// Where a text is not TOML of this form. The parser's message would repeat the line, and the line may hold a secret.
fn place(text: &str, at: Option<std::ops::Range<usize>>) -> String {
    let before = at.and_then(|at| text.get(..at.start));
    before.map_or_else(|| "格式不对".to_owned(), |before| format!("第{}行格式不对", before.matches('\n').count() + 1))
}

pub(super) fn unknown() -> Problem {
    Problem::not_found("AGREEMENT_UNKNOWN", "没有这项比对协议，请两部门核对协议编号")
}

pub(super) fn unusable(path: &Path, cause: &str) -> Problem {
    Problem::new(Kind::State, "AGREEMENTS_UNUSABLE", format!("比对协议文件 {} 无法使用：{cause}", path.display()))
}
