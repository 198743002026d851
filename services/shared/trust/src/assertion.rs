//! User assertions: a short-lived statement of who the person is, signed by the issuer and by nobody else. It says
//! nothing about what the person may do.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::{Kind, Problem, Result};
use proto::reporting::{Envelope, Signature};
use serde::{Deserialize, Serialize};

use crate::caller::User;
use crate::dsse::{KeyRing, SigningKey};

/// The metadata key that carries an assertion.
pub const ASSERTION_HEADER: &str = "ylyx-assertion";
/// Key ring owner of the issuer's key.
pub(crate) const ISSUER: &str = "issuer";

const TYPE: &str = "application/vnd.ylyx.assertion.v1+json";
/// No assertion counts for longer, whatever it says itself.
const LONGEST: i64 = 15 * 60 * 1_000_000;
/// Clocks of two machines may differ by so much.
const SKEW: i64 = 30 * 1_000_000;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    sub: String,
    name: String,
    unit: String,
    city: String,
    /// Microseconds.
    iat: i64,
    exp: i64,
}

/// Issues an assertion: `payload.signature.key-id`, in URL-safe base64. `now` in microseconds.
pub fn issue(
    issuer: &SigningKey,
    user_id: &str,
    name: &str,
    unit: &str,
    city: &str,
    now: i64,
    lifetime: Duration,
) -> String {
    let claims = Claims {
        sub: user_id.to_owned(),
        name: name.to_owned(),
        unit: unit.to_owned(),
        city: city.to_owned(),
        iat: now,
        exp: now + i64::try_from(lifetime.as_micros()).unwrap_or(LONGEST).min(LONGEST),
    };
    let payload = serde_json::to_vec(&claims).unwrap_or_default();
    let envelope = issuer.sign(TYPE, payload);
    let signature = envelope.signatures.first().map(|one| one.signature.clone()).unwrap_or_default();
    format!("{}.{}.{}", URL_SAFE_NO_PAD.encode(&envelope.payload), URL_SAFE_NO_PAD.encode(&signature), issuer.key_id())
}

/// Reads an assertion. Reasons: ASSERTION_FORGED, ASSERTION_EXPIRED, ASSERTION_FOREIGN.
pub(crate) fn verify(token: &str, keys: &KeyRing, city: &str, now: i64) -> Result<User> {
    let forged = || refused("ASSERTION_FORGED", "用户凭证签名无效，请重新登录");
    let mut parts = token.splitn(3, '.');
    let (Some(payload), Some(signature), Some(key_id)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(forged());
    };
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| forged())?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| forged())?;
    let envelope = Envelope {
        payload_type: TYPE.to_owned(),
        payload: payload.clone().into(),
        signatures: vec![Signature { key_id: key_id.to_owned(), signature: signature.into() }],
    };
    keys.verify(&envelope, ISSUER).map_err(|_| forged())?;
    let claims: Claims = serde_json::from_slice(&payload).map_err(|_| forged())?;
    if claims.city != city {
        return Err(refused("ASSERTION_FOREIGN", "用户凭证属于另一城市"));
    }
    let ended = claims.exp.min(claims.iat.saturating_add(LONGEST));
    if now > ended || now < claims.iat - SKEW {
        return Err(refused("ASSERTION_EXPIRED", "用户凭证已过期，请重新登录"));
    }
    Ok(User { id: claims.sub, name: claims.name, unit: claims.unit })
}

fn refused(reason: &'static str, message: &str) -> Problem {
    Problem::new(Kind::Unauthenticated, reason, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assertion_counts_for_its_city_and_its_minutes_only() {
        let folder = tempfile::tempdir().unwrap();
        let issuer = SigningKey::load_or_create(&folder.path().join("a")).unwrap();
        let other = SigningKey::load_or_create(&folder.path().join("b")).unwrap();
        issuer.public().save(folder.path(), ISSUER).unwrap();
        other.public().save(folder.path(), "childcare").unwrap();
        let keys = KeyRing::load(folder.path()).unwrap();
        let now = 1_000_000_000_000;
        let token = issue(&issuer, "u1", "张某", "红塔区", "530400", now, Duration::from_secs(600));
        assert_eq!(verify(&token, &keys, "530400", now + 1).unwrap().id, "u1");
        let reason = |token: &str, city: &str, at: i64| verify(token, &keys, city, at).unwrap_err().reason;
        assert_eq!(reason(&token, "530400", now + 601_000_000), "ASSERTION_EXPIRED");
        assert_eq!(reason(&token, "530400", now - 60_000_000), "ASSERTION_EXPIRED", "not yet");
        assert_eq!(reason(&token, "530500", now), "ASSERTION_FOREIGN");
        assert_eq!(reason(&token.replacen('e', "f", 1), "530400", now), "ASSERTION_FORGED");
        let stolen = issue(&other, "u1", "张某", "红塔区", "530400", now, Duration::from_secs(600));
        assert_eq!(reason(&stolen, "530400", now), "ASSERTION_FORGED", "a bureau's key is not the issuer's");
        let long = issue(&issuer, "u1", "张某", "", "530400", now, Duration::from_secs(86_400));
        assert_eq!(reason(&long, "530400", now + LONGEST + 1), "ASSERTION_EXPIRED");
        assert_eq!(reason("x", "530400", now), "ASSERTION_FORGED");
    }
}
