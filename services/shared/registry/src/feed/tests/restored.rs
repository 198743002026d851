//! A database from a backup gives the same numbers to other events: a position proves itself, and a copy of what is lost
//! stays until a fresh one is complete.

use std::path::Path;

use kit::{Db, Problem};
use proto::childcare::InstitutionEvent;
use proto::contract::FollowFeedRequest;

use super::{NAME, ask, bureau, catch_up, database, follower, freshness, head, record, record_all, seen, some};
use crate::Bureau;
use crate::feed::copy::State;
use crate::feed::follow::follow;

async fn refused(bureau: &Bureau, request: FollowFeedRequest) -> Problem {
    match follow::<InstitutionEvent>(bureau, NAME, request, None).await {
        Ok(_) => panic!("followed"),
        Err(problem) => problem,
    }
}

#[tokio::test]
async fn a_position_that_the_stream_does_not_have_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bureau = bureau(folder.path(), "provider.db").await;
    record_all(&bureau, vec![record(0, "甲"), record(1, "乙")]).await;
    record_all(&bureau, vec![record(0, "甲二")]).await;
    let mut stream = ask(&bureau, FollowFeedRequest::default()).await;
    let events = some(&mut stream, 3).await;
    let (first, second) = (events[1].batch.clone(), events[2].batch.clone());
    let known = head(&bureau).await.stream_id.to_string();
    let at = |stream_id: &str, after_sequence, after_batch: &[u8]| FollowFeedRequest {
        stream_id: stream_id.to_owned(),
        after_sequence,
        after_batch: after_batch.to_vec(),
    };
    for request in [
        at(&known, 4, &second),
        at("", 1, &first),
        at("other", 0, &[]),
        at(&known, u64::MAX, &second),
        at(&known, 2, &second),
        at(&known, 3, &first),
        at(&known, 3, &[]),
    ] {
        assert_eq!(refused(&bureau, request.clone()).await.reason, "FEED_RESET", "{request:?}");
    }
    // The first event of a batch is there no more, and its number still proves itself.
    for request in [at(&known, 0, &[]), at(&known, 1, &first), at(&known, 2, &first), at(&known, 3, &second)] {
        ask(&bureau, request).await;
    }
}

/// The database as it is now, under another name.
async fn backed_up(bureau: &Bureau, folder: &Path) {
    bureau.db.close().await;
    std::fs::copy(folder.join("provider.db"), folder.join("backup.db")).unwrap();
}

#[tokio::test]
async fn a_restart_keeps_positions_and_a_restored_backup_those_that_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let first = bureau(path, "provider.db").await;
    record_all(&first, (0..40).map(|n| record(n, "旧")).collect()).await;
    let early = database(&path.join("early.db")).await;
    catch_up(&first, &follower(&early)).await;
    backed_up(&first, path).await;

    let again = bureau(path, "provider.db").await;
    record_all(&again, vec![record(0, "丢失的"), record(99, "丢失的新")]).await;
    let copy = database(&path.join("copy.db")).await;
    let following = follower(&copy);
    catch_up(&again, &following).await;
    assert_eq!(seen(&copy).await.len(), 41);
    again.db.close().await;

    // The backup gives the lost numbers to other changes, and more of them than were lost.
    let restored = bureau(path, "backup.db").await;
    record_all(&restored, (1..8).map(|n| record(n, "新")).collect()).await;
    let (request, moves) = following.request().await.unwrap();
    assert_eq!(refused(&restored, request).await.reason, "FEED_RESET");
    // What was read before the backup is as good as ever.
    catch_up(&restored, &follower(&early)).await;
    assert_eq!(seen(&early).await.values().filter(|name| *name == "新").count(), 7);

    following.begin_again(moves).await.unwrap();
    let (request, moves) = following.request().await.unwrap();
    let mut stream = ask(&restored, request).await;
    following.apply(moves, some(&mut stream, 20).await).await.unwrap();
    let before = seen(&copy).await;
    assert_eq!(before.len(), 41, "readers see the old copy while the fresh one grows");
    assert!(before.values().all(|name| name != "新"));
    assert_eq!(following.position().await.unwrap().state, State::Copying);
    assert_eq!(freshness(&copy).await.words, "正在重新复制，以下为原副本");
    // It dies, comes back, and ends.
    catch_up(&restored, &following).await;
    let after = seen(&copy).await;
    assert_eq!((after.len(), after.values().filter(|name| *name == "新").count()), (40, 7));
    assert!(after.values().all(|name| !name.starts_with("丢失")));
    assert_eq!(freshness(&copy).await.words, "同步");
    let (rows,): (i64,) = copy.read("SELECT CAST(COUNT(*) AS BIGINT) FROM feed_copy").one().await.unwrap();
    assert_eq!(rows, 40, "the old copy is gone");
}

/// Puts the database back to where it stood at a number, as a restore of PostgreSQL or a standby that lags does under a
/// process that goes on.
async fn put_back(db: &Db, to: i64) {
    let mut tx = db.begin().await.unwrap();
    for sql in [
        "DELETE FROM feed_event WHERE feed = $1 AND sequence > $2",
        "DELETE FROM feed_batch WHERE feed = $1 AND last_sequence > $2",
        "UPDATE feed SET last_sequence = $2 WHERE name = $1",
    ] {
        tx.query(sql).bind(NAME).bind(to).execute().await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_database_put_back_under_a_living_process_resets_its_followers() {
    let folder = tempfile::tempdir().unwrap();
    let bureau = bureau(folder.path(), "provider.db").await;
    record_all(&bureau, vec![record(0, "甲")]).await;
    record_all(&bureau, vec![record(1, "乙")]).await;
    for instead in [vec![], vec![record(2, "丙")], vec![record(2, "丙"), record(3, "丁")]] {
        let last = head(&bureau).await.last_sequence;
        let mut stream = ask(&bureau, FollowFeedRequest::default()).await;
        while some(&mut stream, 1).await[0].sequence < u64::try_from(last).unwrap() {}
        some(&mut stream, 1).await;
        put_back(&bureau.db, 1).await;
        record_all(&bureau, instead).await;
        let next = tokio::time::timeout(std::time::Duration::from_secs(10), futures::StreamExt::next(&mut stream));
        let ended = next.await.expect("the next poll sees it").unwrap().unwrap_err();
        assert_eq!(Problem::reason_of(&ended), "FEED_RESET");
        record_all(&bureau, vec![record(1, "乙")]).await;
    }
}
