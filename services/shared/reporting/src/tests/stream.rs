//! The stream over SQLite: what is published once, restored backups, following.

use proto::reporting::follow_response::Item;
use proto::reporting::publication::Body;
use proto::reporting::{Envelope, Observation, PublicationKind};

use super::{Bench, CITY, COUNTY, bench, open, opened, whole_stream};
use crate::Desk;
use crate::publication::follow::Position;
use crate::publication::issue::sha256;
use crate::publication::store as stream;

#[tokio::test]
async fn documents_and_printed_figures_are_published_when_they_change() {
    let Bench { dir: _dir, desk, .. } = bench().await;
    let printed = |value| {
        vec![Observation {
            element: "childcare.children.enrolled".into(),
            region: CITY.into(),
            period: "2022".into(),
            value: Some(value),
            source: "实施方案".into(),
            ..Observation::default()
        }]
    };
    for _ in 0..2 {
        desk.publish_document("plan", "yuxi-2023", "方案", b"{}".to_vec()).await.unwrap();
        desk.publish_printed(PublicationKind::Plan, "方案所载", printed(1915)).await.unwrap();
    }
    desk.publish_document("plan", "yuxi-2023", "方案", b"{1}".to_vec()).await.unwrap();
    desk.publish_printed(PublicationKind::Plan, "方案所载", printed(1916)).await.unwrap();
    let all = whole_stream(&desk).await;
    assert_eq!(all.len(), 4);
    let Some(Body::Figures(figures)) = &all[3].body else { panic!("figures") };
    assert_eq!((all[3].kind(), figures.regions[0].revision), (PublicationKind::Plan, 2));
}

#[tokio::test]
async fn no_envelope_is_made_of_a_figure_below_a_county() {
    let Bench { dir: _dir, desk, .. } = bench().await;
    let printed = |region: &str| {
        vec![Observation {
            element: "childcare.children.enrolled".into(),
            region: region.into(),
            period: "2022".into(),
            value: Some(3),
            source: "实施方案".into(),
            ..Observation::default()
        }]
    };
    let refused = desk.publish_printed(PublicationKind::Plan, "方案所载", printed("530402001")).await.unwrap_err();
    assert_eq!(refused.reason, "REGION_TOO_SMALL");
    assert!(whole_stream(&desk).await.is_empty());
    desk.publish_printed(PublicationKind::Plan, "方案所载", printed(COUNTY)).await.unwrap();
    assert_eq!(whole_stream(&desk).await.len(), 1);
}

#[tokio::test]
async fn a_restored_backup_begins_a_new_stream_with_everything() {
    let Bench { dir, desk, register, clock } = bench().await;
    let document = async |desk: &Desk, text: &str| {
        desk.publish_document("plan", "p", "方案", text.as_bytes().to_vec()).await.unwrap();
    };
    document(&desk, "1").await;
    document(&desk, "2").await;
    let (file, copy) = (dir.path().join("childcare.db"), dir.path().join("backup.db"));
    desk.db.close().await;
    std::fs::copy(&file, &copy).unwrap();

    // A restart finds its stream again.
    let desk = open(dir.path(), &clock, register.clone()).await;
    let old = stream::current(&desk.db).await.unwrap();
    document(&desk, "3").await;
    desk.db.close().await;
    let _ = std::fs::remove_file(dir.path().join("childcare.db-wal"));
    let _ = std::fs::remove_file(dir.path().join("childcare.db-shm"));
    std::fs::copy(&copy, &file).unwrap();

    let desk = open(dir.path(), &clock, register.clone()).await;
    let head = stream::current(&desk.db).await.unwrap();
    assert_ne!(head.stream_id, old.stream_id);
    assert_eq!((head.number, head.last_sequence), (2, 2));
    assert!(whole_stream(&desk).await.iter().all(|publication| publication.reason == "恢复自备份"));
    let position = Position { stream_id: old.stream_id.to_string(), after_sequence: 2, after_hash: old.last_hash };
    assert_eq!(desk.follow(position).await.unwrap_err().reason, "STREAM_DIVERGED");
    document(&desk, "2").await;
    document(&desk, "4").await;
    assert_eq!(whole_stream(&desk).await.len(), 3);
    desk.db.close().await;
    let desk = open(dir.path(), &clock, register).await;
    assert_eq!(stream::current(&desk.db).await.unwrap().stream_id, head.stream_id);
}

#[tokio::test]
async fn a_follower_replays_then_hears_what_is_new() {
    let Bench { dir: _dir, desk, .. } = bench().await;
    let shutdown = kit::Shutdown::new();
    let desk = desk.until(shutdown.clone());
    for number in 0..205 {
        desk.publish_document("plan", "p", "方案", vec![number]).await.unwrap();
    }
    let mut stream = desk.follow(Position::default()).await.unwrap();
    let mut last = Envelope::default();
    for sequence in 1..=205u64 {
        let Some(Item::Envelope(envelope)) = stream.recv().await.unwrap().unwrap().item else { panic!("envelope") };
        assert_eq!(opened(&envelope).sequence, sequence);
        last = envelope;
    }
    let Some(Item::Head(head)) = stream.recv().await.unwrap().unwrap().item else { panic!("head") };
    assert_eq!(head.sequence, 205);
    desk.publish_document("plan", "p", "方案", b"new".to_vec()).await.unwrap();
    let Some(Item::Envelope(envelope)) = stream.recv().await.unwrap().unwrap().item else { panic!("envelope") };
    assert_eq!(opened(&envelope).previous_hash, sha256(&last.payload));

    // Resuming needs a position that the stream really has.
    let known = Position { stream_id: head.stream_id, after_sequence: 205, after_hash: sha256(&last.payload) };
    let mut resumed = desk.follow(known.clone()).await.unwrap();
    let Some(Item::Envelope(next)) = resumed.recv().await.unwrap().unwrap().item else { panic!("envelope") };
    assert_eq!(next, envelope);
    for wrong in [
        Position { after_sequence: 207, ..known.clone() },
        Position { after_hash: vec![0; 32], ..known.clone() },
        Position { stream_id: String::new(), ..known.clone() },
    ] {
        assert_eq!(desk.follow(wrong).await.unwrap_err().reason, "STREAM_DIVERGED");
    }
    shutdown.stop();
    while let Some(item) = stream.recv().await {
        if let Err(status) = item {
            assert_eq!(status.code(), tonic::Code::Unavailable);
        }
    }
}
