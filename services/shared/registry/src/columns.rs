//! How dates, codes and filters stand in SQL. Dates are ISO texts, so that they compare as they read.

use jiff::civil::Date;
use kit::db::Query;
pub use kit::db::{ROWS_PER_STATEMENT, list};
use kit::{Kind, Problem, Result};
pub use trust::Page;
use uuid::Uuid;

use crate::codes::Coded;

/// Later than every date: asks for the newest stretch of a timeline.
pub const NEWEST: &str = "9999-12-31";

/// A date from its column.
pub fn date(text: &str) -> Result<Date> {
    text.parse().map_err(|error| Problem::internal(format!("date column {text:?}: {error}")))
}

/// A date from a column that may be empty.
pub fn optional_date(text: Option<&str>) -> Result<Option<Date>> {
    text.map(date).transpose()
}

/// A date for a column that may be empty.
pub fn optional_text(date: Option<Date>) -> Option<String> {
    date.map(|date| date.to_string())
}

/// A coded value from its column.
pub fn coded<T: Coded>(code: &str) -> Result<T> {
    T::from_code(code).ok_or_else(|| Problem::internal(format!("unknown code {code:?}")))
}

/// An id from a request; NotFound with the reason where it is none.
pub fn id(text: &str, reason: &'static str, what: &str) -> Result<Uuid> {
    text.parse().map_err(|_| Problem::new(Kind::NotFound, reason, format!("没有这个{what}")))
}

enum Bound {
    Text(String),
    Id(Uuid),
}

/// Conditions of a list, each with its value; values are bound, never pasted in.
pub struct Conditions {
    text: String,
    first: usize,
    bound: Vec<Bound>,
}

impl Conditions {
    /// After `first` values that the statement binds by itself.
    pub fn after(first: usize) -> Self {
        Conditions { text: String::new(), first, bound: Vec::new() }
    }

    fn bind(&mut self, value: Bound) -> String {
        self.bound.push(value);
        format!("${}", self.first + self.bound.len())
    }

    /// A condition without a value.
    pub fn plain(&mut self, condition: &str) {
        self.text.push_str(" AND ");
        self.text.push_str(condition);
    }

    pub fn equal(&mut self, column: &str, value: &str) {
        let place = self.bind(Bound::Text(value.to_owned()));
        self.plain(&format!("{column} = {place}"));
    }

    /// Any of the values; none: nothing.
    pub fn any_of(&mut self, column: &str, values: &[&str]) {
        let any: Vec<String> = values.iter().map(|value| self.bind(Bound::Text((*value).to_owned()))).collect();
        self.plain(&if any.is_empty() { "1 = 0".to_owned() } else { format!("{column} IN ({})", any.join(", ")) });
    }

    pub fn is(&mut self, column: &str, id: Uuid) {
        let place = self.bind(Bound::Id(id));
        self.plain(&format!("{column} = {place}"));
    }

    /// Records of a person and of all who turned out to be this person, whichever of them is asked for.
    pub fn person(&mut self, column: &str, id: Uuid) {
        let place = self.bind(Bound::Id(id));
        let kept = format!("(SELECT COALESCE(merged_into, id) FROM person WHERE id = {place})");
        self.plain(&format!("{column} IN (SELECT id FROM person WHERE id = {kept} OR merged_into = {kept})"));
    }

    pub fn contains(&mut self, column: &str, part: &str) {
        let escaped = part.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let place = self.bind(Bound::Text(format!("%{escaped}%")));
        self.plain(&format!("{column} LIKE {place} ESCAPE '\\'"));
    }

    /// Within any of the regions; region codes nest by prefix. `None`: everywhere.
    pub fn within(&mut self, column: &str, prefixes: Option<&[String]>) {
        let Some(prefixes) = prefixes else { return };
        let any: Vec<String> = prefixes
            .iter()
            .map(|prefix| format!("{column} LIKE {}", self.bind(Bound::Text(prefix_pattern(prefix)))))
            .collect();
        self.plain(&if any.is_empty() { "1 = 0".to_owned() } else { format!("({})", any.join(" OR ")) });
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn bind_to<'c>(self, query: Query<'c>) -> Query<'c> {
        self.bound.into_iter().fold(query, |query, value| match value {
            Bound::Text(text) => query.bind(text),
            Bound::Id(id) => query.bind(id),
        })
    }
}

/// A LIKE pattern for everything that begins with the prefix.
pub fn prefix_pattern(prefix: &str) -> String {
    format!("{prefix}%")
}
