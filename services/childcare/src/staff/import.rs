//! Import of staff sheets: institutions, posts and people of a whole batch looked up at once, a verdict per row.

use std::collections::HashMap;

use contract::document::Document;
use kit::{Result, Tx};
use proto::childcare::StaffRow;
use registry::columns::prefix_pattern;
use registry::imports::Import;
use registry::imports::stream::{Draft, Intake};
use registry::{Author, Bureau, Fault, people};
use trust::User;
use trust::persons::{Identity, Person, Persons, store as persons_store};
use uuid::Uuid;

use super::door::{self, Names, Stated};
use super::{Change, Staff, hire, meant, revise, same_name, store};
use crate::institutions::named;

/// Posts of the import's region that are held on the effective day and that the file does not name; only the institution is
/// told.
pub const SELECT_DISAPPEARED: &str = "\
SELECT i.name FROM staff s
JOIN institution_facts i ON i.institution_id = s.institution_id AND i.valid_to IS NULL
WHERE i.region LIKE $2 AND s.hired_on <= $3 AND (s.left_on IS NULL OR s.left_on > $3)
  AND s.id NOT IN (SELECT record_id FROM import_key WHERE import_id = $1 AND record_id IS NOT NULL)
ORDER BY s.id";

/// The register of staff as an import sees it.
#[derive(Clone, Debug)]
pub struct StaffIntake {
    pub bureau: Bureau,
    pub persons: Persons,
    /// Who sends the rows, for the record of whom they looked at.
    pub user: User,
}

/// What the rows of a batch may mean.
pub struct Known {
    pub(super) institutions: named::Named,
    pub(super) posts: HashMap<Uuid, Vec<Staff>>,
    pub(super) people: people::Named,
    /// Who holds the posts that are held.
    pub(super) holders: HashMap<Uuid, Person>,
}

/// A change of a post, with what of its person is to be saved.
pub type Saved = (Change, Option<Identity>);

impl Known {
    /// Looks up institutions, their posts, and people.
    pub async fn load(
        tx: &mut Tx,
        persons: &Persons,
        institutions: named::Named,
        documents: &[&Document],
    ) -> Result<Known> {
        let ids: Vec<Uuid> = institutions.all().map(|institution| institution.id).collect();
        let people = people::Named::load(tx, persons, documents).await?;
        let mut known = Known { institutions, posts: HashMap::new(), people, holders: HashMap::new() };
        known.hold(tx, persons, &ids).await?;
        Ok(known)
    }

    /// Looks up the posts of institutions and who holds them.
    pub async fn hold(&mut self, tx: &mut Tx, persons: &Persons, institutions: &[Uuid]) -> Result<()> {
        self.posts = store::of_institutions(tx, institutions).await?;
        let held = self.posts.values().flatten().filter(|staff| staff.left_on.is_none());
        let mut holders: Vec<Uuid> = held.map(|staff| staff.person_id).collect();
        holders.sort_unstable();
        holders.dedup();
        self.holders = persons_store::load(tx, &persons.keys, &holders).await?;
        Ok(())
    }

    /// The post in an institution that a person holds, or held.
    pub fn post(&self, institution: Uuid, document: &Document, hired_on: jiff::civil::Date) -> Option<&Staff> {
        let person = self.people.find(document)?;
        let posts = self.posts.get(&institution)?.iter();
        meant(posts.filter(|staff| staff.person_id == person.id), hired_on)
    }

    /// PERSON_NAME_DIFFERS: whoever has the document has another name.
    pub fn check_name(&mut self, stated: &Identity) -> Result<(), Fault> {
        stated.documents.first().map_or(Ok(()), |document| self.people.check_name(document, &stated.name))
    }

    /// What a row or a form makes of an institution's staff. PERSON_NAME_DIFFERS, STAFF_SAME_NAME and what [`revise`] refuses.
    pub fn decide(
        &mut self,
        institution: Uuid,
        (identity, entry): Stated,
        effective_on: jiff::civil::Date,
        author: &Author,
    ) -> Result<Option<Saved>, Fault> {
        self.check_name(&identity)?;
        let document = identity.documents.first().cloned();
        let known = document.as_ref().and_then(|document| self.people.find(document));
        let post = document.as_ref().and_then(|document| self.post(institution, document, entry.hired_on)).cloned();
        if post.is_none() && !entry.distinct && self.has_other(institution, &identity, known.map(|person| person.id)) {
            return Err(same_name());
        }
        let person = self.people.who(&identity, author.clock.id());
        let change = match &post {
            Some(post) => revise(post, entry, effective_on)?,
            None => Some(hire(author.clock.id(), institution, person, entry)),
        };
        self.people.enter(&identity, person);
        let to_save = self.people.to_save([person]).pop().map(|(_, identity)| identity);
        // A phone that is new is news of a post that is not.
        let change = match (change, &post, &to_save) {
            (None, Some(post), Some(_)) => Some(Change {
                staff: post.clone(),
                facts: Vec::new(),
                event: registry::Event::note(effective_on, "更新联系电话"),
            }),
            (change, ..) => change,
        };
        Ok(change.map(|change| {
            self.remember(&change.staff, identity);
            (change, to_save)
        }))
    }

