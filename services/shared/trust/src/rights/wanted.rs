//! What is applied for, against the contract: the outer limit, which no right widens. Pure.

use contract::bureau::calls_for_people;
use contract::catalogue;
use contract::columns::columns;
use contract::rules::{AccessRules, Method};
use jiff::civil::Date;
use kit::{Problem, Result};
use proto::contract::Sharing;

/// A right as somebody wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// gRPC path.
    pub(crate) method: String,
    pub(crate) consumer: String,
    pub(crate) purpose: String,
    /// Empty: every field of the record.
    pub(crate) fields: Vec<String>,
    pub(crate) valid_until: Option<Date>,
}

impl Wanted {
    /// Within the contract of a method that this bureau provides: METHOD_UNKNOWN, NOT_CONDITIONAL, CONSUMER_NOT_LISTED,
    /// PURPOSE_UNKNOWN, FIELD_UNKNOWN, FIELD_NEEDED.
    pub(crate) fn check<'r>(&self, rules: &'r AccessRules, bureau: &str) -> Result<&'r Method> {
        let unknown = || Problem::field("method", "METHOD_UNKNOWN", format!("本部门没有接口 {}", self.method));
        let method = rules.method(&self.method).filter(|method| provides(bureau, &method.path)).ok_or_else(unknown)?;
        if method.rule.sharing != Sharing::Conditional {
            let message = format!("{} 不是有条件共享的接口，不办理授权", self.method);
            return Err(Problem::field("method", "NOT_CONDITIONAL", message));
        }
        let listed = method.rule.callers.contains(&self.consumer);
        if !listed || !needs_right(&self.consumer, bureau) {
            let message = format!("“{}”不在此接口的许可使用部门之列", self.consumer);
            return Err(Problem::field("consumer", "CONSUMER_NOT_LISTED", message));
        }
        if !method.rule.purposes.contains(&self.purpose) {
            let message = format!("“{}”不在此接口的许可用途之列", self.purpose);
            return Err(Problem::field("purpose", "PURPOSE_UNKNOWN", message));
        }
        self.check_fields(method)?;
        Ok(method)
    }

    /// Columns of the method's record, and with them all that it says wrong things without.
    fn check_fields(&self, method: &Method) -> Result<()> {
        if self.fields.is_empty() {
            return Ok(());
        }
        let columns = columns(&catalogue::record(method));
        if let Some(field) = self.fields.iter().find(|name| columns.iter().all(|column| column.field != **name)) {
            return Err(Problem::field("fields", "FIELD_UNKNOWN", format!("此接口没有数据项“{field}”")));
        }
        let lacking = columns.iter().filter(|column| column.required && !self.fields.contains(&column.field));
        let titles: Vec<&str> = lacking.map(|column| column.title.as_str()).collect();
        if titles.is_empty() {
            return Ok(());
        }
        let message = format!("缩小数据项范围时须保留：{}；缺少时使用部门会读成否、零或没有", titles.join("、"));
        Err(Problem::field("fields", "FIELD_NEEDED", message))
    }
}

/// True for a caller that needs a right at this bureau: another bureau. The gateway calls for signed-in people, whose
/// roles are judged; a person's own certificate likewise.
pub(crate) fn needs_right(caller: &str, bureau: &str) -> bool {
    !calls_for_people(caller) && caller != bureau
}

/// True where a method is of this bureau's own package, or of one that every bureau serves.
pub(crate) fn provides(bureau: &str, path: &str) -> bool {
    let package = package_of(path);
    package == bureau || is_shared(&package)
}

/// `/ylyx.elderly_care.v1.BedService/ListBeds` is of `elderly-care`.
pub(crate) fn package_of(path: &str) -> String {
    path.trim_start_matches('/').split('.').nth(1).unwrap_or_default().replace('_', "-")
}

/// Packages whose services every bureau has.
pub(crate) fn is_shared(package: &str) -> bool {
    matches!(package, "reporting" | "trust")
}
