//! Filters and place in a list, as an address says them. Pages follow cursors; the cursors of the pages before travel
//! in the address, so that there is a way back without script.

use std::collections::BTreeMap;

use contract::leaf::Leaf;
use contract::register::List;
use contract::value;
use prost_reflect::DynamicMessage;

/// Records on a page.
pub(crate) const PAGE: u32 = 50;
/// Pages an address remembers the way back to.
const REMEMBERED: usize = 20;

/// What an address asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// Filter path → text.
    pub(crate) filters: BTreeMap<String, String>,
    pub(crate) cursor: String,
    /// Cursors of the pages before, the first page's empty one included.
    pub(crate) back: Vec<String>,
}

impl Look {
    /// Reads the pairs of a query; what names no filter is left out.
    pub(crate) fn of(list: &List, pairs: &[(String, String)]) -> Self {
        let mut look = Look::default();
        for (name, text) in pairs {
            match name.as_str() {
                "cursor" => look.cursor.clone_from(text),
                "back" => look.back.push(text.clone()),
                name if list.filters.iter().any(|filter| filter.path == name) && !text.trim().is_empty() => {
                    look.filters.insert(name.to_owned(), text.trim().to_owned());
                }
                _ => {}
            }
        }
        look
    }

    /// The request for the records that fit; a filter that cannot be read is left out and named.
    pub(crate) fn request(&self, list: &List) -> (DynamicMessage, Vec<String>) {
        let mut request = DynamicMessage::new(list.method.input.clone());
        let mut faults = Vec::new();
        for (filter, text) in list.filters.iter().filter_map(|filter| Some((filter, self.filters.get(&filter.path)?))) {
            match value::read(filter.field(), &filter.column, text) {
                Ok(Some(value)) => filter.set(&mut request, value),
                Ok(None) => {}
                Err(unreadable) => faults.push(unreadable.message),
            }
        }
        (request, faults)
    }

    /// What a filter says; empty when it says nothing.
    pub(crate) fn filter(&self, filter: &Leaf) -> &str {
        self.filters.get(&filter.path).map_or("", String::as_str)
    }

    /// The query of these filters from the first page on, after a `?`; empty without filters.
    pub(crate) fn query(&self) -> String {
        Look { filters: self.filters.clone(), ..Look::default() }.address()
    }

    /// The query of this page.
    pub(crate) fn address(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.filters);
        if !self.cursor.is_empty() {
            query.append_pair("cursor", &self.cursor);
            query.extend_pairs(self.back.iter().map(|cursor| ("back", cursor)));
        }
        let query = query.finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }

    /// The page after this one.
    pub(crate) fn next(&self, cursor: &str) -> Look {
        let mut back = self.back.clone();
        back.push(self.cursor.clone());
        let forgotten = back.len().saturating_sub(REMEMBERED);
        Look { filters: self.filters.clone(), cursor: cursor.to_owned(), back: back.split_off(forgotten) }
    }

    /// The page before this one; `None` on the first, and where the address has forgotten it.
    pub(crate) fn previous(&self) -> Option<Look> {
        let (cursor, back) = self.back.split_last()?;
        let before = Look { filters: self.filters.clone(), cursor: cursor.clone(), back: back.to_vec() };
        (!self.cursor.is_empty()).then_some(before)
    }
}
