//! 共享授权: the rights of all bureaus, one right with its steps, and the application.

use askama::Template;
use contract::catalogue::Entry;
use contract::columns::Column;
use kit::{Problem, Result};
use proto::trust::{AccessRight, AccessRightAct, AccessRightDetail, AccessRightState};

use super::{Tabs, at, or_nothing};
use crate::console::page::{Choice, Page};
use crate::console::people::{Faults, chosen};
use crate::console::{Frame, escaped};
use crate::session::Fields;
use crate::sharing::titles::{entry, purpose, title};
use crate::sharing::{Walked, label};
use contract::bureau::title as bureau_title;

/// What may be done with a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Check,
    Review,
    Grant,
    Reject,
    Suspend,
    Resume,
    End,
}

impl Act {
    const ALL: [Act; 7] = [Act::Check, Act::Review, Act::Grant, Act::Reject, Act::Suspend, Act::Resume, Act::End];

    /// As forms and addresses name it.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Act::Check => "check",
            Act::Review => "review",
            Act::Grant => "grant",
            Act::Reject => "reject",
            Act::Suspend => "suspend",
            Act::Resume => "resume",
            Act::End => "end",
        }
    }

    pub(crate) fn of(code: &str) -> Option<Act> {
        Act::ALL.into_iter().find(|act| act.code() == code)
    }

    pub(crate) fn path(self) -> &'static str {
        match self {
            Act::Check => "/ylyx.trust.v1.AccessRightService/CheckAccessRight",
            Act::Review => "/ylyx.trust.v1.AccessRightService/ReviewAccessRight",
            Act::Grant => "/ylyx.trust.v1.AccessRightService/GrantAccessRight",
            Act::Reject => "/ylyx.trust.v1.AccessRightService/RejectAccessRight",
            Act::Suspend => "/ylyx.trust.v1.AccessRightService/SuspendAccessRight",
            Act::Resume => "/ylyx.trust.v1.AccessRightService/ResumeAccessRight",
            Act::End => "/ylyx.trust.v1.AccessRightService/EndAccessRight",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Act::Check => "形式检查通过",
            Act::Review => "审核通过",
            Act::Grant => "授权",
            Act::Reject => "驳回",
            Act::Suspend => "暂停",
            Act::Resume => "恢复",
            Act::End => "终止",
        }
    }

    pub(crate) fn done(self) -> &'static str {
        match self {
            Act::Check => "形式检查已通过",
            Act::Review => "审核已通过",
            Act::Grant => "已授权",
            Act::Reject => "已驳回",
            Act::Suspend => "已暂停，正在进行的调用随即中断",
            Act::Resume => "已恢复",
            Act::End => "已终止，需要时重新申请",
        }
    }

    /// It moves the right on, and is the button that stands out.
    fn forward(self) -> bool {
        matches!(self, Act::Check | Act::Review | Act::Grant | Act::Resume)
    }
}

/// The page of a right.
pub(crate) fn href(bureau: &str, id: &str) -> String {
    format!("/sharing/rights/{}/{}", escaped(bureau), escaped(id))
}

/// The state's label, and the class that draws it.
fn state(right: &AccessRight) -> (String, &'static str) {
    let class = match right.state() {
        AccessRightState::Granted if right.in_force => "ok",
        AccessRightState::Applied | AccessRightState::Checked | AccessRightState::Reviewed => "ask",
        AccessRightState::Suspended => "red",
        _ => "grey",
    };
    let expired = right.state() == AccessRightState::Granted && !right.in_force;
    let word = if expired { "已到期".to_owned() } else { named(right.state) };
    (word, class)
}

fn named(state: i32) -> String {
    label("ylyx.trust.v1.AccessRightState", state)
}

