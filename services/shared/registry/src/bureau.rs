//! What every room of a registry needs: the city's reference data, the database, the clock.

use std::sync::Arc;

use city::bundle::City;
use city::calendar::CalendarMissing;
use city::region::Level;
use jiff::civil::Date;
use kit::{Clock, Db, Problem, Result, Tx};
use trust::Caller;
use trust::matching::ask::Asking;
use trust::persons::Persons;

use crate::fault::Fault;
use crate::feed::Feeds;
use crate::history::Author;

/// A bureau's service, as the rooms of its registries see it. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Bureau {
    pub city: Arc<City>,
    pub db: Db,
    pub clock: Clock,
    /// The people that the service keeps; none where its registers know of none.
    pub persons: Option<Persons>,
    /// How it asks other bureaus about people; none in tests of a register by itself.
    pub asking: Option<Asking>,
    /// What wakes and ends those who follow its registers.
    pub feeds: Feeds,
}

/// A place as rows name it, and the county that counts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub region: String,
    pub county: String,
}

impl Bureau {
    /// A bureau whose feeds nobody follows yet.
    pub fn new(city: Arc<City>, db: Db, clock: Clock) -> Self {
        Bureau { city, db, clock, persons: None, asking: None, feeds: Feeds::default() }
    }

    /// Makes a change of a register durable, and wakes those who follow it.
    pub async fn commit(&self, tx: Tx) -> Result<()> {
        tx.commit().await?;
        self.feeds.announce();
        Ok(())
    }

    /// The city's own region code.
    pub fn city_code(&self) -> &str {
        &self.city.code
    }

    pub fn is_county(&self, code: &str) -> bool {
        self.city.regions.get(code).is_some_and(|region| region.level == Level::County)
    }

    /// A region that exists, or REGION_UNKNOWN.
    pub fn region(&self, field: &str, code: &str) -> Result<()> {
        match self.city.regions.get(code) {
            Some(_) => Ok(()),
            None => Err(Problem::field(field, "REGION_UNKNOWN", format!("没有代码为“{code}”的地区"))),
        }
    }

    /// Codes of regions nest by prefix from the county down; the city's is that of its counties without the last two
    /// digits.
    pub fn prefix(&self, code: &str) -> String {
        if code == self.city_code() { code.trim_end_matches("00").to_owned() } else { code.to_owned() }
    }

    /// Prefixes for a list's filter; an empty region asks for everything.
    pub fn region_filter(&self, field: &str, code: &str) -> Result<Option<Vec<String>>> {
        if code.is_empty() {
            return Ok(None);
        }
        self.region(field, code)?;
        Ok(Some(vec![self.prefix(code)]))
    }

    /// True when `inner` is `outer` or below it.
    pub fn covers(&self, outer: &str, inner: &str) -> bool {
        self.city.regions.is_within(inner, outer)
    }

    /// A region's name for people; its code where it has none.
    pub fn name_of(&self, code: &str) -> String {
        self.city.regions.get(code).map_or_else(|| code.to_owned(), |region| region.name.clone())
    }

    /// The place that a cell names, by code or by name: a county or below. A name is sought within a region first, and
    /// in the whole city after, so that a row of another county is told so. REGION_UNKNOWN (also for a name that two
    /// places have), REGION_TOO_WIDE.
    pub fn place(&self, within: &str, cell: &str) -> Result<Place, Fault> {
        let cell = cell.trim();
        let regions = &self.city.regions;
        let found =
            regions.get(cell).or_else(|| regions.find(within, cell)).or_else(|| regions.find(&self.city.code, cell));
        let Some(region) = found else {
            let message = if cell.is_empty() {
                "请填写所在地区".to_owned()
            } else {
                format!("没有代码或名称为“{cell}”的地区，或有多个同名地区，请填写区划代码")
            };
            return Err(Fault::cell("region", "REGION_UNKNOWN", message));
        };
        let Some(county) = regions.county_of(&region.code) else {
            return Err(Fault::cell("region", "REGION_TOO_WIDE", "所在地区须具体到县（市、区）或以下"));
        };
        Ok(Place { region: region.code.clone(), county: county.code.clone() })
    }

    /// The n-th working day after a day, by the city's calendar; CALENDAR_MISSING for a year without one.
    pub fn working_days_after(&self, day: Date, days: u32) -> Result<Date> {
        self.city
            .calendar
            .add_working_days(day, days)
            .map_err(|missing| Problem::state(CalendarMissing::REASON, missing.to_string()))
    }

    /// The people of this service, for a register that keeps some.
    pub fn persons(&self) -> Result<&Persons> {
        self.persons.as_ref().ok_or_else(|| Problem::internal("this service keeps no people"))
    }

    /// Who acts, as history names them.
    pub fn author(&self, caller: &Caller) -> Result<Author> {
        Ok(Author { by: caller.user()?.signed(), clock: self.clock.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn bureau() -> (Bureau, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path().join("registry.db").to_str().unwrap()).await.unwrap();
        let clock = Clock::set_to("2025-11-05T02:00:00Z".parse().unwrap());
        (Bureau::new(City::embedded(), db, clock), folder)
    }

    #[tokio::test]
    async fn answers_are_due_by_the_working_days_of_the_city() {
        let bureau = bureau().await.0;
        let due = |day: &str| bureau.working_days_after(day.parse().unwrap(), 5);
        // 1–8 October are holidays, Saturday the 11th is worked.
        assert_eq!(due("2025-09-30").unwrap().to_string(), "2025-10-14");
        assert_eq!(due("2035-01-01").unwrap_err().reason, "CALENDAR_MISSING");
    }

    #[tokio::test]
    async fn a_place_is_found_by_code_or_name_and_its_county_counts_it() {
        let bureau = bureau().await.0;
        let place = |cell: &str| bureau.place("530402", cell);
        assert_eq!(place("玉兴街道").unwrap().region, "530402001");
        assert_eq!(place(" 530402001 ").unwrap().county, "530402");
        assert_eq!(place("澄江市").unwrap().county, "530481");
        assert_eq!(place("无名镇").unwrap_err().reason, "REGION_UNKNOWN");
        assert_eq!(place("530400").unwrap_err().reason, "REGION_TOO_WIDE");
        assert!(bureau.covers("530400", "530402001") && !bureau.covers("530402", "530481"));
        assert_eq!(bureau.prefix("530400"), "5304");
        assert_eq!(bureau.prefix("530402001"), "530402001");
    }
}
