//! The conversation of an import: a start, batches, a finish; one answer to each, given once it is durable.

use futures::stream::{self, BoxStream, Stream, StreamExt};
use kit::{Problem, Result, Tx, retry};
use prost::Message;
use proto::contract::{ImportAcknowledgement, ImportCounts, ImportMode, ImportStart, RowFault};
use tonic::Status;
use trust::Scope;
use uuid::Uuid;

use super::{Counts, DISAPPEARED_LISTED, Import, Mode, Named, Tally, Terms, store};
use crate::bureau::Bureau;
use crate::changes;
use crate::fault::Fault;
use crate::history::Author;

/// One message of the client.
#[derive(Debug)]
pub enum Step<Row> {
    Start(ImportStart),
    /// Rows with their numbers in the sheet.
    Batch {
        number: u64,
        rows: Vec<(u64, Row)>,
    },
    Finish,
}

/// A row as read: what it names, as far as that can be read, and what it states or everything that is wrong with it.
#[derive(Debug)]
pub struct Draft<Names, Entry> {
    pub names: Names,
    pub entry: Result<Entry, Vec<Fault>>,
}

/// What one register does with the rows of an import. The order of work is here once ([`take`]); a register says what
/// a row means.
#[tonic::async_trait]
pub trait Intake: Send + Sync + 'static {
    /// Name of the register, as the contract's `register` option has it.
    const REGISTER: &'static str;
    type Row: Send + Sync + 'static;
    /// What a row names its record by.
    type Names: Send + Sync;
    /// What a row states, every cell checked.
    type Entry: Send + Sync;
    /// The records that the rows of one batch may mean.
    type Known: Send + Sync;
    /// What to save.
    type Change: Send + Sync;

    /// Reads the cells of a row.
    fn read(&self, import: &Import, row: &Self::Row) -> Draft<Self::Names, Self::Entry>;

    /// Loads what the rows of a batch may mean, in a few statements for all of them.
    async fn load(
        &self,
        tx: &mut Tx,
        import: &Import,
        drafts: &[Draft<Self::Names, Self::Entry>],
    ) -> Result<Self::Known>;

    /// The keys by which a file names the row's record: one that comes twice is refused. None where unreadable.
    fn keys(&self, known: &Self::Known, draft: &Draft<Self::Names, Self::Entry>) -> Vec<String>;

    /// The record that the row means, if there is one already.
    fn record(&self, known: &Self::Known, draft: &Draft<Self::Names, Self::Entry>) -> Option<Uuid>;

    /// What one row does; `None` when it states nothing new. Remembers in `known` what later rows must see.
    fn decide(
        &self,
        known: &mut Self::Known,
        import: &Import,
        names: &Self::Names,
        entry: Self::Entry,
        author: &Author,
    ) -> Result<Option<Self::Change>, Fault>;

    /// Records what the rows of a batch told of people, in a preview too; registers without people have nothing to record.
    async fn looked(&self, _tx: &mut Tx, _known: &Self::Known) -> Result<()> {
        Ok(())
    }

    /// The record that a change makes or alters.
    fn changed(change: &Self::Change) -> Uuid;

    /// Saves the changes of a batch in many-row statements.
    async fn save(&self, tx: &mut Tx, changes: &[Self::Change], author: &Author) -> Result<()>;

    /// Names of the records of the import's region that the file did not name.
    async fn disappeared(&self, tx: &mut Tx, import: &Import) -> Result<Vec<String>>;
}

