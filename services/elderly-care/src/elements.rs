//! The data elements that this bureau computes from its registers: one readable query per element, grouped by county,
//! as of the end of a period. Everything else of civil affairs is typed.

use registry::elements::ElementQuery;

/// What this bureau computes.
pub const ELEMENTS: [ElementQuery; 21] = [
    ElementQuery::at_end("elderly.beds", include_str!("elements/beds.sql")),
    ElementQuery::at_end("elderly.beds.nursing", include_str!("elements/beds_nursing.sql")),
    ElementQuery::at_end("elderly.beds.bottom_line", include_str!("elements/beds_bottom_line.sql")),
    ElementQuery::at_end("elderly.beds.inclusive", include_str!("elements/beds_inclusive.sql")),
    ElementQuery::at_end("elderly.beds.all", include_str!("elements/beds_all.sql")),
    ElementQuery::at_end("elderly.institutions", include_str!("elements/institutions.sql")),
    ElementQuery::at_end("elderly.institutions.rural", include_str!("elements/institutions_rural.sql")),
    ElementQuery::at_end("elderly.institutions.urban_public", include_str!("elements/institutions_urban_public.sql")),
    ElementQuery::at_end(
        "elderly.institutions.public_private",
        include_str!("elements/institutions_public_private.sql"),
    ),
    ElementQuery::at_end("elderly.institutions.private", include_str!("elements/institutions_private.sql")),
    ElementQuery::at_end("elderly.institutions.social", include_str!("elements/institutions_social.sql")),
    ElementQuery::at_end(
        "elderly.institutions.medical_agreement",
        include_str!("elements/institutions_medical_agreement.sql"),
    ),
    ElementQuery::at_end("elderly.institutions.contracted", include_str!("elements/institutions_contracted.sql")),
    ElementQuery::at_end("elderly.institutions.disabled_care", include_str!("elements/institutions_disabled_care.sql")),
    ElementQuery::at_end("elderly.townships.regional_centre", include_str!("elements/townships_regional_centre.sql")),
    ElementQuery::at_end("elderly.communities.day_care", include_str!("elements/communities_day_care.sql")),
    ElementQuery::at_end("elderly.communities_all.day_care", include_str!("elements/communities_all_day_care.sql")),
    ElementQuery::at_end("elderly.centres", include_str!("elements/centres.sql")),
    ElementQuery::at_end("elderly.centres.socialised", include_str!("elements/centres_socialised.sql")),
    ElementQuery::at_end("elderly.happiness_yards", include_str!("elements/happiness_yards.sql")),
    ElementQuery::at_end("elderly.smart_pilots", include_str!("elements/smart_pilots.sql")),
];