    /// Somebody else of this name holds a post here.
    fn has_other(&self, institution: Uuid, identity: &Identity, person: Option<Uuid>) -> bool {
        let held = self.posts.get(&institution).into_iter().flatten().filter(|staff| staff.left_on.is_none());
        held.filter(|staff| Some(staff.person_id) != person).any(|staff| {
            let holder = self.holders.get(&staff.person_id).and_then(|person| person.identity.as_ref());
            holder.is_some_and(|holder| holder.name == identity.name)
        })
    }

    fn remember(&mut self, staff: &Staff, identity: Identity) {
        let posts = self.posts.entry(staff.institution_id).or_default();
        posts.retain(|known| known.id != staff.id);
        posts.push(staff.clone());
        let holder = Person { id: staff.person_id, merged_into: None, identity: Some(identity) };
        self.holders.insert(staff.person_id, holder);
    }
}

/// Saves posts and their people.
pub async fn save(tx: &mut Tx, persons: &Persons, changes: &[Saved], author: &Author) -> Result<()> {
    let fresh: HashMap<Uuid, &Identity> =
        changes.iter().filter_map(|(change, person)| Some((change.staff.person_id, person.as_ref()?))).collect();
    let fresh: Vec<(Uuid, &Identity)> = fresh.into_iter().collect();
    persons_store::save(tx, &persons.keys, &fresh).await?;
    let posts: Vec<Change> = changes.iter().map(|(change, _)| change.clone()).collect();
    store::save(tx, &posts, author).await
}

#[tonic::async_trait]
impl Intake for StaffIntake {
    const REGISTER: &'static str = "childcare.staff";
    type Row = StaffRow;
    type Names = Names;
    type Entry = Stated;
    type Known = Known;
    type Change = Saved;

    fn read(&self, _: &Import, row: &StaffRow) -> Draft<Names, Stated> {
        door::read(row, self.bureau.clock.today())
    }

    async fn load(&self, tx: &mut Tx, import: &Import, drafts: &[Draft<Names, Stated>]) -> Result<Known> {
        let usccs: Vec<&str> = drafts.iter().filter_map(|draft| draft.names.institution_uscc.as_deref()).collect();
        let names: Vec<&str> = drafts.iter().map(|draft| draft.names.institution_name.as_str()).collect();
        let documents: Vec<&Document> = drafts.iter().filter_map(|draft| draft.names.document.as_ref()).collect();
        let institutions = named::Named::load(tx, &self.bureau, &import.terms.region, &usccs, &names).await?;
        Known::load(tx, &self.persons, institutions, &documents).await
    }

    fn keys(&self, known: &Known, draft: &Draft<Names, Stated>) -> Vec<String> {
        let Names { institution_uscc, institution_name, document } = &draft.names;
        match (known.institutions.find(institution_uscc.as_deref(), institution_name), document) {
            (Ok(institution), Some(document)) => {
                let keys = people::keys(&self.persons, document).into_iter();
                keys.map(|key| format!("{}/{key}", institution.id)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn record(&self, known: &Known, draft: &Draft<Names, Stated>) -> Option<Uuid> {
        let Names { institution_uscc, institution_name, document } = &draft.names;
        let institution = known.institutions.find(institution_uscc.as_deref(), institution_name).ok()?;
        let hired_on = draft.entry.as_ref().map_or(jiff::civil::Date::MIN, |(_, entry)| entry.hired_on);
        known.post(institution.id, document.as_ref()?, hired_on).map(|staff| staff.id)
    }

    fn decide(
        &self,
        known: &mut Known,
        import: &Import,
        names: &Names,
        stated: Stated,
        author: &Author,
    ) -> Result<Option<Saved>, Fault> {
        let institution = known.institutions.find(names.institution_uscc.as_deref(), &names.institution_name)?.id;
        known.decide(institution, stated, import.terms.effective_on, author)
    }

    async fn looked(&self, tx: &mut Tx, known: &Known) -> Result<()> {
        known.people.looked(tx, &self.persons, &self.user).await
    }

    fn changed((change, _): &Saved) -> Uuid {
        change.staff.id
    }

    async fn save(&self, tx: &mut Tx, changes: &[Saved], author: &Author) -> Result<()> {
        save(tx, &self.persons, changes, author).await
    }

    async fn disappeared(&self, tx: &mut Tx, import: &Import) -> Result<Vec<String>> {
        let names: Vec<(String,)> = tx
            .query(SELECT_DISAPPEARED)
            .bind(import.terms.id)
            .bind(prefix_pattern(&self.bureau.prefix(&import.terms.region)))
            .bind(import.terms.effective_on.to_string())
            .all()
            .await?;
        Ok(names.into_iter().map(|(institution,)| format!("{institution}的1名从业人员")).collect())
    }
}
