//! What the registers hold at the end of a period, counted row by row.

use std::collections::{BTreeSet, HashMap};

use super::registers::{Counts, Registers};
use super::{Row, holds, number, yes};

impl Registers {
    /// One element at the end of a day; None for elements that no register counts.
    pub(crate) fn count(&self, element: &str, day: &str) -> Option<Counts> {
        let (bureau, what) = element.split_once('.')?;
        match bureau {
            "elderly" => self.elderly(what, day),
            "childcare" => self.childcare(what, day),
            "education" => self.education(what, day),
            "finance" => self.finance(what, day),
            "plan" | "work" => self.supervision(element, day),
            _ => None,
        }
    }

    fn open_institutions<'r>(&'r self, day: &'r str) -> impl Iterator<Item = &'r Row> {
        const OPEN: [&str; 4] = ["UNFILED", "FILING_SUBMITTED", "FILED", "OPERATING"];
        self.elderly_facts.iter().filter(move |facts| {
            let id = &facts["institution_id"];
            let opened = &self.elderly_opened[id];
            let state = self.elderly_states[id].iter().find(|state| holds(state, "valid_from", "valid_to", day));
            holds(facts, "valid_from", "valid_to", day)
                && !opened.is_empty()
                && opened.as_str() <= day
                && state.is_some_and(|state| OPEN.contains(&state["state"].as_str()))
        })
    }

    fn elderly(&self, what: &str, day: &str) -> Option<Counts> {
        let mut counts = Counts::new();
        let one = |counts: &mut Counts, county: &str, many: i64| *counts.entry(county.to_owned()).or_default() += many;
        if what.starts_with("institutions") || what == "smart_pilots" {
            let question: fn(&Row) -> bool = match what {
                "institutions" => |_| true,
                "institutions.rural" => |row| row["ownership"] == "PUBLIC_RURAL",
                "institutions.urban_public" => |row| row["ownership"] == "PUBLIC_URBAN",
                "institutions.public_private" => |row| row["ownership"] == "PUBLIC_BUILT_PRIVATE_RUN",
                "institutions.private" => |row| row["ownership"] == "PRIVATE",
                "institutions.social" => {
                    |row| !row["ownership"].starts_with("PUBLIC_R") && !row["ownership"].starts_with("PUBLIC_U")
                }
                "institutions.medical_agreement" => {
                    |row| !matches!(row["medical_mode"].as_str(), "NONE" | "UNSPECIFIED" | "")
                }
                "institutions.contracted" => |row| row["medical_mode"] == "CONTRACT",
                "institutions.disabled_care" => |row| yes(&row["disabled_care"]),
                "smart_pilots" => |row| yes(&row["smart_pilot"]),
                _ => return None,
            };
            self.open_institutions(day).filter(|row| question(row)).for_each(|row| one(&mut counts, &row["county"], 1));
            return Some(counts);
        }
        if what.starts_with("beds") {
            let county: HashMap<&str, &str> = self
                .open_institutions(day)
                .map(|row| (row["institution_id"].as_str(), row["county"].as_str()))
                .collect();
            for bed in self.beds.iter().filter(|bed| holds(bed, "built_on", "closed_on", day)) {
                let Some(county) = county.get(bed["institution_id"].as_str()) else { continue };
                let facts = self.bed_facts[&bed["id"]].iter().find(|facts| holds(facts, "valid_from", "valid_to", day));
                let Some(facts) = facts.filter(|facts| facts["status"] != "CLOSED") else { continue };
                let counted = match what {
                    "beds" | "beds.all" => true,
                    "beds.nursing" => facts["type"] == "NURSING",
                    "beds.bottom_line" => facts["nature"] == "BOTTOM_LINE",
                    "beds.inclusive" => facts["nature"] == "INCLUSIVE",
                    _ => return None,
                };
                one(&mut counts, county, i64::from(counted));
            }
        }
        let running = self.facilities.iter().filter(|row| {
            holds(row, "valid_from", "valid_to", day)
                && row["state"] == "OPERATING"
                && !row["opened_on"].is_empty()
                && row["opened_on"].as_str() <= day
        });
        let is_centre = |row: &Row| matches!(row["type"].as_str(), "HOME_CARE_CENTRE" | "RURAL_MUTUAL_STATION");
        let mut places: BTreeSet<String> = BTreeSet::new();
        for row in running {
            match what {
                "beds.all" => one(&mut counts, &row["county"], number(&row["day_beds"]) + number(&row["full_beds"])),
                "centres" => one(&mut counts, &row["county"], i64::from(is_centre(row))),
                "centres.socialised" => {
                    let social = matches!(
                        row["operator_type"].as_str(),
                        "ENTERPRISE" | "SOCIAL_ORG" | "INSTITUTION" | "PROPERTY"
                    );
                    one(&mut counts, &row["county"], i64::from(is_centre(row) && social));
                }
                "happiness_yards" => one(&mut counts, &row["county"], i64::from(row["type"] == "HAPPINESS_YARD")),
                "communities.day_care" | "communities_all.day_care" if yes(&row["has_day_care"]) => {
                    let key = (row["facility_id"].clone(), row["valid_from"].clone());
                    let served = self.served.get(&key).into_iter().flatten();
                    let urban = |village: &&String| what == "communities_all.day_care" || &village[9..12] < "200";
                    places.extend(served.filter(urban).cloned());
                }
                "townships.regional_centre" if row["type"] == "REGIONAL_CENTRE" => {
                    places.insert(row["region"][..9].to_owned());
                }
                "beds"
                | "beds.nursing"
                | "beds.bottom_line"
                | "beds.inclusive"
                | "communities.day_care"
                | "communities_all.day_care"
                | "townships.regional_centre" => {}
                _ => return None,
            }
        }
        if what == "townships.regional_centre" {
            let centres = self.open_institutions(day).filter(|row| yes(&row["regional_centre"]));
            places.extend(centres.filter(|row| row["region"].len() >= 9).map(|row| row["region"][..9].to_owned()));
        }
        places.iter().for_each(|place| one(&mut counts, &place[..6], 1));
        Some(counts)
    }

