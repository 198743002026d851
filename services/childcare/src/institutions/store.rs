//! SQL and rows of institutions. Decides nothing.

use jiff::civil::Date;
use kit::db::placeholders;
use kit::{Db, Problem, Result, Sql, Tx};
use registry::columns::{
    Conditions, NEWEST, Page, ROWS_PER_STATEMENT, coded, date, list, optional_date, optional_text,
};
use registry::{Author, Coded, Dated, history};
use trust::Scope;
use uuid::Uuid;

use super::{Change, Facts, Institution, InstitutionKind, Ownership, feed};
use crate::filing::{Filing, State};

/// Institutions with the facts that began by $1 and were not over by $2, and the places of $3; conditions follow.
pub const SELECT: &str = "\
SELECT i.id, i.version, i.uscc, i.filing_state, i.filing_since, i.filing_number, i.filing_answer_due,
       f.valid_from, f.valid_to, f.name, f.kind, f.ownership, f.legal_type, f.region, f.county, f.address, f.opened_on,
       f.operating, f.smart_pilot, f.parent_org_uscc, f.reason_no_uscc, f.source_id,
       (SELECT CAST(COALESCE(SUM(cf.places), 0) AS BIGINT)
        FROM class c
        JOIN class_facts cf ON cf.class_id = c.id
                           AND cf.valid_from <= $3 AND (cf.valid_to IS NULL OR cf.valid_to > $3)
        WHERE c.institution_id = i.id
          AND c.opened_on <= $3 AND (c.closed_on IS NULL OR c.closed_on > $3)) AS places
FROM institution i
JOIN institution_facts f ON f.institution_id = i.id
                        AND f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $2)
WHERE 1 = 1";

pub const SELECT_IDS_AFTER: &str = "SELECT id FROM institution WHERE id > $1 ORDER BY id LIMIT $2";

const INTO_INSTITUTION: &str = "\
INSERT INTO institution (id, uscc, name, region, county, filing_state, filing_since, filing_number, filing_answer_due,
                         version)
VALUES ";
const ON_KNOWN_INSTITUTION: &str = "
ON CONFLICT (id) DO UPDATE SET
    uscc = excluded.uscc, name = excluded.name, region = excluded.region, county = excluded.county,
    filing_state = excluded.filing_state, filing_since = excluded.filing_since,
    filing_number = excluded.filing_number, filing_answer_due = excluded.filing_answer_due,
    version = institution.version + 1";

const INTO_FACTS: &str = "\
INSERT INTO institution_facts (institution_id, valid_from, valid_to, name, kind, ownership, legal_type, region, county,
                               address, opened_on, operating, smart_pilot, parent_org_uscc, reason_no_uscc, source_id)
VALUES ";
const ON_KNOWN_FACTS: &str = "
ON CONFLICT (institution_id, valid_from) DO UPDATE SET
    valid_to = excluded.valid_to, name = excluded.name, kind = excluded.kind, ownership = excluded.ownership,
    legal_type = excluded.legal_type, region = excluded.region, county = excluded.county, address = excluded.address,
    opened_on = excluded.opened_on, operating = excluded.operating, smart_pilot = excluded.smart_pilot,
    parent_org_uscc = excluded.parent_org_uscc, reason_no_uscc = excluded.reason_no_uscc,
    source_id = excluded.source_id";

const INTO_FILING: &str = "INSERT INTO institution_filing (institution_id, valid_from, valid_to, state) VALUES ";
const ON_KNOWN_FILING: &str = "
ON CONFLICT (institution_id, valid_from) DO UPDATE SET valid_to = excluded.valid_to, state = excluded.state";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    uscc: Option<String>,
    filing_state: String,
    filing_since: String,
    filing_number: String,
    filing_answer_due: Option<String>,
    valid_from: String,
    valid_to: Option<String>,
    name: String,
    kind: String,
    ownership: String,
    legal_type: String,
    region: String,
    county: String,
    address: String,
    opened_on: String,
    operating: bool,
    smart_pilot: bool,
    parent_org_uscc: String,
    reason_no_uscc: String,
    source_id: String,
    places: i64,
}

impl TryFrom<Row> for Institution {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Institution {
            id: row.id,
            version: row.version,
            uscc: row.uscc,
            facts: Dated {
                since: date(&row.valid_from)?,
                until: optional_date(row.valid_to.as_deref())?,
                value: Facts {
                    name: row.name,
                    kind: coded(&row.kind)?,
                    ownership: coded(&row.ownership)?,
                    legal_type: coded(&row.legal_type)?,
                    region: row.region,
                    county: row.county,
                    address: row.address,
                    opened_on: date(&row.opened_on)?,
                    operating: row.operating,
                    smart_pilot: row.smart_pilot,
                    parent_org_uscc: row.parent_org_uscc,
                    reason_no_uscc: row.reason_no_uscc,
                    source_id: row.source_id,
                },
            },
            filing: Filing {
                state: coded(&row.filing_state)?,
                since: date(&row.filing_since)?,
                number: row.filing_number,
                answer_due: optional_date(row.filing_answer_due.as_deref())?,
            },
            places: row.places,
        })
    }
}

