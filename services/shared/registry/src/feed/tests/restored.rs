//! A restored backup begins a new stream; a copy of the old one stays until a fresh one is complete.

use kit::{Problem, Shutdown};
use proto::childcare::InstitutionEvent;
use proto::contract::FollowFeedRequest;

use super::{NAME, OLD, ask, bureau, catch_up, database, follower, record, record_all, seen, some};
use crate::Bureau;
use crate::feed::copy::State;
use crate::feed::copy::store::position;
use crate::feed::follow::follow;
use crate::feed::{Feeds, store};

/// The service starts on this database.
async fn started(folder: &std::path::Path, name: &str) -> Bureau {
    let bureau = bureau(folder, name).await;
    let feeds = Feeds::open(folder, &bureau.db, &bureau.clock, &[OLD], Shutdown::new()).await.unwrap();
    Bureau { feeds, ..bureau }
}

async fn refused(bureau: &Bureau, request: FollowFeedRequest) -> Problem {
    match follow::<InstitutionEvent>(bureau, NAME, request, None).await {
        Ok(_) => panic!("followed"),
        Err(problem) => problem,
    }
}

#[tokio::test]
async fn a_position_that_the_stream_does_not_have_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bureau = started(folder.path(), "provider.db").await;
    record_all(&bureau, vec![record(0, "甲")]).await;
    let stream_id = store::head(&bureau.db, NAME).await.unwrap().stream_id.to_string();
    for (stream_id, after_sequence) in [(stream_id.as_str(), 2), ("", 1), ("other", 0), (&stream_id, u64::MAX)] {
        let request = FollowFeedRequest { stream_id: stream_id.to_owned(), after_sequence };
        assert_eq!(refused(&bureau, request).await.reason, "FEED_RESET");
    }
    ask(&bureau, FollowFeedRequest { stream_id, after_sequence: 1 }).await;
}

#[tokio::test]
async fn a_restart_keeps_the_stream_and_a_restored_backup_begins_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let bureau = started(path, "provider.db").await;
    record_all(&bureau, (0..40).map(|n| record(n, "旧")).collect()).await;
    let first = store::head(&bureau.db, NAME).await.unwrap();
    let copy = database(&path.join("copy.db")).await;
    let following = follower(&copy);
    catch_up(&bureau, &following).await;
    bureau.db.close().await;
    std::fs::copy(path.join("provider.db"), path.join("backup.db")).unwrap();

    let bureau = started(path, "provider.db").await;
    assert_eq!(store::head(&bureau.db, NAME).await.unwrap(), first, "a restart changes nothing");
    record_all(&bureau, vec![record(0, "丢失的"), record(99, "丢失的新")]).await;
    catch_up(&bureau, &following).await;
    assert_eq!(seen(&copy).await.len(), 41);
    bureau.db.close().await;

    // The backup gives the lost numbers to other changes, and more of them than were lost.
    let bureau = started(path, "backup.db").await;
    let second = store::head(&bureau.db, NAME).await.unwrap();
    assert_ne!(second.stream_id, first.stream_id);
    record_all(&bureau, (1..8).map(|n| record(n, "新")).collect()).await;
    let problem = refused(&bureau, following.request().await.unwrap()).await;
    assert_eq!(problem.reason, "FEED_RESET");

    following.begin_again().await.unwrap();
    let mut stream = ask(&bureau, following.request().await.unwrap()).await;
    following.apply(some(&mut stream, 20).await).await.unwrap();
    let before = seen(&copy).await;
    assert_eq!(before.len(), 41, "readers see the old copy while the fresh one grows");
    assert!(before.values().all(|name| name != "新"));
    assert_eq!(position(&copy, following.which()).await.unwrap().unwrap().state, State::Copying);
    // It dies, comes back, and ends.
    catch_up(&bureau, &following).await;
    let after = seen(&copy).await;
    assert_eq!((after.len(), after.values().filter(|name| *name == "新").count()), (40, 7));
    assert!(after.values().all(|name| !name.starts_with("丢失")));
    let (rows,): (i64,) = copy.read("SELECT CAST(COUNT(*) AS BIGINT) FROM feed_copy").one().await.unwrap();
    assert_eq!(rows, 40, "the old copy is gone");
    bureau.db.close().await;

    let bureau = started(path, "backup.db").await;
    assert_eq!(store::head(&bureau.db, NAME).await.unwrap().stream_id, second.stream_id, "noticed once");
}

#[tokio::test]
async fn what_followers_were_told_is_remembered_before_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let bureau = started(folder.path(), "provider.db").await;
    record_all(&bureau, vec![record(0, "甲")]).await;
    let mut stream = ask(&bureau, FollowFeedRequest::default()).await;
    some(&mut stream, 2).await;
    let file = std::fs::read_to_string(folder.path().join("feeds.toml")).unwrap();
    assert!(file.contains("sequence = 1"), "{file}");
    // A database whose file is lost may have told anything.
    std::fs::remove_file(folder.path().join("feeds.toml")).unwrap();
    let before = store::head(&bureau.db, NAME).await.unwrap();
    bureau.db.close().await;
    let bureau = started(folder.path(), "provider.db").await;
    assert_ne!(store::head(&bureau.db, NAME).await.unwrap().stream_id, before.stream_id);
}
