//! The data elements that this bureau computes: how many tasks are closed, and accepted work of the types that the
//! plan's data assign to an element.

use registry::elements::ElementQuery;

/// What this bureau computes.
pub const ELEMENTS: [ElementQuery; 6] = [
    ElementQuery::at_end("plan.tasks", include_str!("elements/plan_tasks.sql")),
    ElementQuery::at_end("plan.tasks.done", include_str!("elements/plan_tasks_done.sql")),
    ElementQuery::at_end("work.smart_enterprises", include_str!("elements/work_smart_enterprises.sql")),
    ElementQuery::at_end("work.pilots", include_str!("elements/work_pilots.sql")),
    ElementQuery::at_end("work.childcare_guidance", include_str!("elements/work_childcare_guidance.sql")),
    ElementQuery::at_end("work.childcare_associations", include_str!("elements/work_childcare_associations.sql")),
];
