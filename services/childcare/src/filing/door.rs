//! Filings and designations at the door.

use proto::childcare as wire;
use registry::Coded;

use super::{Designation, State};

/// The message of a filing's state.
pub fn state_message(state: State) -> wire::FilingState {
    wire::FilingState::from_str_name(&format!("FILING_STATE_{}", state.code())).unwrap_or_default()
}

/// The message of a designation.
pub fn designation_message(designation: Designation) -> wire::Designation {
    let date = |date: Option<jiff::civil::Date>| date.map(|date| date.to_string()).unwrap_or_default();
    wire::Designation {
        id: designation.id.to_string(),
        institution_id: designation.institution_id.to_string(),
        kind: wire::DesignationKind::from_str_name(&format!("DESIGNATION_KIND_{}", designation.kind.code()))
            .unwrap_or_default() as i32,
        level: wire::DesignationLevel::from_str_name(&format!("DESIGNATION_LEVEL_{}", designation.level.code()))
            .unwrap_or_default() as i32,
        valid_from: designation.valid_from.to_string(),
        valid_to: date(designation.valid_to),
        revoked_on: date(designation.revoked_on),
        places: designation.places,
        fee_ceiling_fen: designation.fee_ceiling_fen,
        document_number: designation.document_number,
    }
}