/// What a list asks for.
#[derive(Debug, Default)]
pub struct Filter {
    pub region: Option<Vec<String>>,
    pub kind: Option<InstitutionKind>,
    pub ownership: Option<Ownership>,
    pub filing_state: Option<State>,
    pub operating: Option<bool>,
    pub name_contains: String,
}

/// The institution as last recorded, to decide upon. INSTITUTION_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn load(tx: &mut Tx, scope: &Scope, id: Uuid, today: Date) -> Result<Institution> {
    with_facts_of(tx, scope, id, NEWEST.to_owned(), today).await
}

/// The institution as it is today, to show. INSTITUTION_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn show(tx: &mut Tx, scope: &Scope, id: Uuid, today: Date) -> Result<Institution> {
    with_facts_of(tx, scope, id, today.to_string(), today).await
}

async fn with_facts_of(tx: &mut Tx, scope: &Scope, id: Uuid, day: String, today: Date) -> Result<Institution> {
    let row: Option<Row> = tx
        .query(Sql::built(format!("{SELECT} AND i.id = $4")))
        .bind(day.clone())
        .bind(day)
        .bind(today.to_string())
        .bind(id)
        .optional()
        .await?;
    let row = row.ok_or_else(|| Problem::not_found("INSTITUTION_UNKNOWN", "没有这个托育机构"))?;
    scope.check(&row.region)?;
    row.try_into()
}

/// A page of institutions as of today, in the order of registration.
pub async fn page(
    db: &Db,
    scope: &Scope,
    filter: Filter,
    page: Page,
    today: Date,
) -> Result<(Vec<Institution>, String)> {
    let mut conditions = Conditions::after(5);
    conditions.within("f.region", scope.prefixes());
    conditions.within("f.region", filter.region.as_deref());
    if let Some(kind) = filter.kind {
        conditions.equal("f.kind", kind.code());
    }
    if let Some(ownership) = filter.ownership {
        conditions.equal("f.ownership", ownership.code());
    }
    if let Some(state) = filter.filing_state {
        conditions.equal("i.filing_state", state.code());
    }
    if let Some(operating) = filter.operating {
        conditions.plain(if operating { "f.operating" } else { "NOT f.operating" });
    }
    if !filter.name_contains.is_empty() {
        conditions.contains("f.name", &filter.name_contains);
    }
    let sql = format!("{SELECT} AND i.id > $4{} ORDER BY i.id LIMIT $5", conditions.text());
    let query = db
        .read(Sql::built(sql))
        .bind(today.to_string())
        .bind(today.to_string())
        .bind(today.to_string())
        .bind(page.after)
        .bind(page.size as i64 + 1);
    let mut rows: Vec<Row> = conditions.bind_to(query).all().await?;
    let next = page.cut(&mut rows, |row| row.id);
    Ok((rows.into_iter().map(Institution::try_from).collect::<Result<_>>()?, next))
}

/// Institutions with any of the credit codes, as last recorded.
pub async fn by_uscc(tx: &mut Tx, usccs: &[&str], today: Date) -> Result<Vec<Institution>> {
    by_list(tx, "i.uscc", usccs, today).await
}

/// Institutions with any of the names, as last recorded.
pub async fn by_name(tx: &mut Tx, names: &[&str], today: Date) -> Result<Vec<Institution>> {
    by_list(tx, "i.name", names, today).await
}

async fn by_list(tx: &mut Tx, column: &str, values: &[&str], today: Date) -> Result<Vec<Institution>> {
    let mut found = Vec::new();
    for chunk in values.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{SELECT} AND {column} IN {}", list(3, chunk.len()));
        let query = tx.query(Sql::built(sql)).bind(NEWEST.to_owned()).bind(NEWEST.to_owned()).bind(today.to_string());
        let query = chunk.iter().fold(query, |query, value| query.bind((*value).to_owned()));
        let rows: Vec<Row> = query.all().await?;
        for row in rows {
            found.push(Institution::try_from(row)?);
        }
    }
    Ok(found)
}

/// These institutions, once for each stretch of facts from today on, in order.
pub async fn from_today(tx: &mut Tx, ids: &[Uuid], today: Date) -> Result<Vec<Institution>> {
    let mut found = Vec::new();
    for chunk in ids.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{SELECT} AND i.id IN {} ORDER BY i.id, f.valid_from", list(3, chunk.len()));
        let today = today.to_string();
        let query = tx.query(Sql::built(sql)).bind(NEWEST.to_owned()).bind(today.clone()).bind(today);
        let rows: Vec<Row> = chunk.iter().fold(query, |query, id| query.bind(*id)).all().await?;
        found.extend(rows.into_iter().map(Institution::try_from).collect::<Result<Vec<_>>>()?);
    }
    Ok(found)
}

