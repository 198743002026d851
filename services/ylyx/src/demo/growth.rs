//! How the demonstration city grows: totals at the ends of years, straight lines between them, and shares of counties.
//! Integers only; everything is invented but for 2020, which is as the plan prints it.

use city::bundle::City;
use city::period::Period;

/// Totals at the ends of 2020, 2021, … 2026.
pub(super) type Ends = [i64; 7];

const FIRST_YEAR: i16 = 2020;

/// The months of which the city has monthly figures: the ends of 2021 to 2024, then every month to 2026-10.
pub(super) fn months() -> Vec<(i16, i8)> {
    let ends = (2021..=2024).map(|year| (year, 12));
    let monthly = (2025..=2026).flat_map(|year| (1..=12).map(move |month| (year, month)));
    ends.chain(monthly).filter(|month| *month <= LAST_MONTH).collect()
}

/// The last month that counties have reported on.
pub(super) const LAST_MONTH: (i16, i8) = (2026, 10);

/// The year and month in which a period ends.
pub(super) fn end_of(period: Period) -> (i16, i8) {
    let last = period.last_day();
    (last.year(), last.month())
}

/// The total at the end of a month.
pub(super) fn at(ends: &Ends, (year, month): (i16, i8)) -> i64 {
    let place = (year - FIRST_YEAR).clamp(1, 6) as usize;
    ends[place - 1] + (ends[place] - ends[place - 1]) * i64::from(month) / 12
}

/// The whole of a year.
pub(super) fn year(ends: &Ends, year: i16) -> i64 {
    ends[(year - FIRST_YEAR).clamp(0, 6) as usize]
}

/// What counties are weighed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    People,
    Villages,
    Communities,
}

/// Invented weights by resident population, by county code; a county that is not named weighs as much as a small one.
const PEOPLE: [(&str, i64); 9] = [
    ("530402", 589),
    ("530403", 254),
    ("530423", 287),
    ("530424", 194),
    ("530425", 154),
    ("530426", 144),
    ("530427", 263),
    ("530428", 199),
    ("530481", 166),
];

/// What a county weighs, and all counties together.
pub(super) fn weight(city: &City, by: By, county: &str) -> (i64, i64) {
    let of = |code: &str| match by {
        By::People => PEOPLE.iter().find(|(known, _)| *known == code).map_or(150, |(_, weight)| *weight),
        By::Villages => villages(city, code).len() as i64,
        By::Communities => villages(city, code).iter().filter(|village| is_community(village)).count() as i64,
    };
    (of(county), city.regions.counties().iter().map(|county| of(&county.code)).sum())
}

/// A county's part of a total. Rounded down, so that it never falls while the total grows.
pub(super) fn part(city: &City, by: By, county: &str, total: i64) -> i64 {
    let (own, all) = weight(city, by, county);
    if all == 0 { 0 } else { total * own / all }
}

/// Codes of a county's villages and communities.
pub(super) fn villages(city: &City, county: &str) -> Vec<String> {
    let towns = city.regions.children(county);
    towns.flat_map(|town| city.regions.children(&town.code)).map(|village| village.code.clone()).collect()
}

/// 居委会, by its code (统计用区划代码 001–199).
pub(super) fn is_community(village: &str) -> bool {
    village.get(9..12).is_some_and(|number| ("001"..="199").contains(&number))
}

/// A number that looks drawn and is always the same for the same words.
pub(super) fn lot(words: &[&str]) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    for byte in words.join("/").bytes() {
        state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    state ^ (state >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_meets_its_ends_and_parts_never_exceed_the_whole() {
        let ends = [100, 220, 340, 340, 400, 520, 640];
        assert_eq!((at(&ends, (2021, 12)), at(&ends, (2022, 6)), at(&ends, (2026, 12))), (220, 280, 640));
        let city = City::embedded();
        for by in [By::People, By::Villages, By::Communities] {
            let parts: i64 = city.regions.counties().iter().map(|county| part(&city, by, &county.code, 10_000)).sum();
            assert!((9_991..=10_000).contains(&parts), "{parts}");
        }
        assert_eq!(weight(&city, By::Villages, "530402").1, 718);
        assert_eq!(weight(&city, By::Communities, "530402").1, 289);
        assert_eq!((months().len(), months()[0], months()[25]), (26, (2021, 12), (2026, 10)));
    }
}
