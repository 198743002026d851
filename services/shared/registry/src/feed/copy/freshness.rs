//! How fresh the copy of one feed is, for those who read it.

use proto::contract::CopyFreshness;

use super::{Position, SILENCE_SECONDS, State};

/// How fresh a copy is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freshness {
    /// When it was last known to be the register itself; 0: never.
    pub as_of: i64,
    /// Events that are missing at most.
    pub behind: i64,
    /// When the source was last heard; 0: never.
    pub heard_at: i64,
    /// Another copy grows, which will take its place.
    pub copying: bool,
    /// The source refuses.
    pub refused: bool,
}

impl Freshness {
    pub(crate) fn of(position: &Position) -> Self {
        Freshness {
            as_of: position.as_of,
            behind: position.behind(),
            heard_at: position.last_contact_at,
            copying: position.state == State::Copying,
            refused: !position.trouble.is_empty(),
        }
    }

    /// True while the source gives signs of life.
    pub fn is_heard(&self, now: i64) -> bool {
        let silence = i64::try_from(SILENCE_SECONDS).unwrap_or(i64::MAX) * 1_000_000;
        self.heard_at > 0 && now - self.heard_at <= silence
    }

    /// As people read it beside a record.
    pub fn words(&self, now: i64) -> String {
        let since = |at: i64| kit::clock::local(at).strftime("%Y-%m-%d %H:%M");
        match *self {
            Freshness { refused: true, heard_at: 0, .. } => "来源拒绝提供数据".to_owned(),
            Freshness { refused: true, heard_at, .. } => format!("{}起来源拒绝提供数据", since(heard_at)),
            Freshness { heard_at: 0, .. } => "尚未联系上来源".to_owned(),
            Freshness { heard_at, .. } if !self.is_heard(now) => format!("{}起联系不上来源", since(heard_at)),
            Freshness { copying: true, as_of: 0, .. } => "正在首次复制，尚无副本可查".to_owned(),
            Freshness { copying: true, .. } => "正在重新复制，以下为原副本".to_owned(),
            Freshness { behind: 1.., .. } => format!("落后{}条", self.behind),
            Freshness { .. } => "同步".to_owned(),
        }
    }

    /// As a list of copied records says it of one source.
    pub(crate) fn message(&self, bureau: &str, now: i64) -> CopyFreshness {
        CopyFreshness { bureau: bureau.to_owned(), as_of_micros: self.as_of, words: self.words(now) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_the_register_says_so() {
        let now = 1_762_300_800_000_000;
        let fresh = Freshness { as_of: now, heard_at: now, ..Freshness::default() };
        for (freshness, words) in [
            (Freshness::default(), "尚未联系上来源"),
            (fresh, "同步"),
            (Freshness { behind: 3, ..fresh }, "落后3条"),
            (Freshness { copying: true, behind: 3, ..fresh }, "正在重新复制，以下为原副本"),
            (Freshness { copying: true, as_of: 0, ..fresh }, "正在首次复制，尚无副本可查"),
            (Freshness { heard_at: now - 17_000_000, ..fresh }, "2025-11-05 07:59起联系不上来源"),
            (Freshness { refused: true, ..fresh }, "2025-11-05 08:00起来源拒绝提供数据"),
        ] {
            assert_eq!(freshness.words(now), words);
        }
    }
}
