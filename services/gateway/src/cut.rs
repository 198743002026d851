//! A cut (数据定版): one sequence per bureau. Every view is computed at one, and the same cut gives the same figures
//! for ever.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use kit::{Problem, Result};
use serde::{Deserialize, Serialize};

use crate::view::CutEntry;

/// What a cut does where counties have not reported (practice §4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// 齐报: the city has a value when every county has reported.
    #[default]
    Complete,
    /// 已报地区: the city's value is that of the counties that have everything, the same in numerator and denominator.
    Reported,
    /// 沿用上期: what is missing is taken from the last period that has it, marked 预计 and never ranked.
    CarryForward,
}

impl Mode {
    pub const ALL: [Mode; 3] = [Mode::Complete, Mode::Reported, Mode::CarryForward];

    /// As forms, the database and the interface write it.
    pub fn code(self) -> &'static str {
        match self {
            Mode::Complete => "complete",
            Mode::Reported => "reported",
            Mode::CarryForward => "carry_forward",
        }
    }

    pub fn of_code(code: &str) -> Option<Mode> {
        Mode::ALL.into_iter().find(|mode| mode.code() == code)
    }

    pub fn label(self) -> &'static str {
        match self {
            Mode::Complete => "齐报",
            Mode::Reported => "已报地区",
            Mode::CarryForward => "沿用上期",
        }
    }

    /// The footnote that every document of the cut prints; empty for 齐报.
    pub fn footnote(self) -> &'static str {
        match self {
            Mode::Complete => "",
            Mode::Reported => "未报齐的指标按已报地区计算，分子、分母和对比期为同一范围，并注明已报个数。",
            Mode::CarryForward => "未报数据沿用最近一期已核定数，标“预计”，不参加排名。",
        }
    }

    /// What becomes of an indicator that a county owes something to, as the end of a sentence.
    pub fn of_late(self) -> &'static str {
        match self {
            Mode::Complete => "暂不可计算",
            Mode::Reported => "按已报地区计算",
            Mode::CarryForward => "沿用最近一期已核定数",
        }
    }
}

/// The last sequence that counts, per bureau, and what is done where something is missing. A bureau that is not named
/// counts with nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    sequences: BTreeMap<String, (String, u64)>,
    pub mode: Mode,
}

impl Cut {
    /// From (bureau, stream id, sequence); 齐报.
    pub fn new(entries: impl IntoIterator<Item = (String, String, u64)>) -> Self {
        let sequences = entries.into_iter().map(|(bureau, stream, sequence)| (bureau, (stream, sequence)));
        Cut { sequences: sequences.collect(), mode: Mode::Complete }
    }

    pub fn in_mode(self, mode: Mode) -> Self {
        Cut { mode, ..self }
    }

    /// The bureau's last sequence in this cut; 0 when it has none.
    pub fn sequence(&self, bureau: &str) -> u64 {
        self.sequences.get(bureau).map_or(0, |(_, sequence)| *sequence)
    }

    /// Bureau and stream id.
    pub fn streams(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sequences.iter().map(|(bureau, (stream, _))| (bureau.as_str(), stream.as_str()))
    }

    pub fn entries(&self) -> Vec<CutEntry> {
        self.sequences
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
        format!("时点“{text}”写法不对，应为 2026-11-05、2026-11-05T09:00:00+08:00 或 cut:定版编号"),
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
