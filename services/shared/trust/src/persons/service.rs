//! `PersonService` at the door: who may see whom, and the record of it.

use contract::document::{Document, DocumentKind};
use contract::masking;
use kit::{Kind, Problem, Result, Tx, retry};
use proto::contract::DocumentKind as WireKind;
use proto::trust as wire;
use proto::trust::person_service_server::PersonService;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::access::{self, Act, Look, Recorded};
use super::{Holding, Identity, Person, Persons, store};
use crate::caller::Caller;
use crate::page::Page;
use crate::prose::{harmless, stated};

/// Searches by document that find nobody, per account and day. Whoever tries numbers out meets this.
const MISSES_PER_DAY: i64 = 50;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Serves the people of one service.
#[derive(Clone, Debug)]
pub struct PersonDoor {
    pub persons: Persons,
    pub holding: Holding,
}

impl PersonDoor {
    /// The caller's regions must have a record of the person, who is merged into no other, unless they are the whole city:
    /// REGION_OUT_OF_SCOPE.
    pub(super) async fn reach(&self, tx: &mut Tx, caller: &Caller, person: Uuid) -> Result<()> {
        self.reached(tx, caller, person).await.map(|_| ())
    }

    /// The regions that have a record of the person. As `reach`.
    async fn reached(&self, tx: &mut Tx, caller: &Caller, person: Uuid) -> Result<Vec<(String,)>> {
        let regions: Vec<(String,)> = tx.query(self.holding.regions).bind(person).all().await?;
        if caller.scope.prefixes().is_none() || regions.iter().any(|(region,)| caller.scope.covers(region)) {
            return Ok(regions);
        }
        Err(Problem::forbidden("REGION_OUT_OF_SCOPE", "此人的记录不在您的权限地区内"))
    }

    /// Every region that has a record of the person must be the caller's: what holds there too is not changed from here.
    /// REGION_OUT_OF_SCOPE.
    pub(super) async fn reach_all(&self, tx: &mut Tx, caller: &Caller, person: Uuid) -> Result<()> {
        let regions = self.reached(tx, caller, person).await?;
        if regions.iter().all(|(region,)| caller.scope.covers(region)) {
            return Ok(());
        }
        Err(Problem::forbidden("REGION_OUT_OF_SCOPE", "此人在其他县（市、区）也有记录，请市级人员更正"))
    }

    /// The person who has a document, as far as the caller may know: one search, on record, and counted where it finds nobody.
    /// LOOKUP_CAP_REACHED, PERSON_UNKNOWN.
    async fn find(&self, caller: &Caller, kind: WireKind, number: &str) -> Result<Person> {
        let persons = &self.persons;
        let document = document(kind, number, persons.clock.today())?;
        let found = retry(|| async {
            let mut tx = persons.db.begin().await?;
            self.check_misses(&mut tx, caller).await?;
            let found = store::find(&mut tx, &persons.keys, &[&document]).await?.remove(&document.key());
            let person = found.as_ref().map_or(Uuid::nil(), |found| found.id);
            // Nobody learns from a search that another county knows the person; the person learns of the search.
            let found = match self.reach(&mut tx, caller, person).await {
                Err(problem) if problem.kind == Kind::Forbidden => None,
                reached => reached.map(|()| found)?,
            };
            let act = if found.is_some() { Act::Found } else { Act::NotFound };
            let look = Look { person, act, purpose: "", reason: "", fields: "证件号码".to_owned() };
            access::record(&mut tx, caller, &persons.clock, look).await?;
            tx.commit().await?;
            Ok(found)
        });
        found.await?.ok_or_else(store::unknown)
    }

    /// LOOKUP_CAP_REACHED where the account found nobody too often.
    pub(super) async fn check_misses(&self, tx: &mut Tx, caller: &Caller) -> Result<()> {
        let user = &caller.user()?.id;
        if access::count(tx, user, Act::NotFound, self.persons.clock.micros() - DAY).await? < MISSES_PER_DAY {
            return Ok(());
        }
        tracing::warn!(user, "searches by document beyond the day's cap");
        let message = format!("一天内查无此人的查询已达{MISSES_PER_DAY}次，请明天再试或联系管理员");
        Err(Problem::new(Kind::Exhausted, "LOOKUP_CAP_REACHED", message))
    }

