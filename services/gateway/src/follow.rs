//! Following one bureau: ask for everything after the position, verify, store, then show. A bureau that is down makes
//! its figures stale and nothing else; one whose stream no longer fits stands still until an operator resyncs.

#[cfg(test)]
mod simulation;

use std::time::Duration;

use kit::{Problem, Result, Shutdown, retry};
use proto::reporting::follow_response::Item;
use proto::reporting::publication_service_client::PublicationServiceClient;
use proto::reporting::{Envelope, FollowRequest};
use tonic::transport::Channel;

use crate::arrival::{next_in_chain, payload_hash};
use crate::state::{Link, State};
use crate::store::{self, Position};

/// A bureau sends a sign of life every five seconds; three missed ones mean it is not there.
const SILENCE: Duration = Duration::from_secs(16);

/// Largest envelope taken; the default of 4 MiB is too small for a plan with its edition.
const LARGEST: usize = 64 << 20;

/// Follows until shutdown.
pub async fn follow(state: State, bureau: String, channel: Channel, shutdown: Shutdown) {
    let mut pause = Duration::from_millis(100);
    loop {
        let ended = tokio::select! {
            () = shutdown.asked() => return,
            ended = once(&state, &bureau, channel.clone(), &mut pause) => ended,
        };
        match ended {
            Err(End::Diverged(problem)) => {
                tracing::error!(%bureau, reason = problem.reason, "stream diverged");
                if let Err(problem) = diverge(&state, &bureau, &problem).await {
                    tracing::error!(%bureau, %problem, "cannot record divergence");
                }
                // Nothing to do until an operator accepts the new stream.
                tokio::select! {
                    () = shutdown.asked() => return,
                    () = state.resynced(&bureau) => pause = Duration::from_millis(100),
                }
            }
            Err(End::Gone(cause)) => {
                tracing::info!(%bureau, %cause, "bureau not reachable");
                state.set_link(&bureau, |link| link.lost(state.clock().micros(), cause));
                tokio::select! {
                    () = shutdown.asked() => return,
                    () = tokio::time::sleep(pause) => {}
                }
                pause = (pause * 2).min(Duration::from_secs(3));
            }
            Ok(()) => {}
        }
    }
}

/// Why following ended.
enum End {
    /// The bureau does not answer; its figures stay, stale.
    Gone(String),
    /// What it says does not fit what it said before.
    Diverged(Problem),
}

async fn once(state: &State, bureau: &str, channel: Channel, pause: &mut Duration) -> std::result::Result<(), End> {
    let gone = |cause: &dyn std::fmt::Display| End::Gone(cause.to_string());
    let position = store::position(state.db(), bureau).await.map_err(|problem| gone(&problem))?;
    if let Some(position) = position.as_ref().filter(|position| !position.diverged.is_empty()) {
        return Err(End::Diverged(Problem::state("STREAM_DIVERGED", position.diverged.clone())));
    }
    let request = position.map_or_else(FollowRequest::default, |position| FollowRequest {
        stream_id: position.stream_id,
        after_sequence: position.sequence as u64,
        after_hash: position.hash.into(),
    });
    let mut client = PublicationServiceClient::new(channel).max_decoding_message_size(LARGEST);
    let mut stream = match tokio::time::timeout(SILENCE, client.follow(request)).await {
        Err(_) => return Err(End::Gone("连接超时".to_owned())),
        Ok(Err(status)) if Problem::reason_of(&status) == "STREAM_DIVERGED" => {
            return Err(End::Diverged(Problem::state("STREAM_DIVERGED", status.message().to_owned())));
        }
        Ok(Err(status)) => return Err(gone(&status.message())),
        Ok(Ok(response)) => response.into_inner(),
    };
    loop {
        let item = match tokio::time::timeout(SILENCE, stream.message()).await {
            Err(_) => return Err(End::Gone("长时间没有音讯".to_owned())),
            Ok(Err(status)) => return Err(gone(&status.message())),
            Ok(Ok(None)) => return Err(End::Gone("对方关闭了连接".to_owned())),
            Ok(Ok(Some(response))) => response.item,
        };
        *pause = Duration::from_millis(100);
        match item {
            Some(Item::Envelope(envelope)) => match accept(state, bureau, &envelope).await {
                Ok(()) => {}
                Err(problem) if problem.kind == kit::Kind::State => return Err(End::Diverged(problem)),
                Err(problem) => return Err(gone(&problem)),
            },
            Some(Item::Head(head)) => state.set_link(bureau, |link| {
                link.heard(state.clock().micros());
                link.stream_id = head.stream_id;
            }),
            None => {}
        }
    }
}

