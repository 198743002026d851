//! Pages of sign-in, password and accounts.

use askama::Template;
use kit::{Problem, Result};

use super::Frame;
use super::page::{Choice, Page};

/// What was typed before a session ended, on its way to being posted again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The path it was posted to.
    pub action: String,
    pub fields: Vec<(String, String)>,
}

impl Kept {
    /// All of it in one hidden field.
    pub fn packed(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.fields).finish()
    }
}

/// The sign-in page.
#[derive(Clone, Debug, Default)]
pub struct SignIn<'a> {
    /// Why the person is here; empty: of their own will.
    pub message: &'a str,
    /// What went wrong.
    pub problem: Option<&'a Problem>,
    pub id: &'a str,
    /// Where to go afterwards.
    pub next: &'a str,
    pub kept: Option<Kept>,
}

/// 登录.
pub fn signin(frame: &Frame, signin: &SignIn<'_>) -> Result<String> {
    SignInPage { page: Page::bare(Some(frame)), it: signin }.render().map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "signin.html")]
struct SignInPage<'a> {
    page: Page,
    it: &'a SignIn<'a>,
}

/// 继续提交: what was kept, with one button. `problem` says why it was not taken at once.
pub fn resume(frame: &Frame, kept: &Kept, problem: Option<&Problem>) -> Result<String> {
    ResumePage { page: Page::bare(Some(frame)), kept, problem }.render().map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "resume.html")]
struct ResumePage<'a> {
    page: Page,
    kept: &'a Kept,
    problem: Option<&'a Problem>,
}

/// 修改密码.
pub fn password(frame: &Frame, must: bool, kept: Option<&Kept>, problem: Option<&Problem>) -> Result<String> {
    PasswordPage { page: Page::bare(Some(frame)), must, kept, faults: Faults(problem) }
        .render()
        .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage<'a> {
    page: Page,
    must: bool,
    kept: Option<&'a Kept>,
    faults: Faults<'a>,
}

/// What is wrong with a form, each fault beside its field.
#[derive(Clone, Copy, Debug)]
pub struct Faults<'a>(pub Option<&'a Problem>);

impl Faults<'_> {
    /// What is wrong with one field.
    pub fn at(&self, field: &str) -> Option<&str> {
        let fields = &self.0?.fields;
        fields.iter().find(|(name, _)| name == field).map(|(_, message)| message.as_str())
    }

    /// What belongs to no field.
    pub fn whole(&self) -> Option<&str> {
        self.0.filter(|problem| problem.fields.is_empty()).map(|problem| problem.message.as_str())
    }
}

/// One line of the list of accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    pub id: String,
    pub name: String,
    pub unit: String,
    pub region: String,
    /// 在用, 已停用, 锁定中, 待改密码.
    pub state: &'static str,
}

/// The list of accounts.
#[derive(Clone, Debug, Default)]
pub struct AccountList {
    pub rows: Vec<AccountRow>,
    pub text: String,
    pub state: String,
    /// Code, title.
    pub regions: Vec<(String, String)>,
    pub region: String,
    /// Address of the next page; empty: there is none.
    pub next: String,
    /// Address of the first page, when this is not it.
    pub first: String,
}

/// 账号.
pub fn accounts(frame: &Frame, list: &AccountList) -> Result<String> {
    let regions = chosen(&list.regions, &list.region);
    AccountsPage { page: Page::bare(Some(frame)), list, regions }.render().map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "accounts.html")]
struct AccountsPage<'a> {
    page: Page,
    list: &'a AccountList,
    regions: Vec<Choice>,
}

/// The form of a new account, with what was typed and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct NewForm<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub unit: &'a str,
    pub region: &'a str,
    /// Code, title: where the administrator may open accounts.
    pub regions: Vec<(String, String)>,
    /// Names of units to choose from.
    pub units: Vec<String>,
    pub problem: Option<&'a Problem>,
}

/// 新开账号.
pub fn new_account(frame: &Frame, form: &NewForm<'_>) -> Result<String> {
    let regions = chosen(&form.regions, form.region);
    NewAccountPage { page: Page::bare(Some(frame)), typed: form, regions, faults: Faults(form.problem) }
        .render()
        .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "account_new.html")]
struct NewAccountPage<'a> {
    page: Page,
    typed: &'a NewForm<'a>,
    regions: Vec<Choice>,
    faults: Faults<'a>,
}

/// A first password, shown once.
pub fn first_password(frame: &Frame, id: &str, name: &str, password: &str) -> Result<String> {
    FirstPasswordPage { page: Page::bare(Some(frame)), id, name, password }.render().map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "account_password.html")]
struct FirstPasswordPage<'a> {
    page: Page,
    id: &'a str,
    name: &'a str,
    password: &'a str,
}

/// A role of the account at one bureau, as a line with a button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRow {
    pub bureau: String,
    pub bureau_title: String,
    pub role: String,
    pub role_title: String,
    pub region: String,
    pub region_title: String,
    /// Whether this administrator may try to end it.
    pub may_end: bool,
}

/// One account with everything around it.
#[derive(Clone, Debug, Default)]
pub struct AccountView<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub unit: &'a str,
    pub region_title: String,
    pub state: &'static str,
    pub disabled: bool,
    pub created: String,
    /// The administrator's own account: nothing can be done to it here.
    pub own: bool,
    /// Why the account cannot be administered; empty: it can.
    pub barred: String,
    pub grants: Vec<GrantRow>,
    /// Titles of bureaus that did not answer.
    pub unknown: Vec<String>,
    /// Code and title, of bureaus, roles and regions to give.
    pub bureaus: Vec<(String, String)>,
    pub roles: Vec<(String, String)>,
    pub regions: Vec<(String, String)>,
    /// What was chosen in a form that was refused: bureau, role, region, reason.
    pub typed: [&'a str; 4],
    /// When, who, what, detail.
    pub events: Vec<[String; 4]>,
    /// What was done just now; empty: nothing.
    pub done: &'a str,
    pub problem: Option<&'a Problem>,
}

/// One account.
pub fn account(frame: &Frame, view: &AccountView<'_>) -> Result<String> {
    AccountPage {
        page: Page::bare(Some(frame)),
        bureaus: chosen(&view.bureaus, view.typed[0]),
        roles: chosen(&view.roles, view.typed[1]),
        regions: chosen(&view.regions, view.typed[2]),
        faults: Faults(view.problem),
        view,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage<'a> {
    page: Page,
    bureaus: Vec<Choice>,
    roles: Vec<Choice>,
    regions: Vec<Choice>,
    faults: Faults<'a>,
    view: &'a AccountView<'a>,
}

pub(super) fn chosen(options: &[(String, String)], present: &str) -> Vec<Choice> {
    options
        .iter()
        .map(|(value, title)| Choice { value: value.clone(), title: title.clone(), chosen: value == present })
        .collect()
}
