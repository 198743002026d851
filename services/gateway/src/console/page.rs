//! What surrounds a page's content: head, context bar with its choice of place and time, and the state of the data.

use super::nav::Entry;
use super::words::{href, instant, period_title};
use super::{Frame, Person};
use crate::view::{BureauList, BureauView, SourceView};

/// Everything `base.html` needs.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) brand: String,
    pub(super) synthetic: bool,
    /// Where the form of the context bar leads.
    pub(super) action: String,
    /// The overview of the same place and time.
    pub(super) home: String,
    pub(super) nav: Vec<Entry>,
    pub(super) person: Option<Person>,
    /// Where to sign in and come back; empty on the sign-in page itself.
    pub(super) signin: String,
    /// Beginning of the idempotency keys of this page's forms.
    pub(super) form_key: String,
    /// Address of the stylesheet: a new one with every content.
    pub(super) stylesheet: &'static str,
    /// None on a page that looks at no place and time.
    pub(super) context: Option<Context>,
}

/// 地区、报告期、定版、方案.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) regions: Vec<Choice>,
    pub(super) periods: Vec<Choice>,
    pub(super) region_name: String,
    pub(super) period_title: String,
    pub(super) as_of: String,
    pub(super) plan: String,
    /// Empty where the view does not name it.
    pub(super) region_edition: String,
}

#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) title: String,
    pub(super) chosen: bool,
}

impl Page {
    /// Looks at no place and time.
    pub(super) fn bare(frame: Option<&Frame>) -> Self {
        Page {
            brand: frame.map_or_else(|| "“一老一小”协同平台".to_owned(), |frame| frame.city_title.clone()),
            synthetic: frame.is_some_and(|frame| frame.synthetic),
            action: "/".to_owned(),
            home: "/".to_owned(),
            nav: frame.map_or_else(|| super::nav::entries(None, ""), |frame| frame.nav.clone()),
            person: frame.and_then(|frame| frame.person.clone()),
            signin: frame.map(|frame| frame.signin.clone()).unwrap_or_default(),
            form_key: frame.map(|frame| frame.form_key.clone()).unwrap_or_default(),
            stylesheet: super::stylesheet_address(),
            context: None,
        }
    }

    pub(super) fn at(
        frame: &Frame,
        action: String,
        (region, region_name): (&str, &str),
        period: &str,
        as_of: &str,
    ) -> Self {
        Page {
            action,
            home: href("/", region, period),
            context: Some(Context {
                regions: choices(&frame.region_options, region, region_name),
                periods: choices(&frame.period_options, period, &period_title(period)),
                region_name: region_name.to_owned(),
                period_title: period_title(period),
                as_of: instant(as_of),
                plan: frame.plan_title.clone(),
                region_edition: String::new(),
            }),
            ..Page::bare(Some(frame))
        }
    }

    /// The token of the signed-in person's forms.
    pub(super) fn csrf(&self) -> &str {
        self.person.as_ref().map_or("", |person| &person.csrf_token)
    }

    pub(super) fn with_region_edition(mut self, edition: &str) -> Self {
        if let Some(context) = &mut self.context {
            context.region_edition = edition.to_owned();
        }
        self
    }
}

/// The options with the present one chosen, which is added when it is none of them.
fn choices(options: &[(String, String)], present: &str, title: &str) -> Vec<Choice> {
    let mut all: Vec<Choice> = options
        .iter()
        .map(|(value, title)| Choice { value: value.clone(), title: title.clone(), chosen: value == present })
        .collect();
    if !all.iter().any(|choice| choice.chosen) {
        all.insert(0, Choice { value: present.to_owned(), title: title.to_owned(), chosen: true });
    }
    all
}

/// How fresh one bureau's figures are, in words.
#[derive(Clone, Debug)]
pub(super) struct BureauRow {
    pub(super) title: String,
    /// live, stale, off or wait: how the mark is drawn.
    pub(super) class: &'static str,
    pub(super) state: String,
    pub(super) last_contact: String,
    pub(super) last_published: String,
    pub(super) sequence: String,
    pub(super) reason: String,
}

/// All bureaus in words.
pub(super) fn bureau_rows(bureaus: &BureauList) -> Vec<BureauRow> {
    bureaus.bureaus.iter().map(bureau_row).collect()
}

fn bureau_row(bureau: &BureauView) -> BureauRow {
    let time = |at: &Option<String>| at.as_deref().map_or_else(|| "—".to_owned(), instant);
    let (class, state, said) = match bureau.state.as_str() {
        "live" => ("live", "实时跟随".to_owned(), ""),
        "stale" => ("stale", format!("截至 {}", time(&bureau.stale_since)), "暂时联系不上，已收到的数字仍然有效"),
        "diverged" => ("off", "数据链不一致".to_owned(), "停止接收新数据，等待人工核查；已收到的数字保留"),
        "waiting" => ("wait", "尚未联通".to_owned(), "还没有收到过该部门的数据"),
        other => ("wait", other.to_owned(), ""),
    };
    let reason = if bureau.reason.is_empty() { said } else { &bureau.reason };
    BureauRow {
        title: bureau.title.clone(),
        class,
        state,
        last_contact: time(&bureau.last_contact),
        last_published: time(&bureau.last_published_at),
        sequence: if bureau.sequence == 0 {
            "—".to_owned()
        } else {
            super::words::grouped(&bureau.sequence.to_string())
        },
        reason: reason.to_owned(),
    }
}

/// What people call a bureau.
pub(super) fn bureau_title<'b>(bureaus: &'b BureauList, name: &'b str) -> &'b str {
    bureaus.bureaus.iter().find(|bureau| bureau.name == name).map_or(name, |bureau| &bureau.title)
}

/// “截至 T”: since when the oldest of the bureaus behind these sources is silent. None when all are reachable.
pub(super) fn stale_label(sources: &[SourceView], bureaus: &BureauList) -> Option<String> {
    let stale: Vec<&SourceView> = sources.iter().filter(|source| source.stale).collect();
    let since = stale.iter().filter_map(|source| {
        let bureau = bureaus.bureaus.iter().find(|bureau| bureau.name == source.bureau)?;
        bureau.stale_since.as_deref().or(bureau.last_contact.as_deref())
    });
    let oldest = since.min().or_else(|| stale.iter().map(|source| source.published_at.as_str()).max())?;
    Some(format!("截至 {}", instant(oldest)))
}
