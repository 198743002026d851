//! A cut (数据定版): one sequence per bureau. Every view is computed at one, and the same cut gives the same figures
//! for ever.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use kit::{Problem, Result};

use crate::view::CutEntry;

/// The last sequence that counts, per bureau. A bureau that is not named counts with nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cut(BTreeMap<String, (String, u64)>);

impl Cut {
    /// From (bureau, stream id, sequence).
    pub fn new(entries: impl IntoIterator<Item = (String, String, u64)>) -> Self {
        Cut(entries.into_iter().map(|(bureau, stream, sequence)| (bureau, (stream, sequence))).collect())
    }

    /// The bureau's last sequence in this cut; 0 when it has none.
    pub fn sequence(&self, bureau: &str) -> u64 {
        self.0.get(bureau).map_or(0, |(_, sequence)| *sequence)
    }

    pub fn entries(&self) -> Vec<CutEntry> {
        self.0
            .iter()
            .map(|(bureau, (stream_id, sequence))| CutEntry {
                bureau: bureau.clone(),
                stream_id: stream_id.clone(),
                sequence: *sequence,
            })
            .collect()
    }
}

/// Reads `as_of`: an RFC 3339 instant, or a date, which means the end of that day in Shanghai. Microseconds.
pub fn parse_as_of(text: &str) -> Result<Option<i64>> {
    if text.is_empty() {
        return Ok(None);
    }
    // A civil date would also be read off the head of an instant.
    if let (10, Ok(date)) = (text.len(), text.parse::<Date>()) {
        let next = date.tomorrow().map_err(|_| unreadable(text))?;
        let end = next.in_tz(kit::clock::ZONE).map_err(|_| unreadable(text))?;
        return Ok(Some(end.timestamp().as_microsecond() - 1));
    }
    let instant: Timestamp = text.replace(' ', "+").parse().map_err(|_| unreadable(text))?;
    Ok(Some(instant.as_microsecond()))
}

fn unreadable(text: &str) -> Problem {
    Problem::field(
        "as_of",
        "AS_OF_INVALID",
        format!("时点“{text}”写法不对，应为 2026-11-05 或 2026-11-05T09:00:00+08:00"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_means_the_end_of_its_day() {
        let end = parse_as_of("2026-11-05").unwrap().unwrap();
        assert_eq!(kit::clock::rfc3339(end), "2026-11-05T23:59:59+08:00");
        assert_eq!(
            parse_as_of("2026-11-05T09:00:00 08:00").unwrap(),
            parse_as_of("2026-11-05T09:00:00+08:00").unwrap()
        );
        assert_eq!(parse_as_of("yesterday").unwrap_err().reason, "AS_OF_INVALID");
    }
}
