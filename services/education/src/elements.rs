//! The data elements that this bureau computes from its registers: one readable query per element, grouped by county,
//! as of the end of a period. Learners (E34) are typed until the register of learners exists.

use registry::elements::ElementQuery;

/// What this bureau computes.
pub const ELEMENTS: [ElementQuery; 4] = [
    ElementQuery::at_end("education.universities.county", include_str!("elements/universities_county.sql")),
    ElementQuery::at_end("education.townships.school", include_str!("elements/townships_school.sql")),
    ElementQuery::at_end("education.villages.point", include_str!("elements/villages_point.sql")),
    ElementQuery::at_end("education.demo", include_str!("elements/demo.sql")),
];
