//! One event per record, in order; a follower that does not read costs nobody anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use jiff::civil::Date;
use kit::{Clock, Problem, Shutdown};
use proto::childcare::{InstitutionEvent, InstitutionSnapshot};
use proto::contract::{FeedHead, FollowFeedRequest};
use tonic::Status;
use uuid::Uuid;

use super::{NAME, OLD, ask, bureau, catch_up, database, follower, head, read, record, record_all, seen, some};
use crate::feed::copy::Filter;
use crate::feed::event::{Content, FeedEvent, Stamp};
use crate::feed::follow::CHANNEL;
use crate::feed::{Entry, Feed, Feeds, fill, measure, store};

/// Everything from the first head, which says how far it is, to the second, which says that it is there: number, and the
/// name or nothing.
async fn replayed(bureau: &crate::Bureau) -> Vec<(i64, Option<String>)> {
    let mut stream = ask(bureau, FollowFeedRequest::default()).await;
    let (mut told, mut heads) = (Vec::new(), Vec::new());
    while heads.len() < 2 {
        match some(&mut stream, 1).await.remove(0).open() {
            (stamp, Some(Content::Record(record))) => told.push((stamp.sequence, Some(record.name))),
            (stamp, Some(Content::Removed(_))) => told.push((stamp.sequence, None)),
            (_, Some(Content::Head(head))) => heads.push(i64::try_from(head.sequence).unwrap()),
            (_, None) => panic!("an event without content"),
        }
    }
    let last = head(bureau).await.last_sequence;
    assert_eq!((heads, told.last().unwrap().0), (vec![last, last], last));
    told
}

#[tokio::test]
async fn the_newest_event_of_each_record_stays_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let bureau = bureau(folder.path(), "provider.db").await;
    record_all(&bureau, vec![record(0, "甲"), record(1, "乙"), record(2, "丙")]).await;
    record_all(&bureau, vec![record(0, "甲二"), Entry::removed(record(1, "").id), record(0, "甲三")]).await;
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(replayed(&bureau).await, [(3, name("丙")), (4, None), (5, name("甲三"))]);
    record_all(&bureau, vec![record(1, "乙二")]).await;
    assert_eq!(replayed(&bureau).await, [(3, name("丙")), (5, name("甲三")), (6, name("乙二"))]);
    // What is rolled back leaves no number.
    let mut tx = bureau.db.begin().await.unwrap();
    store::append(&mut tx, NAME, vec![record(3, "丁")], &bureau.clock).await.unwrap();
    drop(tx);
    record_all(&bureau, vec![record(4, "戊")]).await;
    assert_eq!(replayed(&bureau).await.last(), Some(&(7, name("戊"))));
}

#[tokio::test]
async fn what_was_there_before_the_feed_is_filled_in_and_goes_on_where_it_was_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let bureau = bureau(folder.path(), "provider.db").await;
    assert!(!fill::step(&bureau, &OLD).await.unwrap());
    // The service died, and came back; a record changes before it is filled.
    record_all(&bureau, vec![record(9, "新")]).await;
    assert!(!fill::step(&bureau, &OLD).await.unwrap());
    fill::all(&bureau, &[OLD]).await.unwrap();
    assert_eq!(replayed(&bureau).await.len(), 103);
    let before = head(&bureau).await;
    fill::all(&bureau, &[OLD]).await.unwrap();
    assert_eq!(head(&bureau).await, before, "filled once");
    let copy = database(&folder.path().join("copy.db")).await;
    catch_up(&bureau, &follower(&copy)).await;
    assert_eq!(seen(&copy).await.values().filter(|name| *name == "旧").count(), 103);
}

#[tokio::test]
async fn records_that_tell_more_than_before_are_told_anew_and_never_by_an_older_program() {
    let folder = tempfile::tempdir().unwrap();
    let bureau = bureau(folder.path(), "provider.db").await;
    fill::all(&bureau, &[OLD]).await.unwrap();
    let copy = database(&folder.path().join("copy.db")).await;
    let following = follower(&copy);
    catch_up(&bureau, &following).await;
    let grown = |_: &mut kit::Tx, after: Uuid, _: Date, limit: i64| -> super::Records<'_> {
        let after = after.as_u128();
        let last = 103.min(after + limit as u128);
        Box::pin(async move { Ok((after..last).map(|n| record(n, "更详")).collect()) })
    };
    let grown = Feed { name: NAME, version: 2, records: grown };
    // Cut off in its midst, it goes on.
    assert!(!fill::step(&bureau, &grown).await.unwrap());
    fill::all(&bureau, &[grown]).await.unwrap();
    assert_eq!(head(&bureau).await.last_sequence, 206);
    fill::all(&bureau, &[grown, OLD]).await.unwrap();
    assert_eq!(head(&bureau).await.last_sequence, 206);
    catch_up(&bureau, &following).await;
    assert_eq!(seen(&copy).await.values().filter(|name| *name == "更详").count(), 103);
}

