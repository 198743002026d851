//! SQL and rows of classes. Decides nothing.

use registry::columns::{
    Conditions, NEWEST, Page, ROWS_PER_STATEMENT, coded, date, list, optional_date, optional_text,
};
use registry::{Author, Coded, Dated, history};
use std::collections::HashMap;

use jiff::civil::Date;
use kit::db::placeholders;
use kit::{Db, Problem, Result, Sql, Tx};
use trust::Scope;
use uuid::Uuid;

use super::{Change, Class, ClassKind, Facts};

/// Classes with the facts of $1 and their institution; conditions follow. A class that opens later shows the facts
/// with which it will open.
pub const SELECT: &str = "\
SELECT c.id, c.version, c.institution_id, c.name, c.opened_on, c.closed_on,
       cf.valid_from, cf.valid_to, cf.kind, cf.places, i.name AS institution_name, i.region
FROM class c
JOIN institution i ON i.id = c.institution_id
JOIN class_facts cf ON cf.class_id = c.id
                   AND (cf.valid_from <= $1 OR cf.valid_from = c.opened_on)
                   AND (cf.valid_to IS NULL OR cf.valid_to > $1)
WHERE 1 = 1";

const INTO_CLASS: &str = "INSERT INTO class (id, institution_id, name, opened_on, closed_on, version) VALUES ";
const ON_KNOWN_CLASS: &str = "
ON CONFLICT (id) DO UPDATE SET closed_on = excluded.closed_on, version = class.version + 1";
const INTO_FACTS: &str = "INSERT INTO class_facts (class_id, valid_from, valid_to, kind, places) VALUES ";
const ON_KNOWN_FACTS: &str = "
ON CONFLICT (class_id, valid_from) DO UPDATE SET
    valid_to = excluded.valid_to, kind = excluded.kind, places = excluded.places";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    institution_id: Uuid,
    name: String,
    opened_on: String,
    closed_on: Option<String>,
    valid_from: String,
    valid_to: Option<String>,
    kind: String,
    places: i64,
    institution_name: String,
    region: String,
}

/// A class with the name and region of its institution.
#[derive(Clone, Debug)]
pub struct Placed {
    pub class: Class,
    pub institution_name: String,
    pub region: String,
}

impl TryFrom<Row> for Placed {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self> {
        let facts = Dated {
            since: date(&row.valid_from)?,
            until: optional_date(row.valid_to.as_deref())?,
            value: Facts { kind: coded(&row.kind)?, places: row.places },
        };
        let class = Class {
            id: row.id,
            version: row.version,
            institution_id: row.institution_id,
            name: row.name,
            opened_on: date(&row.opened_on)?,
            closed_on: optional_date(row.closed_on.as_deref())?,
            facts,
        };
        Ok(Placed { class, institution_name: row.institution_name, region: row.region })
    }
}

/// What a list asks for.
#[derive(Debug, Default)]
pub struct Filter {
    pub institution_id: Option<Uuid>,
    pub region: Option<Vec<String>>,
    pub kind: Option<ClassKind>,
    pub include_closed: bool,
}

/// The class as last recorded, to decide upon. CLASS_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn load(tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<Placed> {
    with_facts_of(tx, scope, id, NEWEST.to_owned()).await
}

/// The class as it is today, to show. CLASS_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn show(tx: &mut Tx, scope: &Scope, id: Uuid, today: Date) -> Result<Placed> {
    with_facts_of(tx, scope, id, today.to_string()).await
}

async fn with_facts_of(tx: &mut Tx, scope: &Scope, id: Uuid, day: String) -> Result<Placed> {
    let row: Option<Row> =
        tx.query(Sql::built(format!("{SELECT} AND c.id = $2"))).bind(day).bind(id).optional().await?;
    let row = row.ok_or_else(|| Problem::not_found("CLASS_UNKNOWN", "没有这个班级"))?;
    scope.check(&row.region)?;
    row.try_into()
}