    fn designated(&self, institution: &str, day: &str, question: impl Fn(&Row) -> bool) -> Option<i64> {
        let valid = |row: &&Row| {
            row["valid_from"].as_str() <= day
                && (row["valid_to"].is_empty() || row["valid_to"].as_str() >= day)
                && (row["revoked_on"].is_empty() || row["revoked_on"].as_str() > day)
        };
        let held = self.designations.get(institution).into_iter().flatten();
        held.filter(valid).filter(|row| question(row)).map(|row| number(&row["places"])).max()
    }

    /// C13: everybody who cares for children, once, where they began first.
    fn carers(&self, certified: bool, day: &str) -> Counts {
        // Person → (hired, post, county) of the first post, and whether any post has a valid certificate.
        let mut found: HashMap<&str, ((&str, &str, &str), bool)> = HashMap::new();
        let open = self.childcare_facts.iter().filter(|row| {
            holds(row, "valid_from", "valid_to", day) && yes(&row["operating"]) && row["opened_on"].as_str() <= day
        });
        for institution in open {
            for post in self.staff.get(&institution["institution_id"]).into_iter().flatten() {
                let facts = self.staff_facts[&post["id"]].iter().find(|row| holds(row, "valid_from", "valid_to", day));
                let Some(facts) = facts.filter(|_| holds(post, "hired_on", "left_on", day)) else { continue };
                let cares = facts["role"] == "CARER" || facts["role"] == "PRINCIPAL" && yes(&facts["on_floor"]);
                if !cares {
                    continue;
                }
                let until = facts["certificate_until"].as_str();
                let has = facts["certificate"] != "NONE" && (until.is_empty() || until >= day);
                let began = (post["hired_on"].as_str(), post["id"].as_str(), institution["county"].as_str());
                let person = found.entry(&self.people[&post["person_id"]]).or_insert((began, false));
                person.0 = person.0.min(began);
                person.1 |= has;
            }
        }
        let mut counts = Counts::new();
        for ((.., county), has) in found.into_values() {
            *counts.entry(county.to_owned()).or_default() += i64::from(has || !certified);
        }
        counts
    }

    fn childcare(&self, what: &str, day: &str) -> Option<Counts> {
        if let "staff.carers" | "staff.certified" = what {
            return Some(self.carers(what == "staff.certified", day));
        }
        let mut counts = Counts::new();
        for row in &self.childcare_facts {
            let open =
                holds(row, "valid_from", "valid_to", day) && yes(&row["operating"]) && row["opened_on"].as_str() <= day;
            if !open {
                continue;
            }
            let id = row["institution_id"].as_str();
            let places = || -> i64 {
                let classes = self.classes.get(id).into_iter().flatten();
                let open = classes.filter(|class| holds(class, "opened_on", "closed_on", day));
                open.filter_map(|class| {
                    self.class_facts[&class["id"]].iter().find(|facts| holds(facts, "valid_from", "valid_to", day))
                })
                .map(|facts| number(&facts["places"]))
                .sum()
            };
            let filed = || {
                let state = self
                    .filings
                    .get(id)
                    .into_iter()
                    .flatten()
                    .find(|state| holds(state, "valid_from", "valid_to", day));
                state.is_some_and(|state| matches!(state["state"].as_str(), "FILED" | "CHANGE_PENDING"))
            };
            let shown = |county_too: bool| {
                let level = |row: &Row| {
                    row["kind"] == "DEMONSTRATION"
                        && (county_too || row["level"] != "COUNTY" && row["level"] != "UNSPECIFIED")
                };
                i64::from(self.designated(id, day, level).is_some())
            };
            let kind = row["kind"].as_str();
            let many = match what {
                "institutions" => 1,
                "institutions.standalone" => i64::from(kind == "STANDALONE"),
                "institutions.kindergarten" => i64::from(kind == "KINDERGARTEN_CLASS"),
                "institutions.other" => i64::from(kind != "STANDALONE" && kind != "KINDERGARTEN_CLASS"),
                "institutions.demo" => shown(false),
                "institutions.demo_any" => shown(true),
                "smart_pilots" => i64::from(yes(&row["smart_pilot"])),
                "places" => places(),
                "places.filed" => {
                    if filed() {
                        places()
                    } else {
                        0
                    }
                }
                "places.inclusive" if row["ownership"] == "PUBLIC" => places(),
                "places.inclusive" => self
                    .designated(id, day, |row| row["kind"] == "INCLUSIVE")
                    .map_or(0, |recognised| recognised.min(places())),
                _ => return None,
            };
            *counts.entry(row["county"].clone()).or_default() += many;
        }
        Some(counts)
    }

