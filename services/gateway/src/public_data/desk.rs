//! Issuing public data: once for a cut, in whatever order. What was issued stays, and every later table is made for
//! readers who have it.

use std::sync::Arc;

use city::suppression::series::{Addition, Series};
use kit::{Problem, Result, retry};

use super::store::{self, Files, Issued};
use super::{Made, Name, write};
use crate::cuts::NamedCut;
use crate::cuts::desk::By;
use crate::state::State;

/// Makes and stores both files of a cut. PUBLIC_DATA_ISSUED, PUBLIC_DATA_OVERTAKEN, CUT_STREAM_GONE.
pub(crate) async fn issue(state: &State, cut: &Arc<NamedCut>, by: By<'_>) -> Result<()> {
    if store::issued(state.db(), cut.id).await?.is_some() {
        let message = format!("“{}”的公开数据已经发布，不能再次发布", cut.name);
        return Err(Problem::state("PUBLIC_DATA_ISSUED", message));
    }
    let earlier = store::additions(state.db()).await?;
    let (its_state, its_cut) = (state.clone(), cut.clone());
    // Not on a thread that others wait for.
    let files = tokio::task::spawn_blocking(move || files(&its_state, &its_cut, earlier));
    let files = files.await.map_err(Problem::internal)??;
    let issued = Issued { issued_by_name: by.name.to_owned(), issued_at: state.clock().micros() };
    retry(async || {
        let mut tx = state.db().begin_sequenced(store::LOCK).await?;
        if store::count(&mut tx).await? + 1 != files.number {
            let message = "刚刚发布了另一份公开数据，请重新发布这一份";
            return Err(Problem::state("PUBLIC_DATA_OVERTAKEN", message));
        }
        store::insert(&mut tx, cut.id, &files, by.id, &issued).await?;
        tx.commit().await
    })
    .await
}

fn files(state: &State, cut: &Arc<NamedCut>, earlier: Vec<Addition<Name>>) -> Result<Files> {
    let number = earlier.len() as i64 + 1;
    let mut series = Series::default();
    for addition in earlier {
        if !series.take(addition) {
            return Err(Problem::internal("the issued public data do not follow one another"));
        }
    }
    let synthetic = state.customs().accept_synthetic;
    let Made { table, addition, .. } = state.cube(|cube| super::table(cube, cut, &series, synthetic))?;
    Ok(Files { number, csv: write::csv(&table)?, json: write::json(&table)?, addition })
}
