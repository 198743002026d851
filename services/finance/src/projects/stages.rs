//! 阶段: how far a project has come. Each stage that was reached has its day and document; the stage of a day is the
//! furthest one reached by then. Rules only.
//!
//! ```text
//! 储备 → 申报 → 批复 → 投资计划下达 → 开工 → 在建 → 竣工 → 验收 → 竣工财务决算, 投用
//! ```
//!
//! A stage may be left out where a project has none (no application without central money), never what it rests on:
//! nothing starts without 批复, nothing is accepted before 竣工, nothing opens before 验收. 决算 and 投用 come in either
//! order.

use jiff::civil::Date;
use registry::{Coded, Fault};

/// 阶段, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Reserve,
    Applied,
    Approved,
    PlanReleased,
    Started,
    Building,
    Completed,
    Accepted,
    Settled,
    Operating,
}

impl Coded for Stage {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Reserve, "RESERVE"),
        (Self::Applied, "APPLIED"),
        (Self::Approved, "APPROVED"),
        (Self::PlanReleased, "PLAN_RELEASED"),
        (Self::Started, "STARTED"),
        (Self::Building, "BUILDING"),
        (Self::Completed, "COMPLETED"),
        (Self::Accepted, "ACCEPTED"),
        (Self::Settled, "SETTLED"),
        (Self::Operating, "OPERATING"),
    ];
}

impl Stage {
    /// As people read it in the history.
    pub fn label(self) -> &'static str {
        match self {
            Stage::Reserve => "储备",
            Stage::Applied => "申报",
            Stage::Approved => "批复",
            Stage::PlanReleased => "投资计划下达",
            Stage::Started => "开工",
            Stage::Building => "在建",
            Stage::Completed => "竣工",
            Stage::Accepted => "验收",
            Stage::Settled => "竣工财务决算",
            Stage::Operating => "投用",
        }
    }

    /// What must have been reached before.
    fn rests_on(self) -> Option<Stage> {
        match self {
            Stage::Reserve => None,
            Stage::Applied | Stage::Approved => Some(Stage::Reserve),
            Stage::PlanReleased | Stage::Started => Some(Stage::Approved),
            Stage::Building | Stage::Completed => Some(Stage::Started),
            Stage::Accepted => Some(Stage::Completed),
            Stage::Settled | Stage::Operating => Some(Stage::Accepted),
        }
    }

    /// Stages that an authority grants by a document.
    fn needs_document(self) -> bool {
        matches!(self, Stage::Approved | Stage::PlanReleased | Stage::Accepted | Stage::Settled)
    }

    /// True when it cannot come after the other.
    fn precedes(self, other: Stage) -> bool {
        self < other && (self, other) != (Stage::Settled, Stage::Operating)
    }
}

/// A stage that was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    pub stage: Stage,
    pub on: Date,
    /// 文号; empty where the stage needs none.
    pub document_number: String,
}

/// The stages of one project, in order; never empty: a project is in 储备 from the day it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stages(Vec<Reached>);

impl Stages {
    pub fn listed(on: Date, document_number: &str) -> Self {
        Stages(vec![Reached { stage: Stage::Reserve, on, document_number: document_number.to_owned() }])
    }

    /// From what is stored, in any order; `None` without 储备.
    pub fn of(mut reached: Vec<Reached>) -> Option<Self> {
        reached.sort_by_key(|one| one.stage);
        reached.first().is_some_and(|first| first.stage == Stage::Reserve).then_some(Stages(reached))
    }

    pub fn all(&self) -> &[Reached] {
        &self.0
    }

    /// The furthest stage.
    pub fn newest(&self) -> &Reached {
        &self.0[self.0.len() - 1]
    }

    /// The day a stage was reached.
    pub fn on(&self, stage: Stage) -> Option<Date> {
        self.0.iter().find(|one| one.stage == stage).map(|one| one.on)
    }

    /// True when a stage at or after this one was reached.
    pub fn is_at_least(&self, stage: Stage) -> bool {
        self.newest().stage >= stage
    }

