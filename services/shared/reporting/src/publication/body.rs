//! What a published report says: its counts and who answers for them.

use proto::reporting::{Observation, RegionFigures};

use crate::report::{Cell, Report, convert};

/// The figures of one report as they are signed. `definition` gives the definition version of an element.
pub(crate) fn figures(report: &Report, definition: impl Fn(&str) -> u32) -> RegionFigures {
    let exempt = report.is_exempt();
    RegionFigures {
        region: report.region.clone(),
        report_id: report.id.to_string(),
        revision: report.revision,
        submission: if exempt { 0 } else { convert::submission(report.submission) as i32 },
        acts: report.standing_signatures().iter().map(convert::act).collect(),
        observations: report
            .cells
            .iter()
            .map(|cell| observation(report, cell, exempt, definition(&cell.element)))
            .collect(),
        exempt,
        late: report.late,
        on_behalf: !exempt && report.on_behalf_reason().is_some(),
    }
}

fn observation(report: &Report, cell: &Cell, exempt: bool, definition_version: u32) -> Observation {
    let value = if exempt { None } else { cell.value() };
    Observation {
        element: cell.element.clone(),
        region: report.region.clone(),
        period: report.period.clone(),
        value,
        not_applicable: !exempt && cell.not_applicable,
        basis: convert::basis(cell.basis) as i32,
        computed: cell.computed.filter(|_| !exempt && cell.computed != value),
        note: if exempt { String::new() } else { cell.note.clone() },
        source: String::new(),
        definition_version,
    }
}