    /// One person, masked as in the lists: no look, and not recorded as one.
    async fn get(&self, caller: &Caller, asked: &str) -> Result<Person> {
        let mut tx = self.persons.db.begin().await?;
        let person = store::one(&mut tx, &self.persons.keys, id(asked)?).await?;
        self.reach(&mut tx, caller, person.kept()).await?;
        Ok(person)
    }

    async fn reveal(&self, caller: &Caller, request: &wire::RevealPersonRequest) -> Result<wire::RevealedPerson> {
        let id = id(&request.id)?;
        if request.purpose() == wire::Purpose::Unspecified {
            return Err(Problem::field("purpose", "PURPOSE_MISSING", "请选择查看用途"));
        }
        let reason = stated("reason", &request.reason, "请写明查看原因")?;
        let asked = [(request.name, "姓名"), (request.documents, "证件号码"), (request.phone, "电话")];
        let fields: Vec<&str> = asked.iter().filter(|(asked, _)| *asked).map(|(_, title)| *title).collect();
        if fields.is_empty() {
            return Err(Problem::field("name", "FIELD_MISSING", "请选择要查看的内容"));
        }
        let persons = &self.persons;
        retry(|| async {
            let mut tx = persons.db.begin().await?;
            let person = store::one(&mut tx, &persons.keys, id).await?;
            self.reach(&mut tx, caller, person.kept()).await?;
            let identity = person.identity.ok_or_else(erased)?;
            let look = Look {
                person: id,
                act: Act::Revealed,
                purpose: request.purpose().as_str_name(),
                reason,
                fields: fields.join("、"),
            };
            let access = access::record(&mut tx, caller, &persons.clock, look).await?;
            tx.commit().await?;
            Ok(wire::RevealedPerson {
                id: id.to_string(),
                name: if request.name { identity.name } else { String::new() },
                documents: identity.documents.iter().filter(|_| request.documents).map(plain).collect(),
                phone: if request.phone { identity.phone } else { String::new() },
                access_id: access.to_string(),
            })
        })
        .await
    }

    async fn accesses(
        &self,
        caller: &Caller,
        request: &wire::ListAccessesRequest,
    ) -> Result<wire::ListAccessesResponse> {
        let page = Page::newest_first(request.page.clone())?;
        let (before, limit) = (page.after, page.size as i64 + 1);
        let db = &self.persons.db;
        let mut found = if request.id.is_empty() && request.number.is_empty() {
            if request.user.is_empty() {
                return Err(Problem::field("number", "FIELD_MISSING", "请填写证件号码、人员编号或账号"));
            }
            if caller.scope.prefixes().is_some() {
                return Err(Problem::forbidden("REGION_OUT_OF_SCOPE", "按账号查询须有全市权限"));
            }
            access::of_user(db, &request.user, before, limit).await?
        } else {
            let person = self.concerned(caller, request).await?;
            access::of_person(db, person, before, limit).await?
        };
        let next_cursor = page.cut(&mut found, |look| look.id);
        Ok(wire::ListAccessesResponse { accesses: found.into_iter().map(recorded).collect(), next_cursor })
    }

    /// Whose accesses are asked for. A number is a search like any other.
    async fn concerned(&self, caller: &Caller, request: &wire::ListAccessesRequest) -> Result<Uuid> {
        if request.id.is_empty() {
            return Ok(self.find(caller, request.kind(), &request.number).await?.id);
        }
        let mut tx = self.persons.db.begin().await?;
        let person = store::kept(&mut tx, id(&request.id)?).await?;
        self.reach(&mut tx, caller, person).await?;
        Ok(person)
    }

