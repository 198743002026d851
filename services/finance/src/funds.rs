//! 项目资金 (dictionary §5.5): what was applied for, released, received, paid out, spent and taken back, per project and
//! source. Rules only.
//!
//! On every day, not only today, and for every source: spent ≤ paid, paid + returned ≤ received ≤ released (V19), since
//! a figure of a past month is computed from the entries up to its last day. An application may be above what was
//! released. What the central sources have released never exceeds the project's total.

pub mod door;
pub mod import;
pub mod service;
pub mod store;

#[cfg(test)]
mod rules_test;

use std::collections::BTreeMap;

use jiff::civil::Date;
use registry::{Coded, Fault};
use uuid::Uuid;

use crate::money::wan_yuan;
use crate::projects::{Course, Project, central_above_total};

/// 资金来源.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    CentralBudgetInvest,
    CentralSubsidy,
    Province,
    City,
    County,
    LotteryCentral,
    LotteryProvince,
    LotteryCity,
    LotteryCounty,
    SpecialBond,
    BankLoan,
    Social,
    Donation,
}

impl Coded for Source {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::CentralBudgetInvest, "CENTRAL_BUDGET_INVEST"),
        (Self::CentralSubsidy, "CENTRAL_SUBSIDY"),
        (Self::Province, "PROVINCE"),
        (Self::City, "CITY"),
        (Self::County, "COUNTY"),
        (Self::LotteryCentral, "LOTTERY_CENTRAL"),
        (Self::LotteryProvince, "LOTTERY_PROVINCE"),
        (Self::LotteryCity, "LOTTERY_CITY"),
        (Self::LotteryCounty, "LOTTERY_COUNTY"),
        (Self::SpecialBond, "SPECIAL_BOND"),
        (Self::BankLoan, "BANK_LOAN"),
        (Self::Social, "SOCIAL"),
        (Self::Donation, "DONATION"),
    ];
}

impl Source {
    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Source::CentralBudgetInvest => "中央预算内投资",
            Source::CentralSubsidy => "中央财政补助",
            Source::Province => "省级财政",
            Source::City => "市级财政",
            Source::County => "县级财政",
            Source::LotteryCentral => "中央福彩公益金",
            Source::LotteryProvince => "省级福彩公益金",
            Source::LotteryCity => "市级福彩公益金",
            Source::LotteryCounty => "县级福彩公益金",
            Source::SpecialBond => "专项债",
            Source::BankLoan => "银行贷款",
            Source::Social => "社会资本",
            Source::Donation => "捐赠",
        }
    }

    /// Money of the central budget that goes to the project itself, for [`central_released`].
    pub fn is_central(self) -> bool {
        matches!(self, Source::CentralBudgetInvest | Source::CentralSubsidy)
    }
}

/// 资金环节.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Applied,
    Released,
    Received,
    Paid,
    Spent,
    Returned,
}

impl Coded for Step {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Applied, "APPLIED"),
        (Self::Released, "RELEASED"),
        (Self::Received, "RECEIVED"),
        (Self::Paid, "PAID"),
        (Self::Spent, "SPENT"),
        (Self::Returned, "RETURNED"),
    ];
}

impl Step {
    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Step::Applied => "申请",
            Step::Released => "下达",
            Step::Received => "到位",
            Step::Paid => "拨付",
            Step::Spent => "支出",
            Step::Returned => "收回",
        }
    }
}

/// One entry; never edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: Uuid,
    pub project_id: Uuid,
    pub source: Source,
    pub step: Step,
    /// Negative where it takes back another entry.
    pub amount_fen: i64,
    pub on: Date,
    pub document_number: String,
    pub note: String,
    pub recorded_by: String,
    /// The entry that this one takes back.
    pub reverses: Option<Uuid>,
}

/// Sums of one source by step, in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Money {
    pub applied: i64,
    pub released: i64,
    pub received: i64,
    pub paid: i64,
    pub spent: i64,
    pub returned: i64,
}

impl Money {
    fn add(&mut self, step: Step, fen: i64) {
        *match step {
            Step::Applied => &mut self.applied,
            Step::Released => &mut self.released,
            Step::Received => &mut self.received,
            Step::Paid => &mut self.paid,
            Step::Spent => &mut self.spent,
            Step::Returned => &mut self.returned,
        } += fen;
    }

    /// V19 for one source at the end of a day.
    fn check(&self, source: Source, day: Date) -> Result<(), Fault> {
        let above = |reason, more: &str, greater: i64, less: &str, bound: i64| {
            let (greater, bound) = (wan_yuan(greater), wan_yuan(bound));
            let message = format!("{}至{day}累计{more}{greater}，超过累计{less}{bound}", source.label());
            Err(Fault::cell("amount_fen", reason, message))
        };
        if self.received > self.released {
            return above("MONEY_RECEIVED_ABOVE_RELEASED", "到位", self.received, "下达", self.released);
        }
        if self.paid > self.received {
            return above("MONEY_PAID_ABOVE_RECEIVED", "拨付", self.paid, "到位", self.received);
        }
        if self.spent > self.paid {
            return above("MONEY_SPENT_ABOVE_PAID", "支出", self.spent, "拨付", self.paid);
        }
        if self.paid + self.returned > self.received {
            let moved = self.paid + self.returned;
            return above("MONEY_RETURNED_ABOVE_UNPAID", "拨付与收回", moved, "到位", self.received);
        }
        Ok(())
    }
}