/// Ids after another, in order.
pub async fn ids_after(tx: &mut Tx, after: Uuid, limit: i64) -> Result<Vec<Uuid>> {
    let ids: Vec<(Uuid,)> = tx.query(SELECT_IDS_AFTER).bind(after).bind(limit).all().await?;
    Ok(ids.into_iter().map(|(id,)| id).collect())
}

/// Saves changes in many-row statements, and tells of them.
pub async fn save(tx: &mut Tx, changes: &[Change], author: &Author) -> Result<()> {
    for chunk in changes.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO_INSTITUTION}{}{ON_KNOWN_INSTITUTION}", placeholders(chunk.len(), 10));
        let mut query = tx.query(Sql::built(sql));
        for Change { institution: Institution { id, version, uscc, facts, filing, .. }, .. } in chunk {
            query = query
                .bind(*id)
                .bind(uscc.clone())
                .bind(facts.value.name.clone())
                .bind(facts.value.region.clone())
                .bind(facts.value.county.clone())
                .bind(filing.state.code())
                .bind(filing.since.to_string())
                .bind(filing.number.clone())
                .bind(optional_text(filing.answer_due))
                .bind(*version);
        }
        query.execute().await?;
    }
    let facts: Vec<_> = changes.iter().flat_map(|c| c.facts.iter().map(|row| (c.institution.id, row))).collect();
    save_facts(tx, &facts).await?;
    let filings: Vec<_> = changes.iter().flat_map(|c| c.filings.iter().map(|row| (c.institution.id, row))).collect();
    for chunk in filings.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO_FILING}{}{ON_KNOWN_FILING}", placeholders(chunk.len(), 4));
        let mut query = tx.query(Sql::built(sql));
        for (id, row) in chunk {
            query = query.bind(*id).bind(row.since.to_string()).bind(optional_text(row.until)).bind(row.value.code());
        }
        query.execute().await?;
    }
    let events: Vec<_> = changes.iter().flat_map(|c| c.events.iter().map(|event| (c.institution.id, event))).collect();
    history::append(tx, &events, author).await?;
    feed::tell(tx, changes, &author.clock).await
}

async fn save_facts(tx: &mut Tx, facts: &[(Uuid, &Dated<Facts>)]) -> Result<()> {
    for chunk in facts.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO_FACTS}{}{ON_KNOWN_FACTS}", placeholders(chunk.len(), 16));
        let mut query = tx.query(Sql::built(sql));
        for (id, Dated { since, until, value }) in chunk {
            query = query
                .bind(*id)
                .bind(since.to_string())
                .bind(optional_text(*until))
                .bind(value.name.clone())
                .bind(value.kind.code())
                .bind(value.ownership.code())
                .bind(value.legal_type.code())
                .bind(value.region.clone())
                .bind(value.county.clone())
                .bind(value.address.clone())
                .bind(value.opened_on.to_string())
                .bind(value.operating)
                .bind(value.smart_pilot)
                .bind(value.parent_org_uscc.clone())
                .bind(value.reason_no_uscc.clone())
                .bind(value.source_id.clone());
        }
        query.execute().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proto::contract::ImportMode::Commit;

    use super::*;
    use crate::testing::{batch, bureau, institution, start};
    use registry::imports::stream::Step;

    #[tokio::test]
    async fn pages_neither_skip_nor_repeat_and_filters_mean_what_they_say() {
        let fixture = bureau("2025-11-05").await;
        let bureau = &fixture.bureau;
        let names = ["甲园", "乙园", "丙100%园", "丁托", "戊园"];
        let rows = names.iter().enumerate().map(|(n, name)| institution(n, name)).collect();
        fixture.institutions(vec![Step::Start(start(1, Commit, "2025-11-05", false)), batch(1, rows)]).await;
        let scope = Scope::of_the_service();
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let asked = Page::asked(Some(proto::common::Page { size: 2, cursor })).unwrap();
            let filter = Filter { region: Some(vec!["530402".into()]), operating: Some(true), ..Filter::default() };
            let (found, next) = page(&bureau.db, &scope, filter, asked, bureau.clock.today()).await.unwrap();
            seen.extend(found.into_iter().map(|institution| institution.facts.value.name));
            if next.is_empty() {
                break;
            }
            cursor = next;
        }
        assert_eq!(seen, names);
        for (part, matching) in [("%", 1), ("园", 4), ("_", 0)] {
            let filter = Filter { name_contains: part.into(), ..Filter::default() };
            let all = Page::asked(None).unwrap();
            assert_eq!(page(&bureau.db, &scope, filter, all, bureau.clock.today()).await.unwrap().0.len(), matching);
        }
        let elsewhere = Filter { region: Some(vec!["530481".into()]), ..Filter::default() };
        let all = Page::asked(None).unwrap();
        assert!(page(&bureau.db, &scope, elsewhere, all, bureau.clock.today()).await.unwrap().0.is_empty());
        assert_eq!(
            Page::asked(Some(proto::common::Page { size: 1, cursor: "x".into() })).unwrap_err().reason,
            "CURSOR_INVALID"
        );
    }
}
