//! Import of class sheets: look-ups for a whole batch at once, a verdict per row, many-row statements.

use registry::columns::prefix_pattern;
use registry::imports::Import;
use registry::imports::stream::{Draft, Intake};
use registry::{Author, Bureau, Fault};
use std::collections::HashMap;

use kit::{Result, Tx};
use proto::childcare::ClassRow;
use uuid::Uuid;

use super::door::{self, Names};
use super::{Change, Class, Entry, meant, open, places_on, revise, store};
use crate::institutions::named::Named;
use crate::institutions::{Institution, InstitutionKind, check_family_point};

/// Classes of the import's region that are open on the effective day and that the file does not name.
pub const SELECT_DISAPPEARED: &str = "\
SELECT i.name, c.name FROM class c
JOIN institution i ON i.id = c.institution_id
WHERE i.region LIKE $2 AND c.opened_on <= $3 AND (c.closed_on IS NULL OR c.closed_on > $3)
  AND c.id NOT IN (SELECT record_id FROM import_key WHERE import_id = $1 AND record_id IS NOT NULL)
ORDER BY c.id";

/// The register of classes as an import sees it.
#[derive(Clone, Debug)]
pub struct ClassIntake {
    pub bureau: Bureau,
}

#[tonic::async_trait]
impl Intake for ClassIntake {
    const REGISTER: &'static str = "childcare.class";
    type Row = ClassRow;
    type Names = Names;
    type Entry = Entry;
    type Known = Known;
    type Change = Change;

    fn read(&self, _: &Import, row: &ClassRow) -> Draft<Names, Entry> {
        door::read(row)
    }

    async fn load(&self, tx: &mut Tx, import: &Import, drafts: &[Draft<Names, Entry>]) -> Result<Known> {
        Known::load(tx, &self.bureau, &import.terms.region, drafts).await
    }

    /// None while the institution is unknown.
    fn keys(&self, known: &Known, draft: &Draft<Names, Entry>) -> Vec<String> {
        match known.institution(&draft.names) {
            Ok(institution) if !draft.names.name.is_empty() => {
                vec![format!("c:{}/{}", institution.id, draft.names.name)]
            }
            _ => Vec::new(),
        }
    }

    fn record(&self, known: &Known, draft: &Draft<Names, Entry>) -> Option<Uuid> {
        let institution = known.institution(&draft.names).ok()?;
        let classes = known.classes_of(institution.id);
        let class = match &draft.entry {
            Ok(entry) => meant(classes.iter(), entry),
            Err(_) => classes.iter().find(|class| class.name == draft.names.name),
        };
        class.map(|class| class.id)
    }

    fn decide(
        &self,
        known: &mut Known,
        import: &Import,
        names: &Names,
        entry: Entry,
        author: &Author,
    ) -> Result<Option<Change>, Fault> {
        let institution = known.institution(names)?;
        let change = match meant(known.classes_of(institution.id).iter(), &entry) {
            Some(class) => revise(class, &entry, import.terms.effective_on)?,
            None => Some(open(author.clock.id(), institution.id, entry)),
        };
        if let Some(change) = &change {
            if institution.facts.value.kind == InstitutionKind::FamilyPoint {
                let others = known.classes_of(institution.id).iter().filter(|class| class.id != change.class.id);
                check_family_point(places_on(others.chain([&change.class]), change.class.facts.since))?;
            }
            known.remember(&change.class);
        }
        Ok(change)
    }

    fn changed(change: &Change) -> Uuid {
        change.class.id
    }

    async fn save(&self, tx: &mut Tx, changes: &[Change], author: &Author) -> Result<()> {
        store::save(tx, changes, author).await
    }

    async fn disappeared(&self, tx: &mut Tx, import: &Import) -> Result<Vec<String>> {
        let names: Vec<(String, String)> = tx
            .query(SELECT_DISAPPEARED)
            .bind(import.terms.id)
            .bind(prefix_pattern(&self.bureau.prefix(&import.terms.region)))
            .bind(import.terms.effective_on.to_string())
            .all()
            .await?;
        Ok(names.into_iter().map(|(institution, class)| format!("{institution} {class}")).collect())
    }
}

/// The institutions that the rows of a batch may mean, and the classes they may mean in them.
pub struct Known {
    institutions: Named,
    classes: HashMap<Uuid, Vec<Class>>,
}

impl Known {
    async fn load(tx: &mut Tx, bureau: &Bureau, region: &str, drafts: &[Draft<Names, Entry>]) -> Result<Known> {
        let usccs: Vec<&str> = drafts.iter().filter_map(|draft| draft.names.institution_uscc.as_deref()).collect();
        let names: Vec<&str> = drafts.iter().map(|draft| draft.names.institution_name.as_str()).collect();
        let institutions = Named::load(tx, bureau, region, &usccs, &names).await?;
        // A row asks for a class by name. Only a family point's cap needs all its classes, and they are few.
        let (points, others): (Vec<&Institution>, Vec<&Institution>) =
            institutions.all().partition(|institution| institution.facts.value.kind == InstitutionKind::FamilyPoint);
        let ids = |institutions: &[&Institution]| -> Vec<Uuid> { institutions.iter().map(|one| one.id).collect() };
        let mut names: Vec<&str> = drafts.iter().map(|draft| draft.names.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let mut classes = store::of_institutions(tx, &ids(&points)).await?;
        classes.extend(store::named(tx, &ids(&others), &names).await?);
        Ok(Known { institutions, classes })
    }

    fn institution(&self, names: &Names) -> Result<&Institution, Fault> {
        self.institutions.find(names.institution_uscc.as_deref(), &names.institution_name)
    }

    fn classes_of(&self, institution: Uuid) -> &[Class] {
        self.classes.get(&institution).map_or(&[], Vec::as_slice)
    }

    /// Counts a class of this batch with those of its institution.
    fn remember(&mut self, class: &Class) {
        let classes = self.classes.entry(class.institution_id).or_default();
        classes.retain(|known| known.id != class.id);
        classes.push(class.clone());
    }
}
