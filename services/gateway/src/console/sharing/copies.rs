//! 数据订阅 and 人员比对.

use askama::Template;
use kit::{Problem, Result};
use proto::childcare::{MatchStaffResponse, Staff};
use proto::contract::{FeedState, FeedStatus};
use proto::trust::MatchedBatch;

use super::{Lamp, Tabs, at, or_nothing};
use crate::console::page::{Choice, Page};
use crate::console::people::{Faults, chosen};
use crate::console::{Frame, grouped};
use crate::sharing::{Gaps, Walked, label, titles};
use contract::bureau::title as bureau_title;

/// The copies of every bureau.
pub(crate) struct CopiesView {
    pub(crate) tabs: Tabs,
    pub(crate) rows: Vec<(String, FeedStatus)>,
    pub(crate) gaps: Gaps,
    pub(crate) bureaus: Vec<(String, String)>,
    pub(crate) sources: Vec<(String, String)>,
    /// Bureau, source, state.
    pub(crate) chosen: [String; 3],
}

/// 数据订阅.
pub(crate) fn list(frame: &Frame, it: &CopiesView) -> Result<String> {
    let troubled = it.rows.iter().filter(|(_, feed)| !matches!(feed.state(), FeedState::Current | FeedState::Off));
    CopiesPage {
        page: Page::bare(Some(frame)),
        bureaus: chosen(&it.bureaus, &it.chosen[0]),
        sources: chosen(&it.sources, &it.chosen[1]),
        filtered: it.chosen.iter().any(|one| !one.is_empty()),
        troubled: troubled.count(),
        off: it.rows.iter().filter(|(_, feed)| feed.state() == FeedState::Off).count(),
        it,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "sharing_copies.html")]
struct CopiesPage<'a> {
    page: Page,
    bureaus: Vec<Choice>,
    sources: Vec<Choice>,
    filtered: bool,
    troubled: usize,
    off: usize,
    it: &'a CopiesView,
}

impl CopiesPage<'_> {
    fn nothing(&self) -> String {
        let walked: Walked<()> = Walked { rows: Vec::new(), next: String::new(), gaps: self.it.gaps.clone() };
        walked.nothing("数据订阅", self.filtered)
    }

    /// The source's answer stands until the copy asks again: a right that was given since shows a minute later.
    fn refused(&self, feed: &FeedStatus) -> bool {
        feed.state() == FeedState::Refused
    }

    /// The worse, the heavier: as every lamp.
    fn lamp(&self, feed: &FeedStatus) -> Lamp {
        match feed.state() {
            FeedState::Current => Lamp { code: "green", word: "同步" },
            FeedState::Behind => Lamp { code: "yellow", word: "追赶中" },
            FeedState::Copying => Lamp { code: "yellow", word: "正在复制" },
            FeedState::Refused => Lamp { code: "red", word: "被拒绝" },
            FeedState::Stale => Lamp { code: "red", word: "联系不上" },
            FeedState::Waiting => Lamp { code: "grey", word: "等待连接" },
            FeedState::Off | FeedState::Unspecified => Lamp { code: "grey", word: "未配置" },
        }
    }

    fn bureau<'b>(&self, name: &'b str) -> &'b str {
        bureau_title(name)
    }

    fn register<'f>(&self, feed: &'f FeedStatus) -> &'f str {
        titles::feed(&feed.feed)
    }

    fn number(&self, number: &u64) -> String {
        grouped(&number.to_string())
    }

    fn at(&self, micros: &i64) -> String {
        at(*micros)
    }
}

/// The reason code in words; a code that is new stands for itself.
fn refusal(reason: &str) -> &str {
    match reason {
        "AGREEMENTS_UNUSABLE" => "协议文件无法使用",
        "AGREEMENT_ENDED" => "协议已终止",
        "AGREEMENT_UNKNOWN" => "没有这项协议",
        "BATCH_OUT_OF_ORDER" => "批次顺序不对",
        "DATE_INVALID" => "日期写法不对",
        "DAY_NOT_ANSWERED" => "不答复该日期",
        "MATCH_BUSY" => "同时比对过多",
        "MATCH_CAP_REACHED" => "超出24小时数量上限",
        "MATCH_ENUMERATION" => "疑似逐人试探，已停止",
        "MATCH_KEY_UNKNOWN" => "密钥不符",
        "MATCH_NOT_STARTED" => "未先发送起始信息",
        "PURPOSE_NOT_AGREED" => "用途与授权不符",
        "QUESTION_NOT_AGREED" => "协议未约定此问题",
        "TOKENS_INVALID" => "令牌不合规或重复",
        other => other,
    }
}