    /// Registers a stage, or its true day and document when it was registered before. DOCUMENT_MISSING,
    /// STAGE_RESTS_ON, STAGE_DATE_ORDER, NOTHING_CHANGED.
    pub fn reach(&mut self, reached: Reached) -> Result<(), Fault> {
        let Reached { stage, on, .. } = reached;
        if stage.needs_document() && reached.document_number.is_empty() {
            let message = format!("登记“{}”请填写文号", stage.label());
            return Err(Fault::cell("document_number", "DOCUMENT_MISSING", message));
        }
        if let Some(base) = stage.rests_on().filter(|base| self.on(*base).is_none()) {
            let message = format!("尚未登记“{}”，不能登记“{}”", base.label(), stage.label());
            return Err(Fault::conflict("STAGE_RESTS_ON", message));
        }
        if self.0.contains(&reached) {
            return Err(Fault::conflict("NOTHING_CHANGED", "所填内容与登记一致，没有变更"));
        }
        let misplaced = |other: &&Reached| {
            (other.stage.precedes(stage) && other.on > on) || (stage.precedes(other.stage) && other.on < on)
        };
        if let Some(other) = self.0.iter().find(misplaced) {
            let message =
                format!("“{}”的日期{on}与已登记的“{}”日期{}先后不符", stage.label(), other.stage.label(), other.on);
            return Err(Fault::cell("on", "STAGE_DATE_ORDER", message));
        }
        self.0.retain(|one| one.stage != stage);
        self.0.push(reached);
        self.0.sort_by_key(|one| one.stage);
        Ok(())
    }

    /// Takes back the furthest stage; STAGE_RESERVE_STAYS.
    pub fn withdraw(&mut self) -> Result<Reached, Fault> {
        if let [_, .., _] = self.0.as_slice()
            && let Some(newest) = self.0.pop()
        {
            return Ok(newest);
        }
        Err(Fault::conflict("STAGE_RESERVE_STAYS", "项目仍在储备阶段，没有可撤回的阶段登记；不再实施的请办理“取消”"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reached(stage: Stage, on: &str) -> Reached {
        Reached { stage, on: on.parse().unwrap(), document_number: "文".into() }
    }

    #[test]
    fn stages_rest_on_others_keep_their_order_and_can_be_taken_back() {
        let mut stages = Stages::listed("2023-01-08".parse().unwrap(), "");
        let mut reason = |stage, on| stages.reach(reached(stage, on)).err().map(|fault| fault.reason);
        assert_eq!(reason(Stage::Started, "2023-03-01"), Some("STAGE_RESTS_ON"));
        assert_eq!(reason(Stage::Approved, "2023-01-07"), Some("STAGE_DATE_ORDER"));
        assert_eq!(reason(Stage::Approved, "2023-02-01"), None);
        assert_eq!(reason(Stage::Started, "2023-03-01"), None);
        // An application that was left out is registered later, with its day.
        assert_eq!(reason(Stage::Applied, "2023-02-02"), Some("STAGE_DATE_ORDER"));
        assert_eq!(reason(Stage::Applied, "2023-01-20"), None);
        assert_eq!(reason(Stage::Applied, "2023-01-20"), Some("NOTHING_CHANGED"));
        assert_eq!(reason(Stage::Completed, "2024-03-01"), None);
        assert_eq!(reason(Stage::Operating, "2024-05-01"), Some("STAGE_RESTS_ON"));
        assert_eq!(reason(Stage::Accepted, "2024-04-01"), None);
        assert_eq!(reason(Stage::Operating, "2024-05-01"), None);
        assert_eq!(reason(Stage::Settled, "2025-05-01"), None, "决算 after 投用");
        assert_eq!(stages.newest().stage, Stage::Operating);
        assert_eq!(stages.withdraw().unwrap().stage, Stage::Operating);
        assert_eq!(stages.newest().stage, Stage::Settled);
        let bare = Reached { document_number: String::new(), ..reached(Stage::Accepted, "2024-04-02") };
        assert_eq!(stages.reach(bare).unwrap_err().reason, "DOCUMENT_MISSING");
        let mut new = Stages::listed("2023-01-08".parse().unwrap(), "");
        assert_eq!(new.withdraw().unwrap_err().reason, "STAGE_RESERVE_STAYS");
    }

    proptest! {
        #[test]
        fn whatever_is_registered_nothing_starts_unapproved_and_dates_follow_the_stages(
            acts in prop::collection::vec((0usize..10, 1i8..28, any::<bool>()), 0..40)
        ) {
            let mut stages = Stages::listed(jiff::civil::date(2023, 1, 1), "");
            for (stage, day, back) in acts {
                if back {
                    let _ = stages.withdraw();
                    continue;
                }
                let on = jiff::civil::date(2023, 1, day);
                let _ = stages.reach(Reached { stage: Stage::CODES[stage].0, on, document_number: "文".into() });
            }
            for pair in stages.all().windows(2) {
                prop_assert!(pair[0].on <= pair[1].on || !pair[0].stage.precedes(pair[1].stage));
            }
            prop_assert!(!stages.is_at_least(Stage::Started) || stages.on(Stage::Approved).is_some());
            prop_assert!(stages.on(Stage::Operating).is_none() || stages.on(Stage::Accepted).is_some());
        }
    }
}