/// Decides every row of a batch and, unless this is a preview, applies what was decided.
async fn take<I: Intake>(
    intake: &I,
    tx: &mut Tx,
    import: &Import,
    author: &Author,
    rows: &[(u64, I::Row)],
) -> Result<Tally> {
    let drafts: Vec<_> = rows.iter().map(|(_, row)| intake.read(import, row)).collect();
    let mut known = intake.load(tx, import, &drafts).await?;
    let keys: Vec<Vec<String>> = drafts.iter().map(|draft| intake.keys(&known, draft)).collect();
    let mut named = Named::before(store::named_before(tx, import.terms.id, &keys.concat()).await?);
    let mut tally = Tally::default();
    let mut changed = Vec::new();
    for (((row, _), draft), keys) in rows.iter().zip(drafts).zip(keys) {
        let record = intake.record(&known, &draft);
        let claimed = named.claim(&keys, record);
        let Draft { names, entry } = draft;
        let verdict = entry.and_then(|entry| {
            claimed.map_err(|fault| vec![fault])?;
            intake.decide(&mut known, import, &names, entry, author).map_err(|fault| vec![fault])
        });
        match verdict {
            Err(faults) => tally.refuse(*row, faults),
            Ok(None) => tally.counts.unchanged += 1,
            Ok(Some(change)) => {
                match record {
                    Some(_) => tally.counts.changed += 1,
                    None => tally.counts.added += 1,
                }
                named.mean(&keys, I::changed(&change));
                changed.push(change);
            }
        }
    }
    if import.terms.mode == Mode::Commit && !changed.is_empty() {
        intake.save(tx, &changed, author).await?;
        changes::bump(tx).await?;
    }
    intake.looked(tx, &known).await?;
    store::name(tx, import.terms.id, &named.new).await?;
    Ok(tally)
}

/// Answers each step of the client in turn; the first problem ends the stream, and what was acknowledged stays.
pub fn answers<I: Intake>(
    bureau: Bureau,
    scope: Scope,
    author: Author,
    intake: I,
    steps: impl Stream<Item = Result<Step<I::Row>, Status>> + Send + 'static,
) -> BoxStream<'static, Result<ImportAcknowledgement, Status>> {
    let conversation = Conversation { bureau, scope, author, intake, import: None };
    let state = (conversation, steps.boxed());
    stream::try_unfold(state, |(mut conversation, mut steps)| async move {
        let Some(step) = steps.next().await else { return Ok(None) };
        let answer = conversation.answer(step?).await?;
        Ok(Some((answer, (conversation, steps))))
    })
    .boxed()
}

struct Conversation<I> {
    bureau: Bureau,
    scope: Scope,
    author: Author,
    intake: I,
    /// The terms of the start, once given.
    import: Option<Terms>,
}

impl<I: Intake> Conversation<I> {
    async fn answer(&mut self, step: Step<I::Row>) -> Result<ImportAcknowledgement> {
        match (step, self.import.clone()) {
            (Step::Start(_), Some(_)) => Err(Problem::state("IMPORT_STARTED_TWICE", "一次连接只能开始一次导入")),
            (Step::Start(start), None) => {
                let terms = self.terms(&start)?;
                let import = self.open(&terms, &start).await?;
                self.import = Some(terms);
                Ok(acknowledgement(&import, Tally::default()))
            }
            (_, None) => Err(Problem::state("IMPORT_NOT_STARTED", "请先发送导入的起始信息")),
            (Step::Batch { number, rows }, Some(terms)) => self.batch(&terms, number, &rows).await,
            (Step::Finish, Some(terms)) => self.finish(&terms).await,
        }
    }

    fn terms(&self, start: &ImportStart) -> Result<Terms> {
        let id = start
            .import_id
            .parse()
            .map_err(|_| Problem::field("start.import_id", "IMPORT_ID_INVALID", "导入编号应为UUID"))?;
        let mode = match start.mode() {
            ImportMode::Preview => Mode::Preview,
            ImportMode::Commit => Mode::Commit,
            ImportMode::Unspecified => {
                return Err(Problem::field("start.mode", "IMPORT_MODE_MISSING", "请选择预检或导入"));
            }
        };
        let effective_on = start
            .effective_on
            .parse()
            .map_err(|_| Problem::field("start.effective_on", "DATE_INVALID", "生效日期应写作2025-11-05的形式"))?;
        self.bureau.region("start.region", &start.region)?;
        self.scope.check(&start.region)?;
        Ok(Terms {
            id,
            register: I::REGISTER,
            mode,
            region: start.region.clone(),
            effective_on,
            complete: start.complete,
            file_digest: start.file_digest.to_ascii_lowercase(),
        })
    }

