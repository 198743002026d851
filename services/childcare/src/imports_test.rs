//! Imports on a real database: what rows turn out to be, batches sent twice, previews that leave nothing.

use proto::contract::{ImportAcknowledgement, ImportCounts, ImportMode};
use registry::imports::stream::Step;

use crate::testing::{Answers, batch, bureau, class, institution, start, uscc};

fn taken(answers: Answers) -> Vec<ImportAcknowledgement> {
    answers.into_iter().map(|answer| answer.unwrap()).collect()
}

fn reasons(answer: &ImportAcknowledgement) -> Vec<(u64, &str, bool)> {
    answer.faults.iter().map(|fault| (fault.row, fault.reason.as_str(), fault.conflict)).collect()
}

fn refusal(answers: Answers) -> String {
    kit::Problem::reason_of(&answers.into_iter().find_map(Result::err).unwrap())
}

use ImportMode::{Commit, Preview};

#[tokio::test]
async fn rows_are_new_changed_unchanged_in_conflict_or_twice() {
    let fixture = bureau("2025-11-05").await;
    let rows = vec![
        institution(1, "甲"),
        institution(2, "乙"),
        institution(2, "乙的另一行"),
        proto::childcare::InstitutionRow { uscc: "52530402MJ00000020".into(), ..institution(3, "丙") },
        proto::childcare::InstitutionRow { region: "530403".into(), ..institution(4, "丁") },
        proto::childcare::InstitutionRow { uscc: String::new(), ..institution(5, "戊") },
        proto::childcare::InstitutionRow { region: "玉兴街道".into(), ..institution(6, "己") },
    ];
    let answers = taken(
        fixture
            .institutions(vec![Step::Start(start(1, Commit, "2025-11-05", false)), batch(1, rows), Step::Finish])
            .await,
    );
    assert_eq!(answers[0].batch, 0);
    let totals = ImportCounts { added: 3, conflicting: 1, rejected: 3, ..Default::default() };
    assert_eq!(answers[1].totals, Some(totals));
    assert_eq!(
        reasons(&answers[1]),
        [
            (4, "ROW_DUPLICATE", true),
            (5, "USCC_CHECK_DIGIT", false),
            (6, "REGION_OUTSIDE_IMPORT", false),
            (7, "USCC_MISSING", false)
        ]
    );
    assert!(answers[2].finished);

    // The same facts later are nothing new; a change earlier than what is known is a conflict; a name without its
    // code means the known institution; another code under a known name is a conflict.
    let renamed = proto::childcare::InstitutionRow { address: "新址".into(), ..institution(1, "甲") };
    let rows = vec![
        renamed.clone(),
        institution(2, "乙"),
        proto::childcare::InstitutionRow {
            uscc: String::new(),
            parent_org_uscc: uscc(2),
            reason_no_uscc: "幼儿园托班".into(),
            ..institution(6, "己")
        },
        institution(9, "乙"),
    ];
    let answers =
        taken(fixture.institutions(vec![Step::Start(start(2, Commit, "2025-11-05", false)), batch(1, rows)]).await);
    assert_eq!(reasons(&answers[1]), [(5, "ROW_DUPLICATE", true)]);
    let totals = ImportCounts { changed: 2, unchanged: 1, conflicting: 1, ..Default::default() };
    assert_eq!(answers[1].totals, Some(totals));

    let other = proto::childcare::InstitutionRow { address: "旧址".into(), ..renamed };
    let rows = vec![other, institution(9, "乙")];
    let answers =
        taken(fixture.institutions(vec![Step::Start(start(3, Commit, "2025-10-01", false)), batch(1, rows)]).await);
    assert_eq!(reasons(&answers[1]), [(2, "FACT_LATER_EXISTS", true), (3, "USCC_DIFFERS", true)]);
    assert_eq!(fixture.count("institution").await, 3);
    assert_eq!(fixture.count("institution_facts").await, 5);
}

