//! Pages of a list by keyset: how many rows, and after which id.

use kit::db::Record;
use kit::{Db, Problem, Result, Sql};
use uuid::Uuid;

/// A page of a list. Newest first, `after` is the id before which the page begins.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub size: usize,
    pub after: Uuid,
}

impl Page {
    /// 50 rows unless told, 500 at most; the cursor is the last id of the page before (CURSOR_INVALID).
    pub fn asked(page: Option<proto::common::Page>) -> Result<Self> {
        Page::from(page, Uuid::nil())
    }

    /// The same for a list that begins with the newest.
    pub fn newest_first(page: Option<proto::common::Page>) -> Result<Self> {
        Page::from(page, Uuid::max())
    }

    fn from(page: Option<proto::common::Page>, start: Uuid) -> Result<Self> {
        let page = page.unwrap_or_default();
        let size = if page.size == 0 { 50 } else { page.size.min(500) as usize };
        let after = match page.cursor.as_str() {
            "" => start,
            cursor => cursor
                .parse()
                .map_err(|_| Problem::field("page.cursor", "CURSOR_INVALID", "翻页标记无效，请从第一页重新查询"))?,
        };
        Ok(Page { size, after })
    }

    /// Cuts the extra row that tells whether there is a next page, and says where that begins.
    pub fn cut<T>(self, rows: &mut Vec<T>, id: impl Fn(&T) -> Uuid) -> String {
        if rows.len() <= self.size {
            return String::new();
        }
        rows.truncate(self.size);
        rows.last().map(|row| id(row).to_string()).unwrap_or_default()
    }
}

/// A page of a list in the order of ids, and where the next begins. `select` ends with `id > $1`; a filter is a column and
/// its value, and an empty value asks for all.
pub(crate) async fn paged<R: Record>(
    db: &Db,
    select: &'static str,
    page: Page,
    filters: &[(&'static str, &str)],
    id: fn(&R) -> Uuid,
) -> Result<(Vec<R>, String)> {
    let asked: Vec<_> = filters.iter().filter(|(_, value)| !value.is_empty()).collect();
    let mut sql = select.to_owned();
    for (place, (column, _)) in (2..).zip(&asked) {
        sql.push_str(&format!(" AND {column} = ${place}"));
    }
    sql.push_str(&format!(" ORDER BY id LIMIT {}", page.size + 1));
    let query = db.read(Sql::built(sql)).bind(page.after);
    let mut rows = asked.into_iter().fold(query, |query, (_, value)| query.bind((*value).to_owned())).all().await?;
    let next = page.cut(&mut rows, id);
    Ok((rows, next))
}
