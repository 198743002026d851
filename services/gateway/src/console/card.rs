//! A core indicator's card, and the row of a further target.

use super::bullet::Bullet;
use super::facts;
use super::page::stale_label;
use super::words::{Badge, Lamp, amount, figure_in, indicator_href, period_title};
use crate::view::{BureauList, IndicatorList, IndicatorView};

/// One card: lamp and status, name, value, bullet, gap, parts, then date, owner and completeness.
#[derive(Clone, Debug)]
pub(super) struct Card {
    pub(super) lamp: Lamp,
    pub(super) badge: Option<Badge>,
    /// How loud the card is: ok, yellow, red, grey.
    pub(super) tone: &'static str,
    pub(super) name: String,
    pub(super) href: String,
    /// Value and unit.
    pub(super) value: Option<(String, String)>,
    pub(super) bullet: Option<Bullet>,
    pub(super) baseline: String,
    pub(super) expected: String,
    pub(super) target: String,
    pub(super) gap: String,
    /// The parts, or what is missing of them.
    pub(super) parts: Vec<String>,
    pub(super) date: String,
    pub(super) stale: bool,
    pub(super) owner: String,
    pub(super) owners: String,
    pub(super) completeness: String,
}

impl Card {
    pub(super) fn of(indicator: &IndicatorView, list: &IndicatorList, bureaus: &BureauList) -> Self {
        let lamp = Lamp::of(&indicator.lamp, &indicator.status);
        let stale = if indicator.stale { stale_label(&indicator.sources, bureaus) } else { None };
        let mut parts =
            if indicator.value.is_some() { facts::parts(indicator) } else { facts::missing_short(indicator) };
        if indicator.value.is_some() {
            parts.extend(Some(facts::absent(indicator)).filter(|absent| !absent.is_empty()));
        }
        Card {
            lamp,
            badge: Badge::of(&indicator.status),
            tone: if lamp.code == "green" { "ok" } else { lamp.code },
            name: indicator.name.clone(),
            href: indicator_href(&indicator.code, &list.region, &list.period),
            value: indicator.value.as_deref().map(|value| amount(value, &indicator.unit)),
            bullet: facts::bullet_of(indicator),
            baseline: figure_in(indicator.baseline.as_deref(), &indicator.unit),
            expected: figure_in(indicator.expected.as_deref(), &indicator.unit),
            target: facts::target(indicator),
            gap: facts::gap(indicator),
            parts,
            stale: stale.is_some(),
            date: stale.unwrap_or_else(|| period_title(&list.period)),
            owner: facts::owner_short(indicator),
            owners: facts::owners(indicator),
            completeness: facts::completeness(indicator),
        }
    }
}

/// Cards under one heading.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) title: String,
    pub(super) cards: Vec<Card>,
}

/// 约束性 first, then by category in the plan's order: 养老 · 预期性, 托育 · 预期性.
pub(super) fn groups(list: &IndicatorList, bureaus: &BureauList) -> Vec<Group> {
    let mut groups = vec![Group { title: "约束性".to_owned(), cards: Vec::new() }];
    for indicator in list.indicators.iter().filter(|indicator| indicator.core) {
        let binding = indicator.obligation == "约束性";
        let title = match binding {
            true => indicator.obligation.clone(),
            false => format!("{} · {}", indicator.category, indicator.obligation),
        };
        let card = Card::of(indicator, list, bureaus);
        match groups.iter_mut().find(|group| group.title == title) {
            Some(group) => group.cards.push(card),
            None => groups.push(Group { title, cards: vec![card] }),
        }
    }
    groups.retain(|group| !group.cards.is_empty());
    groups
}

/// A target outside the plan's indicator table.
#[derive(Clone, Debug)]
pub(super) struct FurtherRow {
    pub(super) name: String,
    pub(super) href: String,
    pub(super) obligation: String,
    pub(super) value: Option<(String, String)>,
    pub(super) badge: Option<Badge>,
    pub(super) expected: String,
    pub(super) target: String,
    pub(super) gap: String,
    pub(super) lamp: Lamp,
    pub(super) owners: String,
}

/// Rows of one category.
#[derive(Clone, Debug)]
pub(super) struct Further {
    pub(super) category: String,
    pub(super) rows: Vec<FurtherRow>,
}

/// The targets outside the indicator table, by category in the plan's order.
pub(super) fn further(list: &IndicatorList) -> Vec<Further> {
    let mut all: Vec<Further> = Vec::new();
    for indicator in list.indicators.iter().filter(|indicator| !indicator.core) {
        let row = FurtherRow {
            name: indicator.name.clone(),
            href: indicator_href(&indicator.code, &list.region, &list.period),
            obligation: indicator.obligation.clone(),
            value: indicator.value.as_deref().map(|value| amount(value, &indicator.unit)),
            badge: Badge::of(&indicator.status),
            expected: figure_in(indicator.expected.as_deref(), &indicator.unit),
            target: facts::target(indicator),
            gap: match facts::gap(indicator) {
                // The column beside it says the same.
                text if text.starts_with("方案要求") => "对照所列目标".to_owned(),
                text => text,
            },
            lamp: Lamp::of(&indicator.lamp, &indicator.status),
            owners: facts::owners(indicator),
        };
        match all.iter_mut().find(|further| further.category == indicator.category) {
            Some(further) => further.rows.push(row),
            None => all.push(Further { category: indicator.category.clone(), rows: vec![row] }),
        }
    }
    all
}