/// A page of rights.
pub(crate) struct RightsView {
    pub(crate) tabs: Tabs,
    pub(crate) walked: Walked<AccessRight>,
    pub(crate) states: Vec<(String, String)>,
    pub(crate) providers: Vec<(String, String)>,
    pub(crate) consumers: Vec<(String, String)>,
    /// State, provider, consumer, due.
    pub(crate) chosen: [String; 4],
    pub(crate) first: String,
    pub(crate) next: String,
    pub(crate) may_apply: bool,
}

/// The list.
pub(crate) fn list(frame: &Frame, it: &RightsView) -> Result<String> {
    let overdue = it.walked.rows.iter().filter(|(_, right)| right.overdue).count();
    let filtered = it.chosen.iter().any(|one| !one.is_empty());
    RightsPage {
        page: Page::bare(Some(frame)),
        states: chosen(&it.states, &it.chosen[0]),
        providers: chosen(&it.providers, &it.chosen[1]),
        consumers: chosen(&it.consumers, &it.chosen[2]),
        filtered,
        nothing: it.walked.nothing("共享授权", filtered),
        overdue,
        it,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "sharing_rights.html")]
struct RightsPage<'a> {
    page: Page,
    states: Vec<Choice>,
    providers: Vec<Choice>,
    consumers: Vec<Choice>,
    filtered: bool,
    /// What an empty list says.
    nothing: String,
    overdue: usize,
    it: &'a RightsView,
}

impl RightsPage<'_> {
    fn title(&self, right: &AccessRight) -> String {
        title(&right.method)
    }

    fn href(&self, bureau: &str, right: &AccessRight) -> String {
        href(bureau, &right.id)
    }

    fn bureau<'b>(&self, name: &'b str) -> &'b str {
        bureau_title(name)
    }

    fn state(&self, right: &AccessRight) -> (String, &'static str) {
        state(right)
    }

    fn purpose(&self, right: &AccessRight) -> String {
        purpose(&right.purpose)
    }

    fn or_nothing<'t>(&self, text: &'t str) -> &'t str {
        or_nothing(text)
    }
}

/// One right.
pub(crate) struct RightView<'a> {
    pub(crate) tabs: Tabs,
    pub(crate) bureau: &'a str,
    pub(crate) right: &'a AccessRight,
    pub(crate) detail: &'a AccessRightDetail,
    pub(crate) acts: Vec<Act>,
    /// Why the next step is not this person's; empty where it may be.
    pub(crate) barred: &'static str,
    pub(crate) typed: &'a Fields,
    pub(crate) done: &'a str,
    pub(crate) problem: Option<&'a Problem>,
}

/// The page of one right.
pub(crate) fn show(frame: &Frame, it: &RightView<'_>) -> Result<String> {
    RightPage {
        page: Page::bare(Some(frame)),
        title: title(&it.right.method),
        state: state(it.right),
        fields: fields(it.right),
        facts: facts(it.bureau, it.right),
        faults: Faults(it.problem),
        grants: it.acts.contains(&Act::Grant),
        listed: entry(&it.right.method).map_or("", |entry| &entry.catalogue_number),
        it,
    }
    .render()
    .map_err(Problem::internal)
}

/// The titles of the fields that it is narrowed to.
fn fields(right: &AccessRight) -> Vec<String> {
    let entry = entry(&right.method);
    let title = |name: &String| {
        let inner = format!("{name}.");
        let fields = entry.map(|entry| entry.fields.as_slice()).unwrap_or_default();
        let field = fields.iter().find(|field| field.name == *name || field.name.starts_with(&inner));
        field.map(|field| field.title.clone()).filter(|title| !title.is_empty()).unwrap_or_else(|| name.clone())
    };
    right.fields.iter().map(title).collect()
}

