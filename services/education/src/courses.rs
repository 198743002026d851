//! 课程 (dictionary §5.4): what schools teach. One code is one course of the county, or the city, that set it up. Rules
//! only: no SQL, no contract, no clock.

pub mod door;
pub mod import;
pub mod service;
pub mod store;

use jiff::civil::Date;
use registry::{Coded, Event};
use uuid::Uuid;

/// 门类.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    Politics,
    Painting,
    Vocal,
    Dance,
    Instrument,
    Health,
    Smartphone,
    Language,
    History,
    Craft,
    Sport,
    Home,
    LocalCulture,
    Other,
}

impl Coded for Category {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Politics, "POLITICS"),
        (Self::Painting, "PAINTING"),
        (Self::Vocal, "VOCAL"),
        (Self::Dance, "DANCE"),
        (Self::Instrument, "INSTRUMENT"),
        (Self::Health, "HEALTH"),
        (Self::Smartphone, "SMARTPHONE"),
        (Self::Language, "LANGUAGE"),
        (Self::History, "HISTORY"),
        (Self::Craft, "CRAFT"),
        (Self::Sport, "SPORT"),
        (Self::Home, "HOME"),
        (Self::LocalCulture, "LOCAL_CULTURE"),
        (Self::Other, "OTHER"),
    ];
}

/// 授课方式.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    OnSite,
    Online,
    Mixed,
}

impl Coded for Mode {
    const CODES: &'static [(Self, &'static str)] =
        &[(Self::OnSite, "ON_SITE"), (Self::Online, "ONLINE"), (Self::Mixed, "MIXED")];
}

/// What a row states of a course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub code: String,
    pub name: String,
    pub category: Category,
    pub mode: Mode,
    /// 学时, one or more.
    pub hours: i64,
}

/// One course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    pub id: Uuid,
    pub version: i64,
    /// The county or city that set it up.
    pub region: String,
    pub facts: Facts,
}

/// What to save.
#[derive(Clone, Debug)]
pub struct Change {
    pub course: Course,
    pub event: Event,
}

/// Sets up a course.
pub fn set_up(id: Uuid, region: &str, facts: Facts, on: Date) -> Change {
    let course = Course { id, version: 1, region: region.to_owned(), facts };
    Change { course, event: Event::note(on, "设置课程") }
}

/// Brings a course to what a row states; `None` when it states nothing new.
pub fn revise(known: &Course, facts: Facts, on: Date) -> Option<Change> {
    if known.facts == facts {
        return None;
    }
    Some(Change { course: Course { facts, ..known.clone() }, event: Event::note(on, "变更课程") })
}