    async fn merge(&self, caller: &Caller, request: &wire::MergePersonsRequest) -> Result<wire::Person> {
        let (keep, other) = (id(&request.keep_id)?, id(&request.other_id)?);
        if keep == other {
            return Err(Problem::field("other_id", "PERSON_SAME", "两条记录是同一条，不需要合并"));
        }
        let reason = stated("reason", &request.reason, "请写明合并原因")?;
        let persons = &self.persons;
        retry(|| async {
            let mut tx = persons.db.begin().await?;
            let kept = store::one(&mut tx, &persons.keys, keep).await?;
            let gone = store::one(&mut tx, &persons.keys, other).await?;
            self.reach(&mut tx, caller, kept.kept()).await?;
            self.reach(&mut tx, caller, gone.kept()).await?;
            if kept.merged_into.is_some() || gone.merged_into.is_some() {
                return Err(Problem::state("PERSON_SAME", "其中一条已合并，请对保留的那条操作"));
            }
            let (mut kept, mut gone) = (kept.identity.ok_or_else(erased)?, gone.identity.ok_or_else(erased)?);
            self.check_one(&mut tx, caller, (keep, &kept), (other, &gone)).await?;
            store::unite(&mut tx, &persons.keys, (keep, &mut kept), (other, &mut gone)).await?;
            for person in [keep, other] {
                let look = Look { person, act: Act::Merged, purpose: "", reason, fields: String::new() };
                access::record(&mut tx, caller, &persons.clock, look).await?;
            }
            tx.commit().await?;
            Ok(message(Person { id: keep, merged_into: None, identity: Some(kept) }))
        })
        .await
    }

    async fn erase(&self, caller: &Caller, request: &wire::ErasePersonRequest) -> Result<wire::Person> {
        let id = id(&request.id)?;
        let reason = stated("reason", &request.reason, "请写明删除原因")?;
        let reason = format!("{reason} {}", harmless("document_number", &request.document_number)?);
        let persons = &self.persons;
        retry(|| async {
            let mut tx = persons.db.begin().await?;
            let person = store::one(&mut tx, &persons.keys, id).await?;
            self.reach(&mut tx, caller, person.kept()).await?;
            if person.merged_into.is_some() {
                return Err(merged(&person));
            }
            if person.identity.is_none() {
                return Err(erased());
            }
            self.check_retention(&mut tx, id).await?;
            tx.query(store::FORGET_DOCUMENTS).bind(id).execute().await?;
            let (now, nothing) = (persons.clock.micros(), Vec::<u8>::new());
            tx.query(store::ERASE).bind(id).bind(nothing).bind(now).execute().await?;
            let look = Look { person: id, act: Act::Erased, purpose: "", reason: reason.trim(), fields: String::new() };
            access::record(&mut tx, caller, &persons.clock, look).await?;
            tx.commit().await?;
            Ok(message(Person { identity: None, ..person }))
        })
        .await
    }

    /// RETENTION_HOLDS while a record of the person, or of those merged into this one, is live, and for the years after it ended.
    async fn check_retention(&self, tx: &mut Tx, person: Uuid) -> Result<()> {
        let live: Option<(Option<String>,)> = tx.query(self.holding.live_until).bind(person).optional().await?;
        let Some(until) = live.and_then(|(until,)| until) else { return Ok(()) };
        let until: jiff::civil::Date = until.parse().map_err(Problem::internal)?;
        let held = until.checked_add(jiff::Span::new().years(self.holding.retention_years));
        match held {
            Ok(held) if held <= self.persons.clock.today() => Ok(()),
            Ok(held) => Err(Problem::state("RETENTION_HOLDS", format!("记录须保存至{held}，此前不能删除"))),
            Err(_) => Err(Problem::state("RETENTION_HOLDS", "此人仍有在册记录，不能删除")),
        }
    }

    async fn keys(&self) -> Result<wire::GetPersonKeysResponse> {
        let db = &self.persons.db;
        let sealed: Vec<(String, i64)> = db.read(store::COUNT_SEALED).all().await?;
        let hashed: Vec<(String, i64)> = db.read(store::COUNT_HASHED).all().await?;
        let of = |counts: &[(String, i64)], id: &str| {
            let found = counts.iter().find(|(key, _)| key == id);
            found.map_or(0, |(_, count)| u64::try_from(*count).unwrap_or_default())
        };
        let keys = self.persons.keys.list().into_iter().map(|(id, made_on)| wire::PersonKey {
            persons: of(&sealed, &id),
            documents: of(&hashed, &id),
            made_on,
            id,
        });
        let persons = sealed.iter().map(|(_, count)| u64::try_from(*count).unwrap_or_default()).sum();
        Ok(wire::GetPersonKeysResponse { keys: keys.collect(), persons })
    }
}