    async fn open(&self, terms: &Terms, start: &ImportStart) -> Result<Import> {
        let file = store::File {
            name: start.file_name.clone(),
            total_rows: i64::try_from(start.total_rows).unwrap_or(i64::MAX),
            started_by: self.author.by.clone(),
            started_at: self.bureau.clock.micros(),
        };
        retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            if let Some(import) = store::load(&mut tx, terms.id, I::REGISTER).await? {
                import.check_resumed(terms)?;
                return Ok(import);
            }
            store::start(&mut tx, terms, &file).await?;
            tx.commit().await?;
            Ok(Import { terms: terms.clone(), last_batch: 0, counts: Counts::default(), finished: false })
        })
        .await
    }

    async fn batch(&self, terms: &Terms, number: u64, rows: &[(u64, I::Row)]) -> Result<ImportAcknowledgement> {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let mut import = started(&mut tx, terms).await?;
            if number <= import.last_batch {
                return decode(&store::acknowledgement(&mut tx, terms.id, number).await?);
            }
            import.check_next(number, rows.len())?;
            let tally = take(&self.intake, &mut tx, &import, &self.author, rows).await?;
            import.last_batch = number;
            import.counts = import.counts.plus(tally.counts);
            let answer = acknowledgement(&import, tally);
            store::save_batch(&mut tx, &import, answer.encode_to_vec()).await?;
            self.bureau.commit(tx).await?;
            Ok(answer)
        })
        .await
    }

    async fn finish(&self, terms: &Terms) -> Result<ImportAcknowledgement> {
        retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            if let Some(given) = store::finish_given(&mut tx, terms.id).await? {
                return decode(&given);
            }
            let mut import = started(&mut tx, terms).await?;
            let mut disappeared = Vec::new();
            if terms.complete {
                disappeared = self.intake.disappeared(&mut tx, &import).await?;
                import.counts.disappeared = disappeared.len() as i64;
                disappeared.truncate(DISAPPEARED_LISTED);
            }
            import.finished = true;
            let answer = ImportAcknowledgement { disappeared, ..acknowledgement(&import, Tally::default()) };
            store::save_totals(&mut tx, &import).await?;
            store::finish(&mut tx, terms.id, answer.encode_to_vec()).await?;
            tx.commit().await?;
            Ok(answer)
        })
        .await
    }
}

async fn started(tx: &mut Tx, terms: &Terms) -> Result<Import> {
    store::load(tx, terms.id, terms.register)
        .await?
        .ok_or_else(|| Problem::state("IMPORT_NOT_STARTED", "请先发送导入的起始信息"))
}

fn decode(bytes: &[u8]) -> Result<ImportAcknowledgement> {
    ImportAcknowledgement::decode(bytes).map_err(Problem::internal)
}

fn acknowledgement(import: &Import, tally: Tally) -> ImportAcknowledgement {
    let count = |n: i64| u64::try_from(n).unwrap_or_default();
    let counts = import.counts;
    ImportAcknowledgement {
        import_id: import.terms.id.to_string(),
        batch: count(import.last_batch),
        totals: Some(ImportCounts {
            added: count(counts.added),
            changed: count(counts.changed),
            unchanged: count(counts.unchanged),
            disappeared: count(counts.disappeared),
            conflicting: count(counts.conflicting),
            rejected: count(counts.rejected),
        }),
        faults: tally
            .faults
            .into_iter()
            .map(|(row, fault)| RowFault {
                row,
                field: fault.field.to_owned(),
                reason: fault.reason.to_owned(),
                message: fault.message,
                conflict: fault.conflict,
            })
            .collect(),
        disappeared: Vec::new(),
        finished: import.finished,
    }
}
