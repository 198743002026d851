//! The data elements that this bureau computes from its registers: one readable query per element, grouped by
//! county, as of the end of a period.

use registry::elements::ElementQuery;

/// What this bureau computes.
pub const ELEMENTS: [ElementQuery; 12] = [
    ElementQuery::at_end("childcare.places", include_str!("elements/places.sql")),
    ElementQuery::at_end("childcare.places.filed", include_str!("elements/places_filed.sql")),
    ElementQuery::at_end("childcare.places.inclusive", include_str!("elements/places_inclusive.sql")),
    ElementQuery::at_end("childcare.institutions", include_str!("elements/institutions.sql")),
    ElementQuery::at_end("childcare.institutions.demo", include_str!("elements/institutions_demo.sql")),
    ElementQuery::at_end("childcare.institutions.demo_any", include_str!("elements/institutions_demo_any.sql")),
    ElementQuery::at_end("childcare.institutions.standalone", include_str!("elements/institutions_standalone.sql")),
    ElementQuery::at_end("childcare.institutions.kindergarten", include_str!("elements/institutions_kindergarten.sql")),
    ElementQuery::at_end("childcare.institutions.other", include_str!("elements/institutions_other.sql")),
    ElementQuery::at_end("childcare.staff.carers", include_str!("elements/staff_carers.sql")),
    ElementQuery::at_end("childcare.staff.certified", include_str!("elements/staff_certified.sql")),
    ElementQuery::at_end("childcare.smart_pilots", include_str!("elements/smart_pilots.sql")),
];

#[cfg(test)]
mod tests {
    use proto::childcare as wire;
    use proto::contract::ImportMode::Commit;

    use registry::changes;
    use registry::elements::Elements;
    use reporting::Register;

    use super::*;
    use crate::filing::{self, Designation, DesignationKind, DesignationLevel};
    use crate::testing::{Fixture, batch, bureau, class, institution, start};
    use registry::imports::stream::Step;

    async fn figures(fixture: &Fixture, period: &str) -> Vec<i64> {
        let registers = Elements::new(fixture.bureau.clone(), &ELEMENTS);
        let regions = ["530402".to_owned(), "530481".to_owned()];
        let computed = registers.compute(period.parse().unwrap(), &regions).await.unwrap();
        assert!(computed.iter().filter(|figure| figure.region == "530481").all(|figure| figure.value == 0));
        let own = computed.into_iter().filter(|figure| figure.region == "530402");
        own.map(|figure| figure.value).collect()
    }

    async fn sheets(
        fixture: &Fixture,
        id: u128,
        on: &str,
        rows: Vec<wire::InstitutionRow>,
        classes: Vec<wire::ClassRow>,
    ) {
        for answer in fixture.institutions(vec![Step::Start(start(id, Commit, on, false)), batch(1, rows)]).await {
            assert_eq!(answer.unwrap().faults, []);
        }
        let steps = vec![Step::Start(start(id + 1, Commit, on, false)), batch(1, classes)];
        for answer in fixture.classes(steps).await {
            assert_eq!(answer.unwrap().faults, []);
        }
    }

    #[tokio::test]
    async fn the_figure_of_october_counts_the_places_of_october() {
        let fixture = bureau("2025-11-05").await;
        let filed = wire::InstitutionRow {
            kind: wire::InstitutionKind::Employer as i32,
            filing_number: "备1".into(),
            filed_on: "2025-10-20".into(),
            ..institution(2, "乙")
        };
        let public = wire::InstitutionRow {
            ownership: wire::Ownership::Public as i32,
            kind: wire::InstitutionKind::KindergartenClass as i32,
            ..institution(3, "丙")
        };
        let classes =
            vec![class("甲", "一班", 20), class("乙", "一班", 10), class("乙", "二班", 10), class("丙", "一班", 5)];
        sheets(&fixture, 1, "2025-11-05", vec![institution(1, "甲"), filed.clone(), public.clone()], classes).await;
        assert_eq!(figures(&fixture, "2025-08").await, [0, 0, 0, 3, 0, 0, 1, 1, 1, 0, 0, 0]);
        assert_eq!(figures(&fixture, "2025-09").await, [45, 0, 5, 3, 0, 0, 1, 1, 1, 0, 0, 0]);
        assert_eq!(figures(&fixture, "2025-10").await, [45, 20, 5, 3, 0, 0, 1, 1, 1, 0, 0, 0]);

        // In November a class shrinks and another closes: October stays as it was.
        let before = changes::counter(&fixture.bureau.db).await.unwrap();
        let closed = wire::ClassRow { closed_on: "2025-11-30".into(), ..class("乙", "二班", 10) };
        let rows = vec![institution(1, "甲"), filed, public];
        sheets(&fixture, 3, "2025-11-05", rows, vec![class("甲", "一班", 12), closed]).await;
        assert_eq!(changes::counter(&fixture.bureau.db).await.unwrap(), before + 1);
        assert_eq!(figures(&fixture, "2025-10").await, [45, 20, 5, 3, 0, 0, 1, 1, 1, 0, 0, 0]);
        assert_eq!(figures(&fixture, "2025-11").await, [27, 10, 5, 3, 0, 0, 1, 1, 1, 0, 0, 0]);
    }

    #[tokio::test]
    async fn designations_count_while_they_are_valid() {
        let fixture = bureau("2025-11-05").await;
        sheets(&fixture, 1, "2025-11-05", vec![institution(1, "甲")], vec![class("甲", "一班", 20)]).await;
        let mut tx = fixture.bureau.db.begin().await.unwrap();
        let today = fixture.bureau.clock.today();
        let known = crate::institutions::store::by_name(&mut tx, &["甲"], today).await.unwrap();
        let mut designation = Designation {
            id: fixture.bureau.clock.id(),
            institution_id: known[0].id,
            kind: DesignationKind::Inclusive,
            level: DesignationLevel::Unstated,
            valid_from: "2025-09-15".parse().unwrap(),
            valid_to: Some("2025-10-31".parse().unwrap()),
            revoked_on: None,
            places: 15,
            fee_ceiling_fen: 200_000,
            document_number: String::new(),
        };
        filing::store::insert(&mut tx, &designation, &fixture.bureau.clock).await.unwrap();
        for (level, valid_from) in [(DesignationLevel::County, "2025-09-01"), (DesignationLevel::City, "2025-10-01")] {
            designation = Designation {
                id: fixture.bureau.clock.id(),
                kind: DesignationKind::Demonstration,
                level,
                valid_from: valid_from.parse().unwrap(),
                valid_to: None,
                places: 0,
                ..designation
            };
            filing::store::insert(&mut tx, &designation, &fixture.bureau.clock).await.unwrap();
        }
        designation.revoke("2025-12-31".parse().unwrap()).unwrap();
        filing::store::revoke(&mut tx, &designation, &fixture.bureau.clock).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(figures(&fixture, "2025-09").await, [20, 0, 15, 1, 0, 1, 1, 0, 0, 0, 0, 0]);
        assert_eq!(figures(&fixture, "2025-10").await, [20, 0, 15, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
        assert_eq!(figures(&fixture, "2025-11").await, [20, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
        assert_eq!(figures(&fixture, "2025-12").await, [20, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0]);
    }
}