/// A page of classes as of today, in the order in which they were opened here.
pub async fn page(db: &Db, scope: &Scope, filter: Filter, page: Page, today: Date) -> Result<(Vec<Placed>, String)> {
    let mut conditions = Conditions::after(3);
    conditions.within("i.region", scope.prefixes());
    conditions.within("i.region", filter.region.as_deref());
    if let Some(id) = filter.institution_id {
        conditions.is("c.institution_id", id);
    }
    if let Some(kind) = filter.kind {
        conditions.equal("cf.kind", kind.code());
    }
    if !filter.include_closed {
        conditions.plain("(c.closed_on IS NULL OR c.closed_on > $1)");
    }
    let sql = format!("{SELECT} AND c.id > $2{} ORDER BY c.id LIMIT $3", conditions.text());
    let query = db.read(Sql::built(sql)).bind(today.to_string()).bind(page.after).bind(page.size as i64 + 1);
    let mut rows: Vec<Row> = conditions.bind_to(query).all().await?;
    let next = page.cut(&mut rows, |row| row.id);
    Ok((rows.into_iter().map(Placed::try_from).collect::<Result<_>>()?, next))
}

/// All classes of the institutions, as last recorded, by institution.
pub async fn of_institutions(tx: &mut Tx, institutions: &[Uuid]) -> Result<HashMap<Uuid, Vec<Class>>> {
    let mut found: HashMap<Uuid, Vec<Class>> = HashMap::new();
    for chunk in institutions.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{SELECT} AND c.institution_id IN {}", list(1, chunk.len()));
        let query = tx.query(Sql::built(sql)).bind(NEWEST.to_owned());
        let rows: Vec<Row> = chunk.iter().fold(query, |query, id| query.bind(*id)).all().await?;
        for row in rows {
            let class = Placed::try_from(row)?.class;
            found.entry(class.institution_id).or_default().push(class);
        }
    }
    Ok(found)
}

/// The classes of the institutions that bear one of the names, as last recorded, by institution.
pub async fn named(tx: &mut Tx, institutions: &[Uuid], names: &[&str]) -> Result<HashMap<Uuid, Vec<Class>>> {
    let mut found: HashMap<Uuid, Vec<Class>> = HashMap::new();
    for ids in institutions.chunks(ROWS_PER_STATEMENT) {
        for names in names.chunks(ROWS_PER_STATEMENT) {
            let (of, called) = (list(1, ids.len()), list(1 + ids.len(), names.len()));
            let sql = format!("{SELECT} AND c.institution_id IN {of} AND c.name IN {called}");
            let query = tx.query(Sql::built(sql)).bind(NEWEST.to_owned());
            let query = ids.iter().fold(query, |query, id| query.bind(*id));
            let query = names.iter().fold(query, |query, name| query.bind((*name).to_owned()));
            for row in query.all::<Row>().await? {
                let class = Placed::try_from(row)?.class;
                found.entry(class.institution_id).or_default().push(class);
            }
        }
    }
    Ok(found)
}

/// Saves changes in many-row statements.
pub async fn save(tx: &mut Tx, changes: &[Change], author: &Author) -> Result<()> {
    for chunk in changes.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO_CLASS}{}{ON_KNOWN_CLASS}", placeholders(chunk.len(), 6));
        let mut query = tx.query(Sql::built(sql));
        for Change { class, .. } in chunk {
            query = query
                .bind(class.id)
                .bind(class.institution_id)
                .bind(class.name.clone())
                .bind(class.opened_on.to_string())
                .bind(optional_text(class.closed_on))
                .bind(class.version);
        }
        query.execute().await?;
    }
    let facts: Vec<_> = changes.iter().flat_map(|c| c.facts.iter().map(|row| (c.class.id, row))).collect();
    for chunk in facts.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO_FACTS}{}{ON_KNOWN_FACTS}", placeholders(chunk.len(), 5));
        let mut query = tx.query(Sql::built(sql));
        for (id, Dated { since, until, value }) in chunk {
            query = query
                .bind(*id)
                .bind(since.to_string())
                .bind(optional_text(*until))
                .bind(value.kind.code())
                .bind(value.places);
        }
        query.execute().await?;
    }
    let events: Vec<_> = changes.iter().map(|change| (change.class.institution_id, &change.event)).collect();
    history::append(tx, &events, author).await
}
