//! The key file beside the database that it belongs to.

use super::*;

#[tokio::test]
async fn a_database_whose_keys_are_gone_is_not_given_others() {
    let it = fixture().await;
    let (db, clock) = (&it.door.persons.db, &it.door.persons.clock);
    let elsewhere = it.folder.path().join("elsewhere/persons.keys");
    let refused = async |file: &PathBuf| PersonKeys::of(db, file, clock).await.unwrap_err();

    // Nobody is stored: the first key is made.
    let fresh = it.folder.path().join("fresh/persons.keys");
    PersonKeys::of(db, &fresh, clock).await.unwrap();

    it.person("李虚明", 7, "530402001", "9999-12-31").await;
    let used = it.door.persons.keys.current();
    let problem = refused(&elsewhere).await;
    assert_eq!(problem.reason, "PERSON_KEYS_MISSING");
    assert!(problem.message.contains(&used), "{}", problem.message);
    assert!(!elsewhere.exists(), "nothing was made");
    assert_eq!(refused(&fresh).await.reason, "PERSON_KEYS_MISSING", "a file of other keys");

    // The right file, and both in one.
    PersonKeys::of(db, &it.file, clock).await.unwrap();
    let both = format!("{}\n{}", std::fs::read_to_string(&fresh).unwrap(), std::fs::read_to_string(&it.file).unwrap());
    std::fs::write(&fresh, both).unwrap();
    let keys = PersonKeys::of(db, &fresh, clock).await.unwrap();
    assert_eq!((keys.list().len(), keys.current()), (2, used));
}