fn facts(bureau: &str, right: &AccessRight) -> Vec<(&'static str, String)> {
    let step = |who: &str, micros: i64| match (who, micros) {
        (_, 0) => String::new(),
        ("", micros) => at(micros),
        (who, micros) => format!("{who}，{}", at(micros)),
    };
    let applied =
        if right.seeded { "建库时预置".to_owned() } else { step(&right.applied_by, right.applied_at_micros) };
    let until = if right.valid_until.is_empty() { "长期".to_owned() } else { right.valid_until.clone() };
    let facts = [
        ("提供部门", bureau_title(bureau).to_owned()),
        ("使用部门", right.consumer_title.clone()),
        ("接口", right.method.clone()),
        ("用途", purpose(&right.purpose)),
        ("申请依据", right.basis.clone()),
        ("有效期至", until),
        ("目录代码", right.catalogue_number.clone()),
        ("授权编号", right.authorisation_number.clone()),
        ("申请", applied),
        ("形式检查", step(&right.checked_by, right.checked_at_micros)),
        ("审核", step(&right.reviewed_by, right.reviewed_at_micros)),
        ("授权", step(&right.granted_by, right.granted_at_micros)),
    ];
    facts.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

#[derive(Template)]
#[template(path = "sharing_right.html")]
struct RightPage<'a> {
    page: Page,
    title: String,
    state: (String, &'static str),
    fields: Vec<String>,
    facts: Vec<(&'static str, String)>,
    faults: Faults<'a>,
    /// The next step asks for the catalogue's numbers.
    grants: bool,
    /// 目录代码 of the method; empty where none has been given, and the step has to bring one.
    listed: &'static str,
    it: &'a RightView<'a>,
}

impl RightPage<'_> {
    fn action(&self) -> String {
        href(self.it.bureau, &self.it.right.id)
    }

    /// The latest first.
    fn history(&self) -> Vec<(String, String, &AccessRightAct)> {
        let change = |act: &AccessRightAct| match (named(act.from_state), named(act.to_state)) {
            (from, to) if from.is_empty() || from == to => to,
            (from, to) => format!("{from} → {to}"),
        };
        self.it.detail.history.iter().rev().map(|act| (at(act.at_micros), change(act), act)).collect()
    }
}

/// What a method's contract lets be applied for.
pub(crate) struct Offered<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) title: String,
    pub(crate) providers: Vec<(String, String)>,
    pub(crate) consumers: Vec<(String, String)>,
    /// What the right may be narrowed to; required ones cannot be left out then.
    pub(crate) fields: Vec<Column>,
}

/// The application.
pub(crate) struct ApplyView<'a> {
    pub(crate) tabs: Tabs,
    pub(crate) methods: Vec<(String, String)>,
    /// `None` until the method is chosen.
    pub(crate) offered: Option<Offered<'a>>,
    pub(crate) typed: &'a Fields,
    pub(crate) problem: Option<&'a Problem>,
}

/// The form of an application.
pub(crate) fn apply(frame: &Frame, it: &ApplyView<'_>) -> Result<String> {
    let (providers, consumers) = match &it.offered {
        Some(offered) => (offered.providers.as_slice(), offered.consumers.as_slice()),
        None => (&[][..], &[][..]),
    };
    let purposes = it.offered.as_ref().map(|offered| offered.entry.purposes.as_slice()).unwrap_or_default();
    let purposes: Vec<(String, String)> = purposes.iter().map(|one| (one.clone(), purpose(one))).collect();
    ApplyPage {
        page: Page::bare(Some(frame)),
        methods: chosen(&it.methods, it.typed.get("method")),
        providers: chosen(providers, it.typed.get("provider")),
        consumers: chosen(consumers, it.typed.get("consumer")),
        purposes: chosen(&purposes, it.typed.get("purpose")),
        faults: Faults(it.problem),
        it,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "sharing_apply.html")]
struct ApplyPage<'a> {
    page: Page,
    methods: Vec<Choice>,
    providers: Vec<Choice>,
    consumers: Vec<Choice>,
    purposes: Vec<Choice>,
    faults: Faults<'a>,
    it: &'a ApplyView<'a>,
}

impl ApplyPage<'_> {
    fn ticked(&self, field: &str) -> bool {
        self.it.typed.all("fields").any(|one| one == field)
    }
}
