//! The verdict: one sentence computed from the data, and at most three leads with their owners.

use city::decimal::Decimal;

use super::bullet::units;
use super::facts;
use super::words::{Lamp, figure_in, indicator_href, period_spaced, with_unit};
use crate::view::{IndicatorList, IndicatorView};

/// A sentence with the part that hurts set off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sentence {
    pub(super) lead: String,
    pub(super) hit: String,
    pub(super) tail: String,
}

impl Sentence {
    fn plain(text: impl Into<String>) -> Self {
        Sentence { lead: text.into(), ..Sentence::default() }
    }

    /// A headline breaks at its commas, never between a number and its unit.
    fn held(self) -> Self {
        let held = |text: String| text.replace(' ', "\u{a0}");
        Sentence { lead: held(self.lead), hit: held(self.hit), tail: self.tail }
    }
}

/// How the core indicators of a place stand: the worst first, then what of it is 约束性.
pub(super) fn of_list(list: &IndicatorList) -> Sentence {
    stand(list).held()
}

fn stand(list: &IndicatorList) -> Sentence {
    let core: Vec<&IndicatorView> = list.indicators.iter().filter(|indicator| indicator.core).collect();
    if core.is_empty() {
        return Sentence::plain("方案尚未发布到本平台，暂无指标可看。");
    }
    let count = |state: State| core.iter().filter(|indicator| State::of(indicator) == state).count();
    let present: Vec<(usize, &str)> =
        State::ALL.into_iter().map(|state| (count(state), state.word())).filter(|(count, _)| *count > 0).collect();
    let lead = match present.as_slice() {
        [(all, word)] => format!("{all} 项指标全部{word}"),
        _ => {
            let parts: Vec<String> = present.iter().map(|(count, word)| format!("{count} 项{word}")).collect();
            format!("{} 项指标中 {}", core.len(), parts.join("、"))
        }
    };
    let binding: Vec<&IndicatorView> = core.iter().copied().filter(|one| one.obligation == "约束性").collect();
    if binding.is_empty() || present.len() == 1 {
        return Sentence::plain(format!("{lead}。"));
    }
    let of = |state: State| binding.iter().copied().filter(|one| State::of(one) == state).collect::<Vec<_>>();
    let lead = format!("{lead}；约束性 {} 项", binding.len());
    for state in [State::Red, State::Unknown, State::Yellow] {
        let those = of(state);
        match those.as_slice() {
            [] => {}
            all if all.len() == binding.len() => return hurt(state, lead, format!("全部{}", state.word())),
            [one] => return hurt(state, format!("{lead}中"), format!("{}{}", one.name, state.word())),
            some => return hurt(state, format!("{lead}中 "), format!("{} 项{}", some.len(), state.word())),
        }
    }
    let word = if of(State::Green).len() == binding.len() { "全部达序时" } else { "均无滞后" };
    Sentence::plain(format!("{lead}{word}。"))
}

fn hurt(state: State, lead: String, words: String) -> Sentence {
    match state {
        State::Red => Sentence { lead, hit: words, tail: "。".to_owned() },
        _ => Sentence::plain(format!("{lead}{words}。")),
    }
}

/// Worst first; grey is two things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Red,
    Yellow,
    Green,
    Unknown,
    Unjudged,
}

impl State {
    const ALL: [State; 5] = [State::Red, State::Yellow, State::Green, State::Unknown, State::Unjudged];

    fn of(indicator: &IndicatorView) -> Self {
        match indicator.lamp.as_str() {
            "red" => State::Red,
            "yellow" => State::Yellow,
            "green" => State::Green,
            _ if indicator.value.is_none() => State::Unknown,
            _ => State::Unjudged,
        }
    }

    fn word(self) -> &'static str {
        match self {
            State::Red => "严重滞后",
            State::Yellow => "滞后",
            State::Green => "达序时",
            State::Unknown => "暂不可计算",
            State::Unjudged => "有数未评价",
        }
    }
}

/// What to look at first, and who answers for it.
#[derive(Clone, Debug)]
pub(super) struct Lead {
    pub(super) lamp: Lamp,
    pub(super) title: String,
    pub(super) href: String,
    pub(super) text: String,
    pub(super) owners: String,
}