#[tokio::test]
async fn a_copy_that_is_complete_lacks_nothing_that_moved_on_while_it_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let bureau = bureau(folder.path(), "provider.db").await;
    measure::fill(&bureau.db, &bureau.clock, NAME, 200).await.unwrap();
    let copy = database(&folder.path().join("copy.db")).await;
    let following = follower(&copy);
    let (request, mut moves) = following.request().await.unwrap();
    let mut stream = ask(&bureau, request).await;
    moves = following.apply(moves, some(&mut stream, 10).await).await.unwrap();
    // More than a page and the channel is still to be read: the 190th record moves behind the head that was told.
    record_all(&bureau, vec![record(189, "后来")]).await;
    for _ in 0..1_000 {
        moves = following.apply(moves, some(&mut stream, 1).await).await.unwrap();
        let names = seen(&copy).await;
        if !names.is_empty() {
            assert_eq!((names.len(), names[&record(189, "").id].as_str()), (200, "后来"));
            return;
        }
    }
    panic!("the copy never becomes the register");
}

#[tokio::test]
async fn what_is_recorded_ahead_holds_from_its_day() {
    let folder = tempfile::tempdir().unwrap();
    let bureau = bureau(folder.path(), "provider.db").await;
    let id = Uuid::from_u128(1).to_string();
    let stretch = |since: &str, name: &str, region: &str, later| InstitutionSnapshot {
        id: id.clone(),
        name: name.into(),
        region: region.into(),
        facts_since: since.into(),
        later,
        ..Default::default()
    };
    let later = vec![stretch("2025-12-01", "乙", "530481", vec![]), stretch("2026-01-01", "丙", "530402001", vec![])];
    let entry = Entry::of(Uuid::from_u128(1), &stretch("2025-03-01", "甲", "530402001", later));
    record_all(&bureau, vec![entry]).await;
    let copy = database(&folder.path().join("copy.db")).await;
    catch_up(&bureau, &follower(&copy)).await;
    // A follower whose clock is behind the source's has the record too.
    for (day, name, within) in [
        ("2025-02-01", "甲", 1),
        ("2025-11-30", "甲", 1),
        ("2025-12-01", "乙", 0),
        ("2025-12-31", "乙", 0),
        ("2026-01-01", "丙", 1),
    ] {
        let clock = Clock::set_to(format!("{day}T02:00:00Z").parse().unwrap());
        let found = read(&copy, &clock, Filter::default(), String::new()).await.records;
        let names: Vec<String> =
            found.iter().map(|copied| copied.record::<InstitutionSnapshot>().unwrap().name).collect();
        assert_eq!(names, [name], "{day}");
        let filter = Filter { region: Some(vec!["530402".into()]), ..Filter::default() };
        assert_eq!(read(&copy, &clock, filter, String::new()).await.records.len(), within, "{day}");
    }
    // The record is told again without what was ahead: nothing of it stays.
    record_all(&bureau, vec![Entry::of(Uuid::from_u128(1), &stretch("2025-03-01", "甲二", "530402001", vec![]))]).await;
    catch_up(&bureau, &follower(&copy)).await;
    let (rows,): (i64,) = copy.read("SELECT CAST(COUNT(*) AS BIGINT) FROM feed_copy").one().await.unwrap();
    assert_eq!(rows, 1);
}

#[tokio::test]
async fn a_follower_that_stops_reading_holds_a_channel_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let bureau = bureau(folder.path(), "provider.db").await;
    measure::fill(&bureau.db, &bureau.clock, NAME, 3_000).await.unwrap();
    let idle = ask(&bureau, FollowFeedRequest::default()).await;
    let replayed = measure::replay::<InstitutionEvent>(&bureau, NAME);
    let count = tokio::time::timeout(Duration::from_secs(20), replayed).await.expect("the other goes on").unwrap();
    assert_eq!(count, 3_000);
    let mut idle = idle.into_inner();
    assert_eq!(idle.len(), CHANNEL, "the channel is full, and nothing more waits");
    record_all(&bureau, vec![record(9_000, "后来")]).await;
    let mut left = 0;
    let everything = async {
        while let Some(Ok(event)) = idle.recv().await {
            left += usize::from(!matches!(event.item, Some(proto::childcare::institution_event::Item::Head(_))));
            if event.sequence == 3_001 {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), everything).await.expect("the last event");
    assert_eq!(left, 3_001, "it has missed nothing");
}