/// The sums of each source that has entries.
pub fn by_source<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> BTreeMap<Source, Money> {
    let mut sums: BTreeMap<Source, Money> = BTreeMap::new();
    for entry in entries {
        sums.entry(entry.source).or_default().add(entry.step, entry.amount_fen);
    }
    sums
}

/// What the central sources have released, in fen.
pub fn central_released<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> i64 {
    by_source(entries).iter().filter(|(source, _)| source.is_central()).map(|(_, money)| money.released).sum()
}

/// The entries of one project, to decide upon.
#[derive(Clone, Debug)]
pub struct Book<'b> {
    pub project: &'b Project,
    pub entries: &'b [Entry],
}

impl Book<'_> {
    /// Whether a new entry may stand beside the others: MONEY_RECEIVED_ABOVE_RELEASED, MONEY_PAID_ABOVE_RECEIVED,
    /// MONEY_SPENT_ABOVE_PAID, MONEY_RETURNED_ABOVE_UNPAID, CENTRAL_ABOVE_TOTAL; for a cancelled project also
    /// PROJECT_CANCELLED, since it gets no more money.
    pub fn check(&self, new: &Entry) -> Result<(), Fault> {
        let more = matches!(new.step, Step::Applied | Step::Released | Step::Received) && new.reverses.is_none();
        if more && self.project.course == Course::Cancelled {
            self.project.check_not_cancelled()?;
        }
        let all = || self.entries.iter().chain([new]);
        let mut days: BTreeMap<Date, Vec<&Entry>> = BTreeMap::new();
        for entry in all().filter(|entry| entry.source == new.source) {
            days.entry(entry.on).or_default().push(entry);
        }
        let mut sums = Money::default();
        for (day, entries) in days {
            entries.iter().for_each(|entry| sums.add(entry.step, entry.amount_fen));
            sums.check(new.source, day)?;
        }
        let (released, total) = (central_released(all()), self.project.facts.total_fen);
        if new.source.is_central() && new.step == Step::Released && released > total {
            return Err(central_above_total("amount_fen", "累计下达中央资金", released, total));
        }
        Ok(())
    }

    /// What of an entry has not been taken back.
    pub fn remaining_fen(&self, entry: &Entry) -> i64 {
        let taken: i64 =
            self.entries.iter().filter(|one| one.reverses == Some(entry.id)).map(|one| one.amount_fen).sum();
        entry.amount_fen + taken
    }

    /// 冲正: the entry that takes back `amount_fen` of another, or all that remains of it. ENTRY_UNKNOWN,
    /// ENTRY_IS_REVERSAL, REVERSAL_ABOVE_REMAINING, DATES_REVERSED, and those of [`Book::check`].
    pub fn reverse(&self, wrong: Uuid, amount_fen: Option<i64>, by: Entry) -> Result<Entry, Fault> {
        let Some(wrong) = self.entries.iter().find(|entry| entry.id == wrong) else {
            return Err(Fault::conflict("ENTRY_UNKNOWN", "没有这笔资金记录"));
        };
        if wrong.reverses.is_some() {
            return Err(Fault::conflict("ENTRY_IS_REVERSAL", "冲正记录不能再冲正，请重新登记正确的金额"));
        }
        let remaining = self.remaining_fen(wrong);
        let taken = amount_fen.unwrap_or(remaining);
        if remaining == 0 || taken > remaining {
            let message = format!("该笔记录尚未冲正的金额为{}，不能冲正{}", wan_yuan(remaining), wan_yuan(taken));
            return Err(Fault::cell("amount_fen", "REVERSAL_ABOVE_REMAINING", message));
        }
        if by.on < wrong.on {
            let message = format!("冲正日期{}早于原记录日期{}", by.on, wrong.on);
            return Err(Fault::cell("on", "DATES_REVERSED", message));
        }
        let Entry { project_id, source, step, id, .. } = *wrong;
        let reversal = Entry { project_id, source, step, amount_fen: -taken, reverses: Some(id), ..by };
        self.check(&reversal)?;
        Ok(reversal)
    }
}

/// What the project's history says of an entry.
pub fn told(entry: &Entry) -> String {
    let Entry { source, step, amount_fen, note, .. } = entry;
    let what = format!("{}{}{}", source.label(), step.label(), wan_yuan(amount_fen.abs()));
    let act = if entry.reverses.is_some() { "冲正" } else { "登记资金" };
    if note.is_empty() { format!("{act}：{what}") } else { format!("{act}：{what}（{note}）") }
}