    fn education(&self, what: &str, day: &str) -> Option<Counts> {
        let mut counts = Counts::new();
        let mut seen = BTreeSet::new();
        for row in self.schools.iter().filter(|row| holds(row, "valid_from", "valid_to", day)) {
            let established = yes(&row["established"]);
            let shown = || {
                let held = self.demonstrations.get(&row["school_id"]).into_iter().flatten();
                held.filter(|one| one["valid_from"].as_str() <= day)
                    .filter(|one| one["valid_to"].is_empty() || one["valid_to"].as_str() >= day)
                    .any(|one| one["revoked_on"].is_empty() || one["revoked_on"].as_str() > day)
            };
            let counted = match what {
                "universities.county" => established && row["tier"] == "COUNTY",
                "townships.school" => established && row["tier"] == "TOWNSHIP" && seen.insert(row["region"].clone()),
                "villages.point" => established && row["tier"] == "VILLAGE" && seen.insert(row["region"].clone()),
                "demo" => row["state"] == "OPEN" && shown(),
                _ => return None,
            };
            *counts.entry(row["county"].clone()).or_default() += i64::from(counted);
        }
        Some(counts)
    }

    fn finance(&self, what: &str, day: &str) -> Option<Counts> {
        let mut counts = Counts::new();
        let step = what.strip_prefix("projects.central_").and_then(|rest| rest.strip_suffix("_fen"));
        for project in &self.projects {
            let id = &project["id"];
            let cancelled = project["course"] == "CANCELLED" && project["course_since"].as_str() <= day;
            let reached = |stages: &[&str]| {
                let all = self.stages.get(id).into_iter().flatten();
                all.filter(|one| one["reached_on"].as_str() <= day).any(|one| stages.contains(&one["stage"].as_str()))
            };
            const DONE: [&str; 4] = ["COMPLETED", "ACCEPTED", "SETTLED", "OPERATING"];
            let many = match (what, step) {
                (_, Some(step)) => self
                    .funds
                    .iter()
                    .filter(|row| row["project_id"] == *id && row["source"] == "CENTRAL_BUDGET_INVEST")
                    .filter(|row| row["step"] == step.to_uppercase() && row["entry_on"].as_str() <= day)
                    .map(|row| number(&row["amount_fen"]))
                    .sum(),
                ("projects", _) => i64::from(!cancelled && reached(&["RESERVE"])),
                ("projects.started", _) => {
                    i64::from(!cancelled && (reached(&DONE) || reached(&["STARTED", "BUILDING"])))
                }
                ("projects.completed", _) => i64::from(!cancelled && reached(&DONE)),
                ("projects.invested_fen", _) => {
                    let told = self.progress.get(id).into_iter().flatten();
                    let known = told.filter(|row| row["state"] == "CONFIRMED" && row["period_end"].as_str() <= day);
                    known.max_by_key(|row| row["period_end"].clone()).map_or(0, |row| number(&row["cumulated_fen"]))
                }
                _ => return None,
            };
            *counts.entry(project["county"].clone()).or_default() += many;
        }
        Some(counts)
    }

    fn supervision(&self, element: &str, day: &str) -> Option<Counts> {
        let mut counts = Counts::new();
        if element.starts_with("plan.") {
            for task in &self.tasks {
                let counted = match element {
                    "plan.tasks" => task["start_on"].as_str() <= day,
                    "plan.tasks.done" => task["state"] == "DONE" && task["closed_on"].as_str() <= day,
                    _ => return None,
                };
                *counts.entry(task["region"].clone()).or_default() += i64::from(counted);
            }
            return Some(counts);
        }
        for entry in &self.work {
            let counted = self.work_elements[&entry["type"]] == element
                && entry["state"] == "ACCEPTED"
                && entry["dated_on"].as_str() <= day;
            let many = if counted { number(&entry["quantity"]) } else { 0 };
            *counts.entry("530400".to_owned()).or_default() += many;
            if !entry["county"].is_empty() {
                *counts.entry(entry["county"].clone()).or_default() += many;
            }
        }
        Some(counts)
    }
}
