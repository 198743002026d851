//! Selecting from the plan's lists and paging through them. Lists stay in the order the plan prints them.

mod messages;
pub mod service;

use kit::{Problem, Result};

/// Rows of a page when the caller does not say, and at most.
const PAGE: usize = 50;
const LONGEST_PAGE: usize = 500;

/// One page of `rows`, and the cursor of the next; empty when this is the last. The cursor is the key of the last row
/// given: CURSOR_INVALID when no row of this selection has it.
pub fn page<T>(
    rows: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> String,
    size: u32,
    cursor: &str,
) -> Result<(Vec<T>, String)> {
    let mut rows = rows.into_iter();
    if !cursor.is_empty() && !rows.any(|row| key(&row) == cursor) {
        return Err(Problem::field("page.cursor", "CURSOR_INVALID", "翻页位置无效，请从第一页重新查询"));
    }
    let size = match size as usize {
        0 => PAGE,
        size => size.min(LONGEST_PAGE),
    };
    let page: Vec<T> = rows.by_ref().take(size).collect();
    let next = rows.next().and_then(|_| page.last().map(&key)).unwrap_or_default();
    Ok((page, next))
}

/// A filter's value must occur where it filters; a misspelt one is an error, never an empty list.
pub fn known(is_known: bool, field: &str, reason: &'static str, value: impl std::fmt::Display) -> Result<()> {
    match is_known {
        true => Ok(()),
        false => Err(Problem::field(field, reason, format!("筛选条件“{value}”不存在"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(size: u32, cursor: &str) -> Result<(Vec<u32>, String)> {
        page(1..=1200, u32::to_string, size, cursor)
    }

    #[test]
    fn pages_join_without_gap_or_repetition() {
        let (mut all, mut cursor) = codes(7, "").unwrap();
        while !cursor.is_empty() {
            let (rows, next) = codes(7, &cursor).unwrap();
            all.extend(rows);
            cursor = next;
        }
        assert_eq!(all, (1..=1200).collect::<Vec<_>>());
    }

    #[test]
    fn sizes_are_bounded_and_the_last_page_has_no_next() {
        assert_eq!(codes(0, "").unwrap().0.len(), 50);
        assert_eq!(codes(9999, "").unwrap().0.len(), 500);
        assert_eq!(codes(500, "700").unwrap().1, "");
        assert_eq!(codes(500, "1200").unwrap(), (vec![], String::new()));
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        assert_eq!(codes(10, "C09").unwrap_err().reason, "CURSOR_INVALID");
    }
}