#[tokio::test]
async fn a_batch_sent_twice_is_answered_as_the_first_time_and_applied_once() {
    let fixture = bureau("2025-11-05").await;
    let begin = || Step::Start(start(1, Commit, "2025-11-05", true));
    let first = || batch(1, vec![institution(1, "甲"), institution(1, "甲")]);
    let second = || batch(2, vec![institution(1, "甲"), institution(2, "乙")]);
    let once = taken(fixture.institutions(vec![begin(), first(), second()]).await);
    assert_eq!(reasons(&once[2]), [(2, "ROW_DUPLICATE", true)]);
    let again = taken(fixture.institutions(vec![begin(), first(), second(), Step::Finish, Step::Finish]).await);
    assert_eq!((again[0].batch, again[0].totals), (2, once[2].totals));
    assert_eq!(again[1..3], once[1..3]);
    assert_eq!(again[3], again[4]);
    assert_eq!(fixture.count("institution").await, 2);
    assert_eq!(fixture.count("record_history").await, 2);
    assert_eq!(fixture.count("import_key").await, 0);

    assert_eq!(refusal(fixture.institutions(vec![begin(), batch(3, vec![])]).await), "IMPORT_FINISHED");
    let changed = proto::contract::ImportStart { file_digest: "other".into(), ..start(1, Commit, "2025-11-05", true) };
    assert_eq!(refusal(fixture.institutions(vec![Step::Start(changed)]).await), "IMPORT_FILE_CHANGED");
    let begin = || Step::Start(start(2, Commit, "2025-11-05", true));
    assert_eq!(refusal(fixture.institutions(vec![begin(), batch(2, vec![])]).await), "BATCH_OUT_OF_ORDER");
    let many = vec![institution(1, "甲"); 2001];
    assert_eq!(refusal(fixture.institutions(vec![begin(), batch(1, many)]).await), "BATCH_TOO_LARGE");
    assert_eq!(refusal(fixture.institutions(vec![batch(1, vec![])]).await), "IMPORT_NOT_STARTED");
    assert_eq!(
        refusal(fixture.classes(vec![Step::Start(start(2, Commit, "2025-11-05", true))]).await),
        "IMPORT_TERMS_CHANGED"
    );
}

#[tokio::test]
async fn a_preview_counts_alike_and_leaves_nothing() {
    let fixture = bureau("2025-11-05").await;
    fixture
        .institutions(vec![
            Step::Start(start(1, Commit, "2025-11-05", false)),
            batch(1, vec![institution(1, "甲"), institution(2, "乙")]),
        ])
        .await;
    let before = (fixture.count("institution_facts").await, fixture.count("record_history").await);
    let steps = |id, mode| {
        vec![
            Step::Start(start(id, mode, "2025-11-06", true)),
            batch(1, vec![institution(1, "甲改名"), institution(3, "丙")]),
            batch(2, vec![institution(3, "丙")]),
            Step::Finish,
        ]
    };
    let preview = taken(fixture.institutions(steps(2, Preview)).await);
    assert_eq!((fixture.count("institution_facts").await, fixture.count("record_history").await), before);
    let commit = taken(fixture.institutions(steps(3, Commit)).await);
    for (previewed, committed) in preview.iter().zip(&commit) {
        assert_eq!(
            (previewed.totals, &previewed.faults, &previewed.disappeared),
            (committed.totals, &committed.faults, &committed.disappeared)
        );
    }
    assert_eq!(commit[3].disappeared, ["乙"]);
    let totals = ImportCounts { added: 1, changed: 1, disappeared: 1, conflicting: 1, ..Default::default() };
    assert_eq!(commit[3].totals, Some(totals));
    assert_eq!(fixture.count("institution").await, 3);
}

#[tokio::test]
async fn classes_find_their_institution_and_keep_to_their_caps() {
    let fixture = bureau("2025-11-05").await;
    let point = proto::childcare::InstitutionRow {
        kind: proto::childcare::InstitutionKind::FamilyPoint as i32,
        ..institution(2, "小点")
    };
    fixture
        .institutions(vec![
            Step::Start(start(1, Commit, "2025-11-05", false)),
            batch(1, vec![institution(1, "甲"), point]),
        ])
        .await;
    let rows = vec![
        class("甲", "托大一班", 20),
        class("甲", "托大二班", 21),
        class("无名", "一班", 5),
        class("小点", "一班", 3),
        class("小点", "二班", 3),
        class("甲", "托大一班", 18),
        class("甲", "", 0),
    ];
    let answers = taken(
        fixture.classes(vec![Step::Start(start(2, Commit, "2025-11-05", true)), batch(1, rows), Step::Finish]).await,
    );
    assert_eq!(
        reasons(&answers[1]),
        [
            (3, "CLASS_ABOVE_CAP", false),
            (4, "INSTITUTION_UNKNOWN", false),
            (6, "FAMILY_POINT_ABOVE_CAP", false),
            (7, "ROW_DUPLICATE", true),
            (8, "FIELD_MISSING", false),
            (8, "PLACES_TOO_FEW", false)
        ]
    );
    let totals = ImportCounts { added: 2, conflicting: 1, rejected: 4, ..Default::default() };
    assert_eq!(answers[2].totals, Some(totals));
    let answers = taken(
        fixture
            .classes(vec![
                Step::Start(start(3, Commit, "2025-11-05", true)),
                batch(1, vec![class("甲", "托大一班", 18)]),
                Step::Finish,
            ])
            .await,
    );
    assert_eq!(answers[2].totals, Some(ImportCounts { changed: 1, disappeared: 1, ..Default::default() }));
    assert_eq!(answers[2].disappeared, ["小点 一班"]);
}
