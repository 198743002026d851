//! Finding the heading: one row, or two under merged titles, somewhere below titles and notes.

use super::{CellFault, ImportError, Target};
use crate::{sheet::Row, text};

/// The heading stands within the first so many rows.
pub(super) const WITHIN: usize = 20;

/// A heading that was found, and where each field stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// Titles by column, as the sheet has them; below a merged title `上级/下级` where the lower alone is not unique.
    pub titles: Vec<String>,
    /// Number of its last row; data begins below.
    pub last_row: u64,
    /// Fields and places in the order of the profile's columns.
    fields: Vec<String>,
    pub(super) places: Vec<Option<usize>>,
}

impl Heading {
    /// Place of a field's cell in a row, from 0; `None` when the sheet has no such column.
    pub fn place(&self, field: &str) -> Option<usize> {
        let index = self.fields.iter().position(|known| known == field)?;
        self.places[index]
    }

    /// A fault of the cell that holds a field, such as a service found; an empty field means the row as a whole.
    pub fn fault(&self, row: u64, field: &str, reason: &str, message: &str) -> CellFault {
        let column = self.place(field);
        CellFault {
            row,
            column,
            title: column.and_then(|place| self.titles.get(place)).cloned().unwrap_or_default(),
            field: field.to_owned(),
            reason: reason.to_owned(),
            message: message.to_owned(),
        }
    }
}

/// Two titles are the same without blanks, width, required marks.
pub(super) fn key(title: &str) -> String {
    let key: String = text::plain(title).chars().filter(|c| *c != ' ').collect();
    key.trim_matches('*').to_owned()
}

/// A title without a unit or a hint in brackets behind it: 托位数(个) → 托位数.
fn without_brackets(key: &str) -> &str {
    match key.rfind('(') {
        Some(at) if at > 0 && key.ends_with(')') => &key[..at],
        _ => key,
    }
}

/// Rows that could be the heading.
struct Candidate {
    titles: Vec<String>,
    /// Per column, the keys by which it may be called.
    names: Vec<Vec<String>>,
    last_row: u64,
    rows: usize,
}

/// Where a target stands in a candidate.
enum Match {
    None,
    At(usize),
    Ambiguous(String),
}

pub(super) fn find(targets: &[Target], first: &[Row]) -> Result<Heading, ImportError> {
    let mut best: Option<(Candidate, Vec<Match>)> = None;
    for candidate in candidates(first) {
        let matches: Vec<Match> = targets.iter().map(|target| locate(target, &candidate)).collect();
        let better = best.as_ref().is_none_or(|(held, held_matches)| {
            let (new, old) = (matched(&matches), matched(held_matches));
            // With no title known at all, the row with most texts is the one to show to the person.
            new > old || (new == old && old == 0 && candidate.rows == 1 && texts(&candidate) > texts(held))
        });
        if better {
            best = Some((candidate, matches));
        }
    }
    let (candidate, matches) = best.ok_or(crate::sheet::SheetError::Empty)?;
    let mut missing = Vec::new();
    let mut places = Vec::with_capacity(targets.len());
    for (target, found) in targets.iter().zip(matches) {
        match found {
            Match::Ambiguous(title) => return Err(ImportError::ColumnAmbiguous { title }),
            Match::None if target.required => {
                missing.push(target.titles.first().unwrap_or(&target.column.title).clone());
            }
            Match::None => places.push(None),
            Match::At(place) => places.push(Some(place)),
        }
    }
    if !missing.is_empty() {
        let found = candidate.titles.into_iter().filter(|title| !title.is_empty()).collect();
        return Err(ImportError::ColumnMissing { missing, found });
    }
    let fields = targets.iter().map(|target| target.column.field.clone()).collect();
    Ok(Heading { titles: candidate.titles, last_row: candidate.last_row, fields, places })
}

/// Single rows first, then pairs: a pair must know more titles to win.
fn candidates(first: &[Row]) -> impl Iterator<Item = Candidate> {
    let pairs = first.windows(2).filter(|pair| pair[1].number == pair[0].number + 1);
    first.iter().map(single).chain(pairs.map(|pair| double(&pair[0], &pair[1])))
}

fn single(row: &Row) -> Candidate {
    let titles: Vec<String> = row.cells.iter().map(|cell| text::clean(cell)).collect();
    let names = titles.iter().map(|title| vec![key(title)]).collect();
    Candidate { titles, names, last_row: row.number, rows: 1 }
}

fn double(upper: &Row, lower: &Row) -> Candidate {
    let mut titles = Vec::new();
    let mut names = Vec::new();
    let mut group = String::new();
    for place in 0..upper.cells.len().max(lower.cells.len()) {
        let above = upper.cells.get(place).map(|cell| text::clean(cell)).unwrap_or_default();
        let below = lower.cells.get(place).map(|cell| text::clean(cell)).unwrap_or_default();
        if !above.is_empty() {
            group.clone_from(&above);
        }
        if below.is_empty() {
            names.push(vec![key(&above)]);
            titles.push(above);
            continue;
        }
        let joined = format!("{group}/{below}");
        names.push(vec![key(&below), key(&joined)]);
        let unique = lower.cells.iter().filter(|cell| text::clean(cell) == below).count() == 1;
        titles.push(if unique || group.is_empty() { below } else { joined });
    }
    Candidate { titles, names, last_row: lower.number, rows: 2 }
}

/// The first of the target's titles that the candidate knows, exactly or but for brackets.
fn locate(target: &Target, candidate: &Candidate) -> Match {
    for title in &target.titles {
        let wanted = key(title);
        let exact = |name: &String| *name == wanted;
        let loose = |name: &String| without_brackets(name) == wanted;
        let mut places = columns_where(candidate, exact);
        if places.is_empty() {
            places = columns_where(candidate, loose);
        }
        match places[..] {
            [] => {}
            [place] => return Match::At(place),
            _ => return Match::Ambiguous(title.clone()),
        }
    }
    Match::None
}

fn columns_where(candidate: &Candidate, is: impl Fn(&String) -> bool) -> Vec<usize> {
    (0..candidate.names.len()).filter(|place| candidate.names[*place].iter().any(&is)).collect()
}

fn matched(matches: &[Match]) -> usize {
    matches.iter().filter(|found| !matches!(found, Match::None)).count()
}

fn texts(candidate: &Candidate) -> usize {
    candidate.titles.iter().filter(|title| !title.is_empty()).count()
}
