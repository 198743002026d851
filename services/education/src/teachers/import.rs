//! Import of teacher sheets.

use std::collections::HashMap;

use contract::document::Document;
use kit::{Result, Tx};
use proto::education::TeacherRow;
use registry::columns::prefix_pattern;
use registry::imports::Import;
use registry::imports::stream::{Draft, Intake};
use registry::{Author, Bureau, Fault, people};
use trust::User;
use trust::persons::{Identity, Persons, store as persons_store};
use uuid::Uuid;

use super::door::{self, Names};
use super::{Change, Facts, Teacher, enter, revise, store};
use crate::schools::named::Named;

/// Teachers at work in the import's region that the file does not name; only their school is told.
pub const SELECT_DISAPPEARED: &str = "\
SELECT s.name FROM teacher t
JOIN school s ON s.id = t.school_id
WHERE s.region LIKE $2 AND t.status = 'ACTIVE'
  AND t.id NOT IN (SELECT record_id FROM import_key WHERE import_id = $1 AND record_id IS NOT NULL)
ORDER BY t.id";

/// The register of teachers as an import sees it.
#[derive(Clone, Debug)]
pub struct TeacherIntake {
    pub bureau: Bureau,
    pub persons: Persons,
    /// Who sends the rows, for the record of whom they looked at.
    pub user: User,
}

/// The schools that a batch names, and their teachers.
#[derive(Default)]
pub struct Known {
    schools: Named,
    teachers: HashMap<(Uuid, String), Teacher>,
    people: people::Named,
}

/// A change of a teacher, with what of the person is to be saved.
pub type Saved = (Change, Vec<(Uuid, Identity)>);

#[tonic::async_trait]
impl Intake for TeacherIntake {
    const REGISTER: &'static str = "education.teacher";
    type Row = TeacherRow;
    type Names = Names;
    type Entry = Facts;
    type Known = Known;
    type Change = Saved;

    fn read(&self, _: &Import, row: &TeacherRow) -> Draft<Names, Facts> {
        door::read(row, self.bureau.clock.today())
    }

    async fn load(&self, tx: &mut Tx, import: &Import, drafts: &[Draft<Names, Facts>]) -> Result<Known> {
        let names = drafts.iter().map(|draft| draft.names.school.as_str()).collect();
        let schools = Named::load(tx, &self.bureau, &import.terms.region, names).await?;
        let ids: Vec<Uuid> = schools.all().map(|school| school.id).collect();
        let teachers = store::of_schools(tx, &ids).await?;
        let documents: Vec<&Document> = drafts.iter().filter_map(|draft| draft.names.document.as_ref()).collect();
        let people = people::Named::load(tx, &self.persons, &documents).await?;
        Ok(Known { schools, teachers, people })
    }

    fn keys(&self, known: &Known, draft: &Draft<Names, Facts>) -> Vec<String> {
        match known.schools.find(&draft.names.school) {
            Ok(school) if !draft.names.teacher.is_empty() => vec![format!("{}/{}", school.id, draft.names.teacher)],
            _ => Vec::new(),
        }
    }

    fn record(&self, known: &Known, draft: &Draft<Names, Facts>) -> Option<Uuid> {
        let school = known.schools.find(&draft.names.school).ok()?;
        known.teachers.get(&(school.id, draft.names.teacher.clone())).map(|teacher| teacher.id)
    }

    fn decide(
        &self,
        known: &mut Known,
        import: &Import,
        names: &Names,
        facts: Facts,
        author: &Author,
    ) -> Result<Option<Saved>, Fault> {
        let school = known.schools.find(&names.school)?;
        let on = import.terms.effective_on;
        let mut stated = None;
        if let Some(document) = &names.document {
            known.people.check_name(document, &facts.name)?;
            let identity =
                Identity { name: facts.name.clone(), documents: vec![document.clone()], phone: String::new() };
            stated = Some((known.people.who(&identity, author.clock.id()), identity));
        }
        let person = stated.as_ref().map(|(person, _)| *person);
        let change = match known.teachers.get(&(school.id, names.teacher.clone())) {
            Some(teacher) => revise(teacher, person, facts, on)?,
            None => Some(enter(author.clock.id(), school.id, person, facts, on)),
        };
        if let Some((person, identity)) = stated {
            known.people.enter(&identity, person);
        }
        Ok(change.map(|change| (change, known.people.to_save(person))))
    }

    async fn looked(&self, tx: &mut Tx, known: &Known) -> Result<()> {
        known.people.looked(tx, &self.persons, &self.user).await
    }

    fn changed((change, _): &Saved) -> Uuid {
        change.teacher.id
    }

    async fn save(&self, tx: &mut Tx, changes: &[Saved], author: &Author) -> Result<()> {
        let people: HashMap<Uuid, &Identity> =
            changes.iter().flat_map(|(_, people)| people).map(|(id, identity)| (*id, identity)).collect();
        let people: Vec<(Uuid, &Identity)> = people.into_iter().collect();
        persons_store::save(tx, &self.persons.keys, &people).await?;
        let teachers: Vec<Change> = changes.iter().map(|(change, _)| change.clone()).collect();
        store::save(tx, &teachers, author).await
    }

    async fn disappeared(&self, tx: &mut Tx, import: &Import) -> Result<Vec<String>> {
        let pattern = prefix_pattern(&self.bureau.prefix(&import.terms.region));
        let names: Vec<(String,)> = tx.query(SELECT_DISAPPEARED).bind(import.terms.id).bind(pattern).all().await?;
        Ok(names.into_iter().map(|(school,)| format!("{school}的1位教师")).collect())
    }
}
