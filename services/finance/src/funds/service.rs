//! The gRPC door of 项目资金.

use futures::StreamExt;
use futures::stream::BoxStream;
use kit::{Kind, Problem, Result, retry};
use proto::contract::ImportAcknowledgement;
use proto::finance as wire;
use proto::finance::fund_service_server::FundService;
use registry::columns::{Page, id};
use registry::imports::stream::{Step as Message, answers};
use registry::{Bureau, Cells, Coded, changes, problem_of};
use tonic::{Request, Response, Status, Streaming};
use trust::Caller;

use super::import::{FundIntake, save};
use super::store::{self, Filter, Placed};
use super::{Book, Entry, door};
use crate::money;
use crate::projects::service::project_id;
use crate::projects::{self, store::Viewed};

/// Serves the money of projects.
#[derive(Clone, Debug)]
pub struct Funds {
    pub bureau: Bureau,
}

#[tonic::async_trait]
impl FundService for Funds {
    async fn list_fund_entries(
        &self,
        request: Request<wire::ListFundEntriesRequest>,
    ) -> Result<Response<wire::ListFundEntriesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let filter = Filter {
            project_id: match request.project_id.as_str() {
                "" => None,
                text => Some(project_id(text)?),
            },
            region: self.bureau.region_filter("region", &request.region)?,
            source: request.source().as_str_name().strip_prefix("FUND_SOURCE_").and_then(Coded::from_code),
            step: request.step().as_str_name().strip_prefix("FUND_STEP_").and_then(Coded::from_code),
        };
        let page = Page::asked(request.page)?;
        let (found, next_cursor) = store::page(&self.bureau.db, &caller.scope, filter, page).await?;
        let entries = found.into_iter().map(door::message).collect();
        Ok(Response::new(wire::ListFundEntriesResponse { entries, next_cursor }))
    }

    async fn record_fund_entry(
        &self,
        request: Request<wire::RecordFundEntryRequest>,
    ) -> Result<Response<wire::FundEntry>, Status> {
        const METHOD: &str = "RecordFundEntry";
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let project_id = project_id(&request.project_id)?;
        let row = wire::FundEntryRow {
            project_name: String::new(),
            source: request.source,
            step: request.step,
            amount_fen: request.amount_fen,
            on: request.on.clone(),
            document_number: request.document_number.clone(),
            note: request.note.clone(),
        };
        let statement = door::read(&self.bureau, &row).map_err(problem_of)?;
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let Viewed { project, .. } = projects::store::load(&mut tx, &caller.scope, project_id).await?;
            if let Some(answer) = changes::answered(&mut tx, METHOD, &request.idempotency_key, &request).await? {
                return Ok(answer);
            }
            let entries = entries_of(&mut tx, project_id).await?;
            let entry = statement.clone().entry(self.bureau.clock.id(), project_id, &author.by);
            Book { project: &project, entries: &entries }.check(&entry)?;
            save(&mut tx, std::slice::from_ref(&entry), &author).await?;
            changes::bump(&mut tx).await?;
            let (project_name, region) = (project.facts.name, project.facts.region);
            let answer = door::message(Placed { entry, project_name, region, reversed_fen: 0 });
            changes::remember(&mut tx, METHOD, &request.idempotency_key, &request, &answer).await?;
            tx.commit().await?;
            Ok(answer)
        });
        Ok(Response::new(shown.await?))
    }

    async fn reverse_fund_entry(
        &self,
        request: Request<wire::ReverseFundEntryRequest>,
    ) -> Result<Response<wire::FundEntry>, Status> {
        const METHOD: &str = "ReverseFundEntry";
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let wrong = id(&request.id, "ENTRY_UNKNOWN", "资金记录")?;
        let mut cells = Cells::default();
        let amount_fen = match request.amount_fen {
            0 => None,
            fen => cells.take(money::positive("amount_fen", "冲正金额", fen)),
        };
        let on = cells.take(door::past_day(&self.bureau, "on", "日期", &request.on));
        let reason = cells.required("reason", "原因", &request.reason);
        let Some(on) = on.filter(|_| cells.faults.is_empty()) else {
            return Err(problem_of(cells.faults).into());
        };
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let found = store::load(&mut tx, &caller.scope, wrong).await?;
            if let Some(answer) = changes::answered(&mut tx, METHOD, &request.idempotency_key, &request).await? {
                return Ok(answer);
            }
            let project_id = found.entry.project_id;
            let Viewed { project, .. } = projects::store::load(&mut tx, &caller.scope, project_id).await?;
            let entries = entries_of(&mut tx, project_id).await?;
            let by = Entry {
                id: self.bureau.clock.id(),
                on,
                document_number: request.document_number.trim().to_owned(),
                note: reason.clone(),
                recorded_by: author.by.clone(),
                ..found.entry
            };
            let reversal = Book { project: &project, entries: &entries }.reverse(wrong, amount_fen, by)?;
            save(&mut tx, std::slice::from_ref(&reversal), &author).await?;
            changes::bump(&mut tx).await?;
            let (project_name, region) = (found.project_name, found.region);
            let answer = door::message(Placed { entry: reversal, project_name, region, reversed_fen: 0 });
            changes::remember(&mut tx, METHOD, &request.idempotency_key, &request, &answer).await?;
            tx.commit().await?;
            Ok(answer)
        });
        Ok(Response::new(shown.await?))
    }

    type ImportFundEntriesStream = BoxStream<'static, Result<ImportAcknowledgement, Status>>;

    async fn import_fund_entries(
        &self,
        request: Request<Streaming<wire::ImportFundEntriesRequest>>,
    ) -> Result<Response<Self::ImportFundEntriesStream>, Status> {
        let caller = Caller::of(&request)?;
        let steps = request.into_inner().map(|message| message.and_then(step));
        let intake = FundIntake { bureau: self.bureau.clone() };
        let author = self.bureau.author(&caller)?;
        Ok(Response::new(answers(self.bureau.clone(), caller.scope, author, intake, steps)))
    }
}

async fn entries_of(tx: &mut kit::Tx, project: uuid::Uuid) -> Result<Vec<Entry>> {
    let placed = store::of_projects(tx, &[project]).await?.remove(&project).unwrap_or_default();
    Ok(placed.into_iter().map(|placed| placed.entry).collect())
}

fn step(message: wire::ImportFundEntriesRequest) -> Result<Message<wire::FundEntryRow>, Status> {
    use wire::import_fund_entries_request::Step as Wire;
    match message.step {
        Some(Wire::Start(start)) => Ok(Message::Start(start)),
        Some(Wire::Batch(batch)) => {
            let rows = batch.rows.into_iter().map(|row| (row.row, row.entry.unwrap_or_default())).collect();
            Ok(Message::Batch { number: batch.number, rows })
        }
        Some(Wire::Finish(_)) => Ok(Message::Finish),
        None => Err(Problem::new(Kind::Invalid, "STEP_MISSING", "导入消息为空").into()),
    }
}
