//! What people write about a right.

use proto::trust as wire;

use super::state::Act;
use super::tests::{door, person, said, wanted};

#[tokio::test]
async fn what_people_write_about_a_right_names_nobody() {
    let door = door().await;
    let reason = |answer: kit::Result<wire::AccessRight>| {
        let problem = answer.unwrap_err();
        assert!(!problem.to_string().contains("0000"), "the refusal does not repeat it");
        problem.reason
    };
    let basis = |basis: &str| wire::ApplyAccessRightRequest { basis: basis.into(), ..wanted("津贴核发", &[]) };
    let apply = async |text: &str| reason(door.service.apply(&person("a"), basis(text)).await);
    assert_eq!(apply("应+8613800001234要求").await, "PERSONAL_DATA_IN_TEXT");
    assert_eq!(apply(" ").await, "FIELD_MISSING");
    assert_eq!(apply(&"长".repeat(2_001)).await, "TEXT_TOO_LONG");
    let right = door.service.apply(&person("a"), basis("津贴发放办法")).await.unwrap();
    let check = door.service.judge(&person("b"), said(&right.id, "问过13800001234"), Act::Check).await;
    assert_eq!(reason(check), "PERSONAL_DATA_IN_TEXT");
    let grant = wire::GrantAccessRightRequest {
        id: right.id.clone(),
        catalogue_number: "530400-MZ-0001".into(),
        authorisation_number: "玉数授〔2026〕1号".into(),
        reason: String::new(),
    };
    let personal = "13800001234".to_owned();
    for grant in [
        wire::GrantAccessRightRequest { catalogue_number: personal.clone(), ..grant.clone() },
        wire::GrantAccessRightRequest { authorisation_number: personal.clone(), ..grant.clone() },
        wire::GrantAccessRightRequest { reason: personal, ..grant },
    ] {
        assert_eq!(reason(door.service.grant(&person("b"), grant).await), "PERSONAL_DATA_IN_TEXT");
    }
    assert_eq!(door.service.get(&right.id).await.unwrap().history.len(), 1, "nothing of it is on record");
}
