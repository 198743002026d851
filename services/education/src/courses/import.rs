//! Import of course sheets. The courses of a sheet are those of the county, or the city, that the import is for.

use std::collections::HashMap;

use kit::{Result, Tx};
use proto::education::CourseRow;
use registry::imports::Import;
use registry::imports::stream::{Draft, Intake};
use registry::{Author, Bureau, Fault};
use uuid::Uuid;

use super::{Change, Course, Facts, door, revise, set_up, store};

/// Courses of the import's region that the file does not name.
pub const SELECT_DISAPPEARED: &str = "\
SELECT name FROM course
WHERE region = $2 AND id NOT IN (SELECT record_id FROM import_key WHERE import_id = $1 AND record_id IS NOT NULL)
ORDER BY id";

/// The register of courses as an import sees it.
#[derive(Clone, Debug)]
pub struct CourseIntake {
    pub bureau: Bureau,
}

#[tonic::async_trait]
impl Intake for CourseIntake {
    const REGISTER: &'static str = "education.course";
    type Row = CourseRow;
    /// The course's code.
    type Names = String;
    type Entry = Facts;
    /// The courses of the import's region, by code.
    type Known = HashMap<String, Course>;
    type Change = Change;

    fn read(&self, _: &Import, row: &CourseRow) -> Draft<String, Facts> {
        door::read(row)
    }

    async fn load(&self, tx: &mut Tx, import: &Import, drafts: &[Draft<String, Facts>]) -> Result<Self::Known> {
        let codes: Vec<&str> = drafts.iter().map(|draft| draft.names.as_str()).collect();
        let found = store::by_code(tx, &codes).await?.into_iter();
        let here = found.filter(|course| course.region == import.terms.region);
        Ok(here.map(|course| (course.facts.code.clone(), course)).collect())
    }

    fn keys(&self, _: &Self::Known, draft: &Draft<String, Facts>) -> Vec<String> {
        Some(draft.names.clone()).filter(|code| !code.is_empty()).into_iter().collect()
    }

    fn record(&self, known: &Self::Known, draft: &Draft<String, Facts>) -> Option<Uuid> {
        known.get(&draft.names).map(|course| course.id)
    }

    fn decide(
        &self,
        known: &mut Self::Known,
        import: &Import,
        code: &String,
        facts: Facts,
        author: &Author,
    ) -> Result<Option<Change>, Fault> {
        let region = &import.terms.region;
        if region != self.bureau.city_code() && !self.bureau.is_county(region) {
            let message = "课程按县（市、区）或全市设置，请按县（市、区）导入";
            return Err(Fault::conflict("COURSE_REGION_LEVEL", message));
        }
        let on = import.terms.effective_on;
        Ok(match known.get(code) {
            Some(course) => revise(course, facts, on),
            None => Some(set_up(author.clock.id(), region, facts, on)),
        })
    }

    fn changed(change: &Change) -> Uuid {
        change.course.id
    }

    async fn save(&self, tx: &mut Tx, changes: &[Change], author: &Author) -> Result<()> {
        store::save(tx, changes, author).await
    }

    async fn disappeared(&self, tx: &mut Tx, import: &Import) -> Result<Vec<String>> {
        let query = tx.query(SELECT_DISAPPEARED).bind(import.terms.id).bind(import.terms.region.clone());
        let names: Vec<(String,)> = query.all().await?;
        Ok(names.into_iter().map(|(name,)| name).collect())
    }
}
