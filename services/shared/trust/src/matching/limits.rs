//! What an agreement's 24 hours may hold. An honest consumer asks about its register, in full batches with a remainder, and many
//! of its people are known; whoever is after somebody asks in small batches, or fills them up with tokens of nobody.

use kit::{Kind, Problem, Result};

use super::BATCH;
use super::store::Used;

/// Microseconds that are counted together.
pub(super) const DAY: i64 = 86_400_000_000;
/// A batch of fewer asks about somebody rather than about a register…
pub(super) const SMALL: i64 = 20;
/// …and so many of them may be an honest remainder.
const SMALL_PER_DAY: i64 = 10;
/// After so many tokens…
const MANY: i64 = 50_000;
/// …one of so many is somebody whom the provider knows, or they are not a register.
const TOKENS_PER_HIT: i64 = 1_000;

/// How many of the day's tokens are left.
pub(super) fn left(cap: u32, used: &Used) -> u64 {
    u64::try_from(i64::from(cap) - used.tokens).unwrap_or_default()
}

/// Judges a batch by what was answered before it, never by what it would be answered: a refusal says nothing of anybody.
/// MATCH_CAP_REACHED, MATCH_ENUMERATION.
pub(super) fn check(agreement: &str, cap: u32, used: &Used, tokens: i64) -> Result<()> {
    if used.tokens + tokens > i64::from(cap) {
        let message = format!("比对协议“{agreement}”24小时内上限{cap}个，已用{}个", used.tokens);
        return Err(Problem::new(Kind::Exhausted, "MATCH_CAP_REACHED", message));
    }
    if tokens < SMALL && used.small >= SMALL_PER_DAY {
        let small = used.small;
        return enumeration(format!("24小时内已有{small}个不足{SMALL}个令牌的小批，疑似逐人试探"));
    }
    let most = i64::from(cap) / BATCH as i64 + 2 * SMALL_PER_DAY;
    if used.batches >= most {
        return enumeration(format!("24小时内已有{}批，上限{most}批，疑似拆批试探", used.batches));
    }
    if used.tokens > MANY && used.hits * TOKENS_PER_HIT < used.tokens {
        let Used { tokens, hits, .. } = used;
        return enumeration(format!("24小时内{tokens}个令牌仅命中{hits}个，疑似以无关令牌试探"));
    }
    Ok(())
}

fn enumeration(why: String) -> Result<()> {
    Err(Problem::new(Kind::Exhausted, "MATCH_ENUMERATION", format!("{why}，已停止并记录告警")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_register_may_be_asked_about_and_people_one_by_one_may_not() {
        let reason = |used: Used, tokens| check("a", 200_000, &used, tokens).err().map_or("", |problem| problem.reason);
        let used = Used { tokens: 190_000, hits: 190, batches: 19, small: 0 };
        assert_eq!(reason(used, 10_000), "");
        assert_eq!((reason(used, 10_001), left(200_000, &used)), ("MATCH_CAP_REACHED", 10_000));
        assert_eq!(reason(Used { hits: 189, ..used }, 10_000), "MATCH_ENUMERATION");
        assert_eq!(reason(Used { tokens: 50_000, hits: 0, ..used }, 10_000), "");
        assert_eq!(reason(Used { small: 10, ..used }, 20), "");
        assert_eq!(reason(Used { small: 10, ..used }, 19), "MATCH_ENUMERATION");
        assert_eq!(reason(Used { batches: 39, ..used }, 20), "");
        assert_eq!(reason(Used { batches: 40, ..used }, 20), "MATCH_ENUMERATION");
        assert_eq!(left(5, &used), 0);
    }
}
