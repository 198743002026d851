//! What people do with cuts: make one, say why a target was not met, keep what is issued.

use std::sync::Arc;

use city::period::Period;
use kit::{Problem, Result, retry};

use super::store::{self, Issued, Reason};
use super::{NamedCut, check_streams, checked_mode, checked_name};
use crate::state::State;

/// Who acts.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    pub id: &'a str,
    pub name: &'a str,
}

/// Characters of a reason, at least and at most.
const REASON: std::ops::RangeInclusive<usize> = 10..=500;

/// Fixes what is known now under a name. NAME_MISSING, NAME_TAKEN, MODE_UNKNOWN, PERIOD_INVALID, CUT_DIVERGED.
pub async fn make(state: &State, name: &str, period: &str, mode: &str, by: By<'_>) -> Result<Arc<NamedCut>> {
    make_of(state, name, period, mode, None, by).await
}

/// The same of what was published by an instant (microseconds), for whoever tells a story after the event.
pub async fn make_of(
    state: &State,
    name: &str,
    period: &str,
    mode: &str,
    published_by: Option<i64>,
    by: By<'_>,
) -> Result<Arc<NamedCut>> {
    let name = checked_name(name)?;
    let mode = checked_mode(mode)?;
    let period: Period = period
        .parse()
        .map_err(|error: city::period::PeriodError| Problem::field("period", "PERIOD_INVALID", error.to_string()))?;
    check_streams(&state.links())?;
    if state.cuts().iter().any(|cut| cut.name == name) {
        return Err(Problem::field("name", "NAME_TAKEN", format!("已有名为“{name}”的定版")));
    }
    let cut = state.cube(|cube| {
        let cut = cube.cut(published_by).in_mode(mode);
        cube.reference(&cut)?;
        Ok(cut)
    })?;
    let named = NamedCut {
        id: state.clock().id(),
        name,
        period,
        cut,
        made_by: by.id.to_owned(),
        made_by_name: by.name.to_owned(),
        made_at: state.clock().micros(),
    };
    retry(async || {
        let mut tx = state.db().begin().await?;
        store::insert(&mut tx, &named).await?;
        tx.commit().await
    })
    .await?;
    state.add_cut(named.clone());
    Ok(Arc::new(named))
}

/// States why a target was not met. REASON_LENGTH.
pub async fn explain(state: &State, cut: &NamedCut, indicator: &str, reason: &str, by: By<'_>) -> Result<()> {
    let reason = reason.trim();
    if !REASON.contains(&reason.chars().count()) {
        let message = format!("未达标原因须为{}至{}字", REASON.start(), REASON.end());
        return Err(Problem::field("reason", "REASON_LENGTH", message));
    }
    let reason = Reason {
        indicator: indicator.to_owned(),
        reason: reason.to_owned(),
        by_name: by.name.to_owned(),
        at: state.clock().micros(),
    };
    retry(async || {
        let mut tx = state.db().begin().await?;
        store::save_reason(&mut tx, cut.id, by.id, &reason).await?;
        tx.commit().await
    })
    .await
}

/// A document on its way out.
#[derive(Clone, Debug)]
pub struct Document {
    pub title: String,
    pub number: String,
    pub media_type: &'static str,
    pub file_name: String,
    pub bytes: Vec<u8>,
}

/// Stores documents of a cut as they are issued; all of them or none.
pub async fn issue(state: &State, cut: &NamedCut, documents: Vec<Document>, by: By<'_>) -> Result<Vec<Issued>> {
    let issued: Vec<(Issued, Vec<u8>)> = documents
        .into_iter()
        .map(|document| {
            let digest = ring::digest::digest(&ring::digest::SHA256, &document.bytes);
            let issued = Issued {
                id: state.clock().id(),
                title: document.title,
                number: document.number,
                media_type: document.media_type.to_owned(),
                file_name: document.file_name,
                sha256: digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect(),
                size: document.bytes.len() as i64,
                issued_by_name: by.name.to_owned(),
                issued_at: state.clock().micros(),
            };
            (issued, document.bytes)
        })
        .collect();
    retry(async || {
        let mut tx = state.db().begin().await?;
        for (one, bytes) in &issued {
            store::issue(&mut tx, cut.id, by.id, one, bytes.clone()).await?;
        }
        tx.commit().await
    })
    .await?;
    Ok(issued.into_iter().map(|(one, _)| one).collect())
}