/// What bureaus were asked about people.
pub(crate) struct BatchesView {
    pub(crate) tabs: Tabs,
    pub(crate) walked: Walked<MatchedBatch>,
    pub(crate) bureaus: Vec<(String, String)>,
    /// Bureau, agreement, refusals only.
    pub(crate) chosen: [String; 3],
    pub(crate) first: String,
    pub(crate) next: String,
    pub(crate) may_match: bool,
    pub(crate) today: String,
}

/// 人员比对.
pub(crate) fn batches(frame: &Frame, it: &BatchesView) -> Result<String> {
    let filtered = it.chosen.iter().any(|one| !one.is_empty());
    BatchesPage {
        page: Page::bare(Some(frame)),
        bureaus: chosen(&it.bureaus, &it.chosen[0]),
        filtered,
        nothing: it.walked.nothing("其他部门的询问记录", filtered),
        listed: !it.bureaus.is_empty() || !it.walked.gaps.down.is_empty(),
        heading: if it.bureaus.len() == 1 {
            "其他部门询问本部门的记录"
        } else {
            "部门之间的询问记录"
        },
        refusals: it.walked.rows.iter().filter(|(_, batch)| !batch.refused.is_empty()).count(),
        it,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "sharing_matching.html")]
struct BatchesPage<'a> {
    page: Page,
    bureaus: Vec<Choice>,
    filtered: bool,
    /// What an empty list says.
    nothing: String,
    /// The person may read what some bureau was asked; whoever may only ask is shown no list.
    listed: bool,
    heading: &'static str,
    refusals: usize,
    it: &'a BatchesView,
}

impl BatchesPage<'_> {
    fn bureau<'b>(&self, name: &'b str) -> &'b str {
        bureau_title(name)
    }

    fn at(&self, micros: &i64) -> String {
        at(*micros)
    }

    fn number(&self, number: &u64) -> String {
        grouped(&number.to_string())
    }

    fn or_nothing<'t>(&self, text: &'t str) -> &'t str {
        or_nothing(text)
    }

    fn purpose(&self, code: &str) -> String {
        titles::purpose(code)
    }

    fn refusal<'r>(&self, reason: &'r str) -> &'r str {
        refusal(reason)
    }

    fn question<'q>(&self, question: &'q str) -> &'q str {
        match question {
            "REGISTERED" => "是否在册",
            other => other,
        }
    }
}

/// What seniors' education answered about childcare's staff.
pub(crate) struct MatchedView<'a> {
    pub(crate) tabs: Tabs,
    pub(crate) as_of: &'a str,
    pub(crate) answer: Option<&'a MatchStaffResponse>,
    pub(crate) problem: Option<&'a Problem>,
}

/// The result of a comparison.
pub(crate) fn matched(frame: &Frame, it: &MatchedView<'_>) -> Result<String> {
    let page = MatchedPage { page: Page::bare(Some(frame)), faults: Faults(it.problem), it };
    page.render().map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "sharing_matched.html")]
struct MatchedPage<'a> {
    page: Page,
    faults: Faults<'a>,
    it: &'a MatchedView<'a>,
}

impl MatchedPage<'_> {
    fn role(&self, staff: &Staff) -> String {
        label("ylyx.childcare.v1.StaffRole", staff.role)
    }

    fn href(&self, staff: &Staff) -> String {
        contract::register::register("childcare.staff")
            .map(|register| crate::console::registers::record_address(register, &staff.id))
            .unwrap_or_default()
    }

    fn number(&self, number: &u64) -> String {
        grouped(&number.to_string())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_refusal_has_words() {
        for reason in trust::matching::REASONS {
            assert_ne!(super::refusal(reason), *reason);
        }
    }
}