/// Verifies, stores (envelope and position in one transaction) and shows one envelope.
pub async fn accept(state: &State, bureau: &str, envelope: &Envelope) -> Result<()> {
    let publication = state.customs().open(bureau, envelope)?;
    let position = store::position(state.db(), bureau).await?;
    if let Some(position) = &position
        && publication.stream_id == position.stream_id
        && publication.sequence <= position.sequence as u64
    {
        return repeated(state, bureau, position, &publication, envelope).await;
    }
    next_in_chain(position.as_ref(), &publication)?;
    let now = state.clock().micros();
    let position = Position {
        bureau: bureau.to_owned(),
        stream_id: publication.stream_id.clone(),
        sequence: publication.sequence as i64,
        hash: payload_hash(envelope),
        published_at: publication.published_at_micros,
        last_contact: now,
        diverged: String::new(),
    };
    if let Err(problem) = state.cube_mut(|cube| cube.take(&publication)) {
        // Half of it may be in: build the cube from what is stored, and stand still before this envelope.
        state.reload().await?;
        return Err(Problem::state(problem.reason, problem.message));
    }
    let stored = retry(async || {
        let mut tx = state.db().begin().await?;
        store::insert_envelope(&mut tx, bureau, &position.stream_id, position.sequence, now, envelope).await?;
        store::save_position(&mut tx, &position).await?;
        tx.commit().await
    })
    .await;
    if let Err(problem) = stored {
        // The cube is ahead of the store: load it again from what is durable.
        state.reload().await?;
        return Err(problem);
    }
    state.set_link(bureau, |link| {
        link.heard(now);
        link.stream_id = position.stream_id.clone();
        link.sequence = position.sequence as u64;
    });
    Ok(())
}

/// An envelope that came again is fine when it is the same one, and proof of a rewritten history when it is not.
async fn repeated(
    state: &State,
    bureau: &str,
    position: &Position,
    publication: &proto::reporting::Publication,
    envelope: &Envelope,
) -> Result<()> {
    let known = store::envelope(state.db(), bureau, &position.stream_id, publication.sequence as i64).await?;
    if known.is_some_and(|known| known.payload == envelope.payload) {
        return Ok(());
    }
    Err(Problem::state("CHAIN_BROKEN", format!("第 {} 号与先前收到的内容不同", publication.sequence)))
}

async fn diverge(state: &State, bureau: &str, problem: &Problem) -> Result<()> {
    let cause = format!("{}（{}）", problem.message, problem.reason);
    let now = state.clock().micros();
    state.set_link(bureau, |link| link.diverge(now, cause.clone()));
    let Some(mut position) = store::position(state.db(), bureau).await? else { return Ok(()) };
    if position.diverged.is_empty() {
        position.diverged = cause;
        retry(async || {
            let mut tx = state.db().begin().await?;
            store::save_position(&mut tx, &position).await?;
            tx.commit().await
        })
        .await?;
    }
    Ok(())
}

/// An operator accepts a bureau's new stream: what was received stays in the store under its old stream id, and the
/// stream is followed from its beginning.
pub async fn resync(state: &State, bureau: &str) -> Result<()> {
    if !state.bureaus().contains(&bureau.to_owned()) {
        return Err(Problem::not_found("BUREAU_UNKNOWN", format!("没有跟随名为“{bureau}”的部门")));
    }
    retry(async || {
        let mut tx = state.db().begin().await?;
        store::delete_position(&mut tx, bureau).await?;
        tx.commit().await
    })
    .await?;
    state.cube_mut(|cube| {
        cube.forget(bureau);
        Ok(())
    })?;
    state.set_link(bureau, Link::forget);
    state.wake(bureau);
    Ok(())
}
