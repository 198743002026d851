//! The synthetic people of a test, with assertions for them.

use std::path::Path;
use std::time::Duration;

use tonic::metadata::MetadataValue;
use trust::SigningKey;
use trust::users::Users;

/// Finds the seeded user who holds a role in a region at a service.
pub fn user_with(data: &Path, service: &str, role: &str, region: &str) -> trust::users::UserEntry {
    let users = Users::load(&data.join("users.toml")).unwrap_or_else(|problem| panic!("{problem}"));
    users
        .user
        .into_iter()
        .find(|user| {
            user.grant.iter().any(|grant| grant.service == service && grant.role == role && grant.region == region)
        })
        .unwrap_or_else(|| panic!("no {role} for {region} at {service}"))
}

/// A seeded user by id.
pub fn user(data: &Path, id: &str) -> trust::users::UserEntry {
    let users = Users::load(&data.join("users.toml")).unwrap_or_else(|problem| panic!("{problem}"));
    users.user.into_iter().find(|user| user.id == id).unwrap_or_else(|| panic!("no user {id}"))
}

/// An assertion for a user of `users.toml`, issued at `now` (microseconds).
pub fn assertion(data: &Path, user: &trust::users::UserEntry, city: &str, now: i64) -> String {
    let issuer = SigningKey::load_or_create(&data.join("trust/issuer/signing.key")).expect("the issuer's key");
    trust::issue_assertion(&issuer, &user.id, &user.name, &user.unit, city, now, Duration::from_secs(600))
}

/// A request that carries an assertion.
pub fn request<T>(message: T, assertion: &str) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    let value: MetadataValue<_> = assertion.parse().expect("ASCII");
    request.metadata_mut().insert(trust::ASSERTION_HEADER, value);
    request
}

/// The first password of an account, as the set-up wrote it.
pub fn password(data: &Path, id: &str) -> String {
    let text = std::fs::read_to_string(data.join("initial-passwords.toml")).expect("first passwords");
    let line = text.lines().find(|line| {
        line.trim_start_matches('"').starts_with(&format!("{id}\" ")) || line.starts_with(&format!("{id} "))
    });
    let line = line.unwrap_or_else(|| panic!("no account {id}"));
    line.split('"').rev().nth(1).expect("a password").to_owned()
}
