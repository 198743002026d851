//! The data elements that this bureau computes from its registers: one readable query per element, grouped by county,
//! as of the end of a period. Lottery money (E36) is typed until its ledger exists.

use registry::elements::ElementQuery;

/// What this bureau computes.
pub const ELEMENTS: [ElementQuery; 8] = [
    ElementQuery::at_end("finance.projects", include_str!("elements/projects.sql")),
    ElementQuery::at_end("finance.projects.started", include_str!("elements/projects_started.sql")),
    ElementQuery::at_end("finance.projects.completed", include_str!("elements/projects_completed.sql")),
    ElementQuery::at_end("finance.projects.invested_fen", include_str!("elements/projects_invested.sql")),
    ElementQuery::at_end("finance.projects.central_applied_fen", include_str!("elements/central_applied.sql")),
    ElementQuery::at_end("finance.projects.central_released_fen", include_str!("elements/central_released.sql")),
    ElementQuery::at_end("finance.projects.central_received_fen", include_str!("elements/central_received.sql")),
    ElementQuery::at_end("finance.projects.central_paid_fen", include_str!("elements/central_paid.sql")),
];
