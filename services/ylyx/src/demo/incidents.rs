//! What goes wrong in the demonstration city, so that every state of the software can be seen: late counties, reports
//! sent back, exemptions, entries on behalf, corrections, a withdrawal, and a last month that is not all in yet.

use city::period::Period;

use super::growth::{LAST_MONTH, end_of, lot};

/// How far a report comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Published,
    /// Handed in a week after the deadline, published on its own.
    Late,
    /// Sent back once, mended, published with the others.
    SentBackOnce,
    OnBehalf,
    Exempt,
    NotStarted,
    Draft,
    Submitted,
    Reviewed,
    SentBack,
    Recalled,
}

/// Form, county, period.
const ONCE: [(&str, &str, &str, Fate); 5] = [
    ("elderly-quarterly", "530426", "2026-Q1", Fate::Exempt),
    ("medical-monthly", "530425", "2026-07", Fate::OnBehalf),
    ("childcare-monthly", "530428", "2026-05", Fate::SentBackOnce),
    ("elderly-monthly", "530424", "2026-02", Fate::SentBackOnce),
    ("finance-monthly", "530427", "2026-04", Fate::SentBackOnce),
];

/// Form and county: where the last month stands today.
const TODAY: [(&str, &str, Fate); 8] = [
    ("elderly-community-monthly", "530426", Fate::Submitted),
    ("health-elderly-monthly", "530427", Fate::Reviewed),
    ("health-elderly-monthly", "530428", Fate::NotStarted),
    ("medical-monthly", "530481", Fate::Recalled),
    ("finance-monthly", "530424", Fate::Draft),
    ("finance-monthly", "530428", Fate::NotStarted),
    ("finance-monthly", "530423", Fate::SentBack),
    ("elderly-community-monthly", "530424", Fate::Late),
];

/// One in so many reports is late.
const ONE_LATE_IN: u64 = 37;

pub(super) fn fate(form: &str, region: &str, period: Period) -> Fate {
    let code = period.to_string();
    if let Some((.., fate)) = ONCE.iter().find(|(f, r, p, _)| (*f, *r, *p) == (form, region, code.as_str())) {
        return *fate;
    }
    let (year, month) = LAST_MONTH;
    if period == Period::Month(year, month) {
        let found = TODAY.iter().find(|(f, r, _)| (*f, *r) == (form, region));
        return found.map_or(Fate::Published, |(.., fate)| *fate);
    }
    let recent = end_of(period) >= (2025, 1);
    if recent && region.ends_with(['3', '4', '5', '7', '8']) && lot(&[form, region, &code]).is_multiple_of(ONE_LATE_IN)
    {
        return Fate::Late;
    }
    Fate::Published
}

/// A published figure that is mended later.
pub(super) struct Correction {
    /// It is noticed after this month.
    noticed: (i16, i8),
    pub(super) form: &'static str,
    pub(super) regions: &'static [&'static str],
    pub(super) period: &'static str,
    pub(super) element: &'static str,
    /// What each county's figure changes by.
    pub(super) add: i64,
    pub(super) reason: &'static str,
}

const CORRECTIONS: [Correction; 4] = [
    Correction {
        noticed: (2026, 1),
        form: "childcare-monthly",
        regions: &["530423"],
        period: "2025-12",
        element: "childcare.children.enrolled",
        add: -41,
        reason: "填报错误：转园儿童在两家机构重复计入，按儿童去重后更正",
    },
    Correction {
        noticed: (2026, 4),
        form: "elderly-community-monthly",
        regions: &["530427"],
        period: "2026-03",
        element: "elderly.home_adaptations",
        add: 3,
        reason: "填报错误：漏计3户3月31日验收的改造户",
    },
    Correction {
        noticed: (2026, 5),
        form: "population-annual",
        regions: &["530402", "530400"],
        period: "2025",
        element: "population.resident",
        add: 2_150,
        reason: "基础数据更新：统计公报定案数",
    },
    Correction {
        noticed: (2026, 7),
        form: "health-elderly-monthly",
        regions: &["530481"],
        period: "2026-06",
        element: "health.elderly65.managed",
        add: 318,
        reason: "填报错误：补录乡镇卫生院纸质体检表",
    },
];

/// What is mended after a month.
pub(super) fn corrections(month: (i16, i8)) -> impl Iterator<Item = &'static Correction> {
    CORRECTIONS.iter().filter(move |correction| correction.noticed == month)
}

/// A publication that is taken back.
pub(super) struct Withdrawal {
    noticed: (i16, i8),
    pub(super) form: &'static str,
    pub(super) region: &'static str,
    pub(super) period: &'static str,
    pub(super) reason: &'static str,
}

const WITHDRAWALS: [Withdrawal; 1] = [Withdrawal {
    noticed: (2026, 9),
    form: "finance-monthly",
    region: "530424",
    period: "2026-08",
    reason: "拨付数误计省级补助资金，撤销后另行核定",
}];

/// What is taken back after a month.
pub(super) fn withdrawals(month: (i16, i8)) -> impl Iterator<Item = &'static Withdrawal> {
    WITHDRAWALS.iter().filter(move |withdrawal| withdrawal.noticed == month)
}