/// At most three: red before yellow before missing, 约束性 before the rest, else the plan's order.
pub(super) fn leads(list: &IndicatorList) -> Vec<Lead> {
    let rank = |indicator: &IndicatorView| {
        let worst = match State::of(indicator) {
            State::Red => 0,
            State::Yellow => 1,
            State::Unknown => 2,
            State::Green | State::Unjudged => return None,
        };
        Some((worst, indicator.obligation != "约束性"))
    };
    let mut late: Vec<(_, &IndicatorView)> = list
        .indicators
        .iter()
        .filter(|indicator| indicator.core)
        .filter_map(|indicator| Some((rank(indicator)?, indicator)))
        .collect();
    late.sort_by_key(|(rank, _)| *rank);
    late.into_iter().take(3).map(|(_, indicator)| lead(indicator, list)).collect()
}

fn lead(indicator: &IndicatorView, list: &IndicatorList) -> Lead {
    let value = indicator.value.as_deref().map_or_else(|| "—".to_owned(), |value| with_unit(value, &indicator.unit));
    let text = match (&indicator.value, indicator.missing.is_empty()) {
        (Some(_), _) => {
            format!("{}，序时应达 {}", facts::gap(indicator), figure_in(indicator.expected.as_deref(), &indicator.unit))
        }
        (None, true) => "来源数据未到，不可计算".to_owned(),
        (None, false) => facts::missing_short(indicator).join("；"),
    };
    Lead {
        lamp: Lamp::of(&indicator.lamp, &indicator.status),
        title: format!("{} {value}", indicator.name),
        href: indicator_href(&indicator.code, &list.region, &list.period),
        text,
        owners: facts::owners(indicator),
    }
}

/// How one indicator stands.
pub(super) fn of_indicator(indicator: &IndicatorView) -> Sentence {
    stands(indicator).held()
}

fn stands(indicator: &IndicatorView) -> Sentence {
    let Some(value) = indicator.value.as_deref() else { return without_value(indicator) };
    let shown = with_unit(value, &indicator.unit);
    let goal = facts::final_target(indicator).zip(indicator.gap.as_deref()).map(|(target, gap)| match gap {
        "0" => format!("已达{}目标 {}", period_spaced(&target.period), figure_in(Some(&target.value), &indicator.unit)),
        gap => format!(
            "距{}目标 {} 还差 {}",
            period_spaced(&target.period),
            figure_in(Some(&target.value), &indicator.unit),
            with_unit(gap, &indicator.gap_unit)
        ),
    });
    let path = path_words(indicator, value);
    match (path, goal, State::of(indicator)) {
        (Some(path), Some(goal), State::Red) => {
            Sentence { lead: format!("{shown}，{path}；"), hit: goal, tail: "。".to_owned() }
        }
        (Some(path), Some(goal), _) => Sentence::plain(format!("{shown}，{path}；{}。", goal.trim_start())),
        (None, Some(goal), _) => Sentence::plain(format!("{shown}，{goal}。")),
        (Some(path), None, _) => Sentence::plain(format!("{shown}，{path}。")),
        (None, None, _) => Sentence::plain(format!("{shown}；{}。", facts::gap(indicator))),
    }
}

fn without_value(indicator: &IndicatorView) -> Sentence {
    match (indicator.status.as_str(), indicator.target_text.as_str()) {
        ("not_counted", "") => Sentence::plain("方案只列出此项，没有可计算的口径。"),
        ("not_counted", text) => Sentence::plain(format!("方案要求“{text}”，按文字考核，不以数据计算。")),
        _ => match indicator.missing.len() {
            0 => Sentence::plain("暂不可计算。"),
            count => Sentence::plain(format!("暂不可计算，缺 {count} 项来源数据。")),
        },
    }
}

/// The value against the path, in 百分点 for percentages; None without a path.
fn path_words(indicator: &IndicatorView, value: &str) -> Option<String> {
    let expected = indicator.expected.as_deref()?;
    let below = match State::of(indicator) {
        State::Green => return Some(format!("达到序时应达的 {}", figure_in(Some(expected), &indicator.unit))),
        State::Red | State::Yellow => "低于",
        State::Unknown | State::Unjudged => return None,
    };
    match difference(expected, value).filter(|_| indicator.unit == "%") {
        Some(points) => Some(format!("{below}序时应达 {points} 个百分点")),
        None => Some(format!("{below}序时应达的 {}", figure_in(Some(expected), &indicator.unit))),
    }
}

/// How much `value` is below `expected`, of the numbers as shown; None when the rounded numbers do not differ.
pub(super) fn difference(expected: &str, value: &str) -> Option<String> {
    let (expected, value) = (expected.parse::<Decimal>().ok()?, value.parse::<Decimal>().ok()?);
    let scale = expected.scale.max(value.scale);
    let mantissa = units(&expected, scale)?.checked_sub(units(&value, scale)?)?;
    (mantissa > 0).then(|| Decimal { mantissa, scale }.to_string())
}
