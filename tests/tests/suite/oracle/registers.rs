//! The raw rows of every bureau's registers, read as text.

use std::collections::{BTreeMap, HashMap};

use suite_tests::suite::Running;

use super::{Row, rows};

/// Counts by county, or for the city's own code where a thing has no county.
pub(crate) type Counts = BTreeMap<String, i64>;

/// The raw rows of all bureaus.
pub(crate) struct Registers {
    pub(super) elderly_facts: Vec<Row>,
    pub(super) elderly_states: HashMap<String, Vec<Row>>,
    pub(super) elderly_opened: HashMap<String, String>,
    pub(super) beds: Vec<Row>,
    pub(super) bed_facts: HashMap<String, Vec<Row>>,
    pub(super) facilities: Vec<Row>,
    pub(super) served: HashMap<(String, String), Vec<String>>,
    pub(super) childcare_facts: Vec<Row>,
    pub(super) filings: HashMap<String, Vec<Row>>,
    pub(super) designations: HashMap<String, Vec<Row>>,
    pub(super) classes: HashMap<String, Vec<Row>>,
    pub(super) class_facts: HashMap<String, Vec<Row>>,
    pub(super) staff: HashMap<String, Vec<Row>>,
    pub(super) staff_facts: HashMap<String, Vec<Row>>,
    /// Person → the person that this one turned out to be; empty: itself.
    pub(super) people: HashMap<String, String>,
    pub(super) schools: Vec<Row>,
    pub(super) demonstrations: HashMap<String, Vec<Row>>,
    pub(super) projects: Vec<Row>,
    pub(super) stages: HashMap<String, Vec<Row>>,
    pub(super) funds: Vec<Row>,
    pub(super) progress: HashMap<String, Vec<Row>>,
    pub(super) tasks: Vec<Row>,
    pub(super) work: Vec<Row>,
    pub(super) work_elements: HashMap<String, String>,
}

fn by(rows: Vec<Row>, key: &str) -> HashMap<String, Vec<Row>> {
    let mut grouped: HashMap<String, Vec<Row>> = HashMap::new();
    for row in rows {
        grouped.entry(row[key].clone()).or_default().push(row);
    }
    grouped
}

impl Registers {
    pub(crate) async fn read(running: &Running) -> Self {
        let engine = running.engine;
        let (elderly, childcare) = (running.database("elderly-care").await, running.database("childcare").await);
        let (education, finance) = (running.database("education").await, running.database("finance").await);
        let supervision = running.database("supervision").await;
        let institutions = rows(&elderly, engine, "institution", &["@id", "opened_on"]).await;
        let villages = rows(&elderly, engine, "facility_village", &["@facility_id", "valid_from", "village"]).await;
        let mut served: HashMap<(String, String), Vec<String>> = HashMap::new();
        for row in villages {
            let place = (row["facility_id"].clone(), row["valid_from"].clone());
            served.entry(place).or_default().push(row["village"].clone());
        }
        let people = rows(
            &childcare,
            engine,
            "(SELECT id, COALESCE(merged_into, id) AS merged FROM person) people",
            &["@id", "@merged"],
        )
        .await;
        let types = rows(&supervision, engine, "work_type", &["code", "element"]).await;
        Registers {
            elderly_facts: rows(
                &elderly,
                engine,
                "institution_facts",
                &[
                    "@institution_id",
                    "valid_from",
                    "valid_to",
                    "county",
                    "region",
                    "ownership",
                    "medical_mode",
                    "regional_centre",
                    "disabled_care",
                    "smart_pilot",
                ],
            )
            .await,
            elderly_states: by(
                rows(&elderly, engine, "institution_state", &["@institution_id", "valid_from", "valid_to", "state"])
                    .await,
                "institution_id",
            ),
            elderly_opened: institutions.into_iter().map(|row| (row["id"].clone(), row["opened_on"].clone())).collect(),
            beds: rows(&elderly, engine, "bed", &["@id", "@institution_id", "built_on", "closed_on"]).await,
            bed_facts: by(
                rows(&elderly, engine, "bed_facts", &["@bed_id", "valid_from", "valid_to", "type", "nature", "status"])
                    .await,
                "bed_id",
            ),
            facilities: rows(
                &elderly,
                engine,
                "facility_facts",
                &[
                    "@facility_id",
                    "valid_from",
                    "valid_to",
                    "type",
                    "region",
                    "county",
                    "operator_type",
                    "has_day_care",
                    "day_beds",
                    "full_beds",
                    "state",
                    "opened_on",
                ],
            )
            .await,
            served,
            childcare_facts: rows(
                &childcare,
                engine,
                "institution_facts",
                &[
                    "@institution_id",
                    "valid_from",
                    "valid_to",
                    "county",
                    "kind",
                    "ownership",
                    "opened_on",
                    "operating",
                    "smart_pilot",
                ],
            )
            .await,
            filings: by(
                rows(&childcare, engine, "institution_filing", &["@institution_id", "valid_from", "valid_to", "state"])
                    .await,
                "institution_id",
            ),
            designations: by(
                rows(
                    &childcare,
                    engine,
                    "designation",
                    &["@institution_id", "kind", "level", "valid_from", "valid_to", "revoked_on", "places"],
                )
                .await,
                "institution_id",
            ),
            classes: by(
                rows(&childcare, engine, "class", &["@id", "@institution_id", "opened_on", "closed_on"]).await,
                "institution_id",
            ),
            class_facts: by(
                rows(&childcare, engine, "class_facts", &["@class_id", "valid_from", "valid_to", "places"]).await,
                "class_id",
            ),
            staff: by(
                rows(&childcare, engine, "staff", &["@id", "@institution_id", "@person_id", "hired_on", "left_on"])
                    .await,
                "institution_id",
            ),
            staff_facts: by(
                rows(
                    &childcare,
                    engine,
                    "staff_facts",
                    &["@staff_id", "valid_from", "valid_to", "role", "on_floor", "certificate", "certificate_until"],
                )
                .await,
                "staff_id",
            ),
            people: people.into_iter().map(|row| (row["id"].clone(), row["merged"].clone())).collect(),
            schools: rows(
                &education,
                engine,
                "school_facts",
                &["@school_id", "valid_from", "valid_to", "tier", "region", "county", "state", "established"],
            )
            .await,
            demonstrations: by(
                rows(&education, engine, "demonstration", &["@school_id", "valid_from", "valid_to", "revoked_on"])
                    .await,
                "school_id",
            ),
            projects: rows(&finance, engine, "project", &["@id", "county", "course", "course_since"]).await,
            stages: by(
                rows(&finance, engine, "project_stage", &["@project_id", "stage", "reached_on"]).await,
                "project_id",
            ),
            funds: rows(&finance, engine, "fund_entry", &["@project_id", "source", "step", "amount_fen", "entry_on"])
                .await,
            progress: by(
                rows(&finance, engine, "progress", &["@project_id", "state", "period_end", "cumulated_fen"]).await,
                "project_id",
            ),
            tasks: rows(&supervision, engine, "ledger_task", &["region", "start_on", "state", "closed_on"]).await,
            work: rows(&supervision, engine, "work_entry", &["type", "state", "dated_on", "quantity", "county"]).await,
            work_elements: types.into_iter().map(|row| (row["code"].clone(), row["element"].clone())).collect(),
        }
    }
}