/// Reads a document: FIELD_MISSING, DOCUMENT_…; the fields are `kind` and `number`.
pub(super) fn document(kind: WireKind, number: &str, today: jiff::civil::Date) -> Result<Document> {
    let code = kind.as_str_name().trim_start_matches("DOCUMENT_KIND_");
    let kind =
        DocumentKind::from_code(code).ok_or_else(|| Problem::field("kind", "FIELD_MISSING", "请选择证件类型"))?;
    Document::parse(kind, number, today).map_err(|fault| Problem::field("number", fault.reason(), fault.to_string()))
}

pub(super) fn id(text: &str) -> Result<Uuid> {
    text.parse().map_err(|_| store::unknown())
}

/// PERSON_MERGED, with the one to name.
pub(super) fn merged(person: &Person) -> Problem {
    let (name, kept) = (person.masked_name(), person.kept());
    Problem::state("PERSON_MERGED", format!("此记录已并入{name}（人员编号{kept}），请对保留的那条操作"))
}

pub(super) fn erased() -> Problem {
    Problem::state("PERSON_ERASED", "此人的身份信息已按规定删除")
}

fn kind_of(document: &Document) -> i32 {
    WireKind::from_str_name(&format!("DOCUMENT_KIND_{}", document.kind().code())).unwrap_or_default() as i32
}

fn plain(document: &Document) -> wire::PlainDocument {
    wire::PlainDocument {
        kind: kind_of(document),
        number: document.number().to_owned(),
        original: document.original().unwrap_or_default().to_owned(),
    }
}

/// A person as messages show people: masked.
pub(super) fn message(person: Person) -> wire::Person {
    let Person { id, merged_into, identity } = person;
    let erased = identity.is_none();
    let Identity { name, documents, phone } =
        identity.unwrap_or(Identity { name: String::new(), documents: Vec::new(), phone: String::new() });
    let documents =
        documents.iter().map(|document| wire::MaskedDocument { kind: kind_of(document), number: document.masked() });
    wire::Person {
        id: id.to_string(),
        name: masking::name(&name),
        documents: documents.collect(),
        phone: masking::phone(&phone),
        merged_into: merged_into.map(|id| id.to_string()).unwrap_or_default(),
        erased,
    }
}

fn recorded(found: Recorded) -> wire::Access {
    wire::Access {
        id: found.id.to_string(),
        person_id: if found.person_id.is_nil() { String::new() } else { found.person_id.to_string() },
        at_micros: found.at_micros,
        user: found.user_id,
        user_name: found.user_name,
        act: found.act,
        purpose: wire::Purpose::from_str_name(&found.purpose).unwrap_or_default() as i32,
        reason: found.reason,
        fields: found.fields,
    }
}

#[tonic::async_trait]
impl PersonService for PersonDoor {
    async fn find_person(&self, request: Request<wire::FindPersonRequest>) -> Result<Response<wire::Person>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.get_ref();
        Ok(Response::new(message(self.find(&caller, request.kind(), &request.number).await?)))
    }

    async fn get_person(&self, request: Request<wire::GetPersonRequest>) -> Result<Response<wire::Person>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(message(self.get(&caller, &request.get_ref().id).await?)))
    }

    async fn correct_person(
        &self,
        request: Request<wire::CorrectPersonRequest>,
    ) -> Result<Response<wire::Person>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.correct(&caller, request.get_ref()).await?))
    }

    async fn reveal_person(
        &self,
        request: Request<wire::RevealPersonRequest>,
    ) -> Result<Response<wire::RevealedPerson>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.reveal(&caller, request.get_ref()).await?))
    }

    async fn list_accesses(
        &self,
        request: Request<wire::ListAccessesRequest>,
    ) -> Result<Response<wire::ListAccessesResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.accesses(&caller, request.get_ref()).await?))
    }

    async fn merge_persons(
        &self,
        request: Request<wire::MergePersonsRequest>,
    ) -> Result<Response<wire::Person>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.merge(&caller, request.get_ref()).await?))
    }

    async fn erase_person(&self, request: Request<wire::ErasePersonRequest>) -> Result<Response<wire::Person>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.erase(&caller, request.get_ref()).await?))
    }

    async fn get_person_keys(
        &self,
        request: Request<wire::GetPersonKeysRequest>,
    ) -> Result<Response<wire::GetPersonKeysResponse>, Status> {
        Caller::of(&request)?;
        Ok(Response::new(self.keys().await?))
    }
}
