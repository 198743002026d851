//! What the demonstration's registers hold: one room per bureau. Names of people and places below the village are
//! invented.

pub(super) mod childcare;
pub(super) mod education;
pub(super) mod elderly_care;
pub(super) mod finance;
mod staff;
pub(super) mod supervision;

use city::bundle::City;
use jiff::civil::Date;

/// A place of the city with the names that people use.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) code: String,
    pub(super) county: String,
    pub(super) county_name: String,
    pub(super) name: String,
}

/// Every township, one county after the other in turn, so that whatever is handed out in order reaches all counties.
pub(super) fn townships(city: &City) -> Vec<Place> {
    let by_county: Vec<Vec<Place>> = city
        .regions
        .counties()
        .into_iter()
        .map(|county| {
            let towns = city.regions.children(&county.code);
            towns.map(|town| place(&town.code, &county.code, &county.short_name, &town.name)).collect()
        })
        .collect();
    in_turn(by_county)
}

/// Every village, county after county in turn.
pub(super) fn villages(city: &City) -> Vec<Place> {
    let by_county: Vec<Vec<Place>> = city
        .regions
        .counties()
        .into_iter()
        .map(|county| {
            let towns: Vec<_> = city.regions.children(&county.code).collect();
            let villages = towns.iter().flat_map(|town| {
                city.regions.children(&town.code).map(|village| {
                    place(&village.code, &county.code, &county.short_name, &format!("{}{}", town.name, village.name))
                })
            });
            villages.collect()
        })
        .collect();
    in_turn(by_county)
}

fn place(code: &str, county: &str, county_name: &str, name: &str) -> Place {
    Place {
        code: code.to_owned(),
        county: county.to_owned(),
        county_name: county_name.to_owned(),
        name: name.to_owned(),
    }
}

fn in_turn(groups: Vec<Vec<Place>>) -> Vec<Place> {
    let longest = groups.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest).flat_map(|at| groups.iter().filter_map(move |group| group.get(at).cloned())).collect()
}

pub(super) fn day(year: i16, month: i8, day: i8) -> Date {
    Date::new(year, month, day).unwrap_or_default()
}

/// A credit code with a right check character (GB 32100-2015): a 社会服务机构 of a county, numbered.
pub(super) fn uscc(county: &str, number: usize) -> String {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let body = format!("52{county}MJ{number:07}");
    let value = |byte| ALPHABET.iter().position(|letter| *letter == byte).unwrap_or(0);
    let weighed = body.bytes().enumerate().map(|(at, byte)| value(byte) * (0..at).fold(1, |weight, _| weight * 3 % 31));
    let sum: usize = weighed.sum();
    format!("{body}{}", char::from(ALPHABET[(31 - sum % 31) % 31]))
}

/// The resident number of the n-th person who does not exist: no county has the code 530499.
pub(super) fn resident(n: usize) -> String {
    let (year, month, day) = (1962 + n * 7 % 40, 1 + n % 12, 1 + n * 5 % 28);
    let body = format!("530499{year}{month:02}{day:02}{:03}", n / 336 % 1000);
    let weighed = body.bytes().enumerate().map(|(at, byte)| usize::from(byte - b'0') * ((1 << (17 - at)) % 11));
    let sum: usize = weighed.sum();
    format!("{body}{}", char::from(b"10X98765432"[sum % 11]))
}

/// An invented name: the given name says that nobody bears it.
pub(super) fn name(n: usize) -> String {
    let surnames: Vec<char> = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜".chars().collect();
    let given = ["虚", "构", "拟", "设"];
    let at = n / surnames.len();
    format!("{}{}{}", surnames[n % surnames.len()], given[at % 4], ["", "一", "二", "三", "四", "五"][at / 4 % 6])
}

/// Words that invented places are named with.
pub(super) const LUCKY: [&str; 16] = [
    "福寿", "康宁", "安和", "颐乐", "瑞祥", "松鹤", "长青", "仁爱", "金秋", "和顺", "怡康", "吉祥", "益寿", "乐享",
    "春晖", "明德",
];

/// The same for the small.
pub(super) const CHEERFUL: [&str; 16] = [
    "阳光",
    "童乐",
    "小星星",
    "七彩",
    "萌芽",
    "向日葵",
    "小天使",
    "摇篮",
    "蓓蕾",
    "童心",
    "晨曦",
    "小荷",
    "春芽",
    "慧心",
    "花朵",
    "小树苗",
];