#[tokio::test]
async fn news_wakes_a_follower_and_shutdown_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut bureau = bureau(folder.path(), "provider.db").await;
    let shutdown = Shutdown::new();
    bureau.feeds = Feeds::until(shutdown.clone());
    let nothing: Feed = Feed { records: |_, _, _, _| Box::pin(async { Ok(Vec::new()) }), ..OLD };
    fill::all(&bureau, &[nothing]).await.unwrap();
    let mut stream = ask(&bureau, FollowFeedRequest::default()).await;
    assert!(matches!(some(&mut stream, 1).await.remove(0).open().1, Some(Content::Head(head)) if head.sequence == 0));
    let begin = Instant::now();
    record_all(&bureau, vec![record(0, "甲")]).await;
    assert_eq!(some(&mut stream, 1).await[0].sequence, 1);
    assert!(begin.elapsed() < Duration::from_millis(1_500), "sooner than the next poll");
    some(&mut stream, 1).await;
    shutdown.stop();
    let ended = stream.next().await.unwrap().unwrap_err();
    assert_eq!(kit::Problem::reason_of(&ended), "SHUTTING_DOWN");
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_running_follower_keeps_the_copy_fresh() {
    let folder = tempfile::tempdir().unwrap();
    let bureau = bureau(folder.path(), "provider.db").await;
    measure::fill(&bureau.db, &bureau.clock, NAME, 1_000).await.unwrap();
    let copy = database(&folder.path().join("copy.db")).await;
    let following = follower(&copy);
    let (watched, shutdown) = (following.clone(), following.shutdown.clone());
    let provider = bureau.clone();
    let running = tokio::spawn(following.run(move |request| {
        let provider = provider.clone();
        async move {
            crate::feed::follow::follow::<InstitutionEvent>(&provider, NAME, request.into_inner(), None)
                .await
                .map_err(Into::into)
        }
    }));
    let reached = |sequence: i64| {
        let watched = watched.clone();
        async move {
            loop {
                let found = watched.position().await.unwrap();
                if found.sequence == sequence && found.behind() == 0 && found.generation == 1 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reached(1_000)).await.unwrap();
    record_all(&bureau, vec![record(5, "改名")]).await;
    tokio::time::timeout(Duration::from_secs(20), reached(1_001)).await.unwrap();
    assert_eq!(seen(&copy).await[&record(5, "").id], "改名");
    shutdown.stop();
    running.await.unwrap();
}

/// Runs a follower for a while against a source that answers every call with these, and counts the calls.
async fn asked(
    following: &crate::feed::copy::Follower,
    answer: impl Fn() -> Vec<Result<InstitutionEvent, Status>>,
) -> usize {
    let calls = Arc::new(AtomicUsize::new(0));
    let running = following.clone().run(|_| {
        calls.fetch_add(1, Ordering::Relaxed);
        let answer = answer();
        async move { Ok(futures::stream::iter(answer)) }
    });
    let _ = tokio::time::timeout(Duration::from_millis(1_500), running).await;
    calls.load(Ordering::Relaxed)
}

#[tokio::test]
async fn a_source_that_breaks_after_its_head_is_not_stormed() {
    let folder = tempfile::tempdir().unwrap();
    let copy = database(&folder.path().join("copy.db")).await;
    let head = FeedHead { stream_id: Uuid::from_u128(7).to_string(), sequence: 3, at_micros: 1 };
    let answer = || {
        let head = InstitutionEvent::seal(Stamp::default(), Content::Head(head.clone()));
        vec![Ok(head), Err(Status::internal("坏"))]
    };
    // Pauses of at least 50, 100, 200, 400 and 800 ms lie between.
    let calls = asked(&follower(&copy), answer).await;
    assert!((2..=5).contains(&calls), "{calls}");
}

#[tokio::test]
async fn a_refusal_is_kept_until_the_source_is_heard_again() {
    let folder = tempfile::tempdir().unwrap();
    let copy = database(&folder.path().join("copy.db")).await;
    let following = follower(&copy);
    let refused = || vec![Err(Problem::forbidden("ACCESS_RIGHT_ENDED", "此项共享授权已终止或到期").into())];
    assert_eq!(asked(&following, refused).await, 1, "not asked again soon");
    assert_eq!(following.position().await.unwrap().trouble, "此项共享授权已终止或到期（ACCESS_RIGHT_ENDED）");
    assert_eq!(super::freshness(&copy).await.words, "来源拒绝提供数据");
    let bureau = bureau(folder.path(), "provider.db").await;
    record_all(&bureau, vec![record(0, "甲")]).await;
    catch_up(&bureau, &following).await;
    assert_eq!(following.position().await.unwrap().trouble, "");
    assert_eq!(super::freshness(&copy).await.words, "同步");
}
