//! A city as data: regions, units, calendar, elements, forms, import profiles and the plan, read from its folder and
//! checked once. Pure rules about them: periods, exact rates, alignments, working days.

pub mod answer;
pub mod bundle;
pub mod calendar;
pub mod decimal;
pub mod element;
pub mod form;
pub mod import_profile;
pub mod indicator;
pub mod observation;
pub mod organisation;
pub mod period;
pub mod plan;
pub mod region;
pub mod suppression;
pub mod tile;
pub mod work;
