//! Who may present a person, at every door of the suite.

use std::time::Duration;

use contract::bureau::calls_for_people;

use super::*;
use crate::dsse::SigningKey;
use crate::identity::IdentityKind;

const OPEN: &str = "/ylyx.trust.v1.CorrectionService/OpenCorrection";

struct House {
    gate: Gate,
    issuer: SigningKey,
    _folder: tempfile::TempDir,
}

async fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(folder.path().join("house.db").to_str().unwrap()).await.unwrap();
    let issuer = SigningKey::load_or_create(&folder.path().join("issuer.key")).unwrap();
    issuer.public().save(folder.path(), assertion::ISSUER).unwrap();
    let keys = KeyRing::load(folder.path()).unwrap();
    let clock = Clock::set_to("2026-11-05T04:00:00Z".parse().unwrap());
    let gate = Gate::new("childcare", City::embedded(), db, keys, clock).unwrap();
    let users = folder.path().join("users.toml");
    std::fs::write(&users, "").unwrap();
    gate.seed(&users).await.unwrap();
    House { gate, issuer, _folder: folder }
}

impl House {
    fn token(&self) -> String {
        let (now, life) = (self.gate.0.clock.micros(), Duration::from_secs(60));
        assertion::issue(&self.issuer, "a", "钱某", "财政局", &self.gate.0.city.code, now, life)
    }

    async fn judge(&self, caller: &str, path: &str, token: Option<&str>) -> Result<Option<Caller>> {
        let kind = match caller {
            "operator" => IdentityKind::Operator("local".into()),
            bureau => IdentityKind::Bureau(bureau.into()),
        };
        let identity = Identity { city: self.gate.0.city.code.clone(), kind };
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            headers.insert(assertion::ASSERTION_HEADER, token.parse().unwrap());
        }
        self.gate.judge(path, Some(&identity), &headers).await
    }
}

#[tokio::test]
async fn no_bureau_shows_a_person_s_assertion_at_any_door() {
    let house = house().await;
    let token = house.token();
    let mut tried = 0;
    for method in house.gate.0.rules.methods() {
        for caller in method.rule.callers.iter().filter(|caller| !calls_for_people(caller)) {
            let refused = house.judge(caller, &method.path, Some(&token)).await.unwrap_err();
            assert_eq!(refused.reason, "ASSERTION_NOT_YOURS", "{caller} at {}", method.path);
            tried += 1;
        }
    }
    assert!(tried > 20, "{tried}");
    let caller = house.judge("finance", OPEN, None).await.unwrap().unwrap();
    assert!(caller.user.is_none(), "a bureau speaks for itself");
}

#[tokio::test]
async fn a_person_is_presented_by_the_gateway_or_comes_alone_and_is_who_the_issuer_says() {
    let house = house().await;
    let token = house.token();
    for caller in ["gateway", "operator"] {
        let judged = house.judge(caller, OPEN, Some(&token)).await.unwrap().unwrap();
        assert_eq!(judged.user.unwrap().id, "a");
        assert!(house.judge(caller, OPEN, None).await.unwrap().unwrap().user.is_none());
        let forged = house.judge(caller, OPEN, Some(&format!("{token}x"))).await.unwrap_err();
        assert_eq!(forged.reason, "ASSERTION_FORGED", "also where no role is asked for");
    }
    house.gate.0.clock.move_to("2026-11-05T04:05:00Z".parse().unwrap());
    assert_eq!(house.judge("gateway", OPEN, Some(&token)).await.unwrap_err().reason, "ASSERTION_EXPIRED");
}
