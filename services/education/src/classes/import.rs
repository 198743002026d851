//! Import of class sheets.

use std::collections::HashMap;

use kit::{Result, Tx};
use proto::education::ClassRow;
use registry::columns::prefix_pattern;
use registry::imports::Import;
use registry::imports::stream::{Draft, Intake};
use registry::{Author, Bureau, Fault};
use uuid::Uuid;

use super::door::{self, Names};
use super::{Change, Class, Facts, Identity, Term, revise, set_up, store};
use crate::courses;
use crate::schools::School;
use crate::schools::named::Named;

/// Classes of the import's region that are not over and that the file does not name.
pub const SELECT_DISAPPEARED: &str = "\
SELECT s.name, c.name FROM class c
JOIN school s ON s.id = c.school_id
WHERE s.region LIKE $2 AND c.state IN ('PLANNED', 'RUNNING')
  AND c.id NOT IN (SELECT record_id FROM import_key WHERE import_id = $1 AND record_id IS NOT NULL)
ORDER BY c.id";

/// The register of classes as an import sees it.
#[derive(Clone, Debug)]
pub struct ClassIntake {
    pub bureau: Bureau,
}

/// School, course, term, name.
type Key = (Uuid, Uuid, String, String);

/// What the rows of a batch may mean.
#[derive(Default)]
pub struct Known {
    city: String,
    schools: Named,
    /// Courses by region and code.
    courses: HashMap<(String, String), Uuid>,
    classes: HashMap<Key, Class>,
}

impl Known {
    /// A course of the school's county, else of the city: COURSE_UNKNOWN.
    fn course(&self, school: &School, code: &str) -> Result<Uuid, Fault> {
        let of = |region: &str| self.courses.get(&(region.to_owned(), code.to_owned())).copied();
        of(&school.facts.value.county).or_else(|| of(&self.city)).ok_or_else(|| {
            let message = format!("本县和全市的课程中都没有代码“{code}”，请先导入课程");
            Fault::cell("course_code", "COURSE_UNKNOWN", message)
        })
    }

    fn meant(&self, names: &Names) -> Result<(&School, Identity), Fault> {
        let school = self.schools.find(&names.school)?;
        let course_id = self.course(school, &names.course_code)?;
        let term = names.term.clone().ok_or_else(|| Fault::cell("term", "FIELD_MISSING", "请填写学期"))?;
        Ok((school, Identity { course_id, term, name: names.class.clone() }))
    }

    fn key(&self, names: &Names) -> Option<Key> {
        let (school, Identity { course_id, term, name }) = self.meant(names).ok()?;
        (!name.is_empty()).then(|| (school.id, course_id, term.code().to_owned(), name))
    }
}

#[tonic::async_trait]
impl Intake for ClassIntake {
    const REGISTER: &'static str = "education.class";
    type Row = ClassRow;
    type Names = Names;
    type Entry = Facts;
    type Known = Known;
    type Change = Change;

    fn read(&self, _: &Import, row: &ClassRow) -> Draft<Names, Facts> {
        door::read(row)
    }

    async fn load(&self, tx: &mut Tx, import: &Import, drafts: &[Draft<Names, Facts>]) -> Result<Known> {
        let distinct = |name: fn(&Names) -> Option<&str>| {
            let mut names: Vec<&str> = drafts.iter().filter_map(|draft| name(&draft.names)).collect();
            names.sort_unstable();
            names.dedup();
            names
        };
        let names = distinct(|names| Some(&names.school));
        let schools = Named::load(tx, &self.bureau, &import.terms.region, names).await?;
        let courses = courses::store::by_code(tx, &distinct(|names| Some(&names.course_code))).await?;
        let ids: Vec<Uuid> = schools.all().map(|school| school.id).collect();
        let classes = store::of_schools(tx, &ids, &distinct(|names| names.term.as_ref().map(Term::code))).await?;
        let key = |class: &Class| {
            let Identity { course_id, term, name } = &class.identity;
            (class.school_id, *course_id, term.code().to_owned(), name.clone())
        };
        Ok(Known {
            city: self.bureau.city_code().to_owned(),
            schools,
            courses: courses.into_iter().map(|course| ((course.region, course.facts.code), course.id)).collect(),
            classes: classes.into_iter().map(|class| (key(&class), class)).collect(),
        })
    }

    fn keys(&self, known: &Known, draft: &Draft<Names, Facts>) -> Vec<String> {
        let key = known.key(&draft.names);
        key.map(|(school, course, term, name)| format!("{school}/{course}/{term}/{name}")).into_iter().collect()
    }

    fn record(&self, known: &Known, draft: &Draft<Names, Facts>) -> Option<Uuid> {
        known.key(&draft.names).and_then(|key| known.classes.get(&key)).map(|class| class.id)
    }

    fn decide(
        &self,
        known: &mut Known,
        import: &Import,
        names: &Names,
        facts: Facts,
        author: &Author,
    ) -> Result<Option<Change>, Fault> {
        let (school, identity) = known.meant(names)?;
        let on = import.terms.effective_on;
        match known.key(names).and_then(|key| known.classes.get(&key)) {
            Some(class) => revise(class, school, facts, on),
            None => set_up(author.clock.id(), school, identity, facts, on).map(Some),
        }
    }

    fn changed(change: &Change) -> Uuid {
        change.class.id
    }

    async fn save(&self, tx: &mut Tx, changes: &[Change], author: &Author) -> Result<()> {
        store::save(tx, changes, author).await
    }

    async fn disappeared(&self, tx: &mut Tx, import: &Import) -> Result<Vec<String>> {
        let pattern = prefix_pattern(&self.bureau.prefix(&import.terms.region));
        let query = tx.query(SELECT_DISAPPEARED).bind(import.terms.id).bind(pattern);
        let names: Vec<(String, String)> = query.all().await?;
        Ok(names.into_iter().map(|(school, class)| format!("{school} {class}")).collect())
    }
}
