//! 疑义校核: what looks wrong in data, told to the bureau that keeps it. Whoever uses data may open a ticket.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State as Shared};
use axum::http::Uri;
use axum::response::Response;
use axum::routing::get;
use kit::{Problem, Result};
use proto::reporting::{Element, Form};
use proto::trust::correction_subject::About;
use proto::trust::{
    AnswerCorrectionRequest, CloseCorrectionRequest, Correction, CorrectionDetail, CorrectionState, CorrectionSubject,
    FigureSubject, GetCorrectionRequest, ListCorrectionsRequest, ListCorrectionsResponse, OpenCorrectionRequest,
    RecordSubject,
};
use serde::Deserialize;

use super::{SHARERS, address, asking, tabs, to_send_again, with_status};
use crate::catalogue::Catalogue;
use crate::console::sharing::Tab;
use crate::console::sharing::corrections::{self, Kind, OpenView, TicketView, TicketsView};
use crate::desks::Desks;
use crate::http::{Front, READERS, pages};
use crate::query;
use crate::registers::words::Words;
use crate::session::door::see_other;
use crate::session::{Fields, Posted, SignedIn};
use crate::sharing::titles::{entries, title};
use crate::sharing::{
    ANSWER_CORRECTION, CLOSE_CORRECTION, GET_CORRECTION, LIST_CORRECTIONS, OPEN_CORRECTION, Walked, labels, may,
};
use contract::bureau::title as bureau_title;

const STATES: &str = "ylyx.trust.v1.CorrectionState";

pub(super) fn router() -> Router<Front> {
    Router::new()
        .route("/sharing/corrections", get(list))
        .route("/sharing/corrections/new", get(new).post(open))
        .route("/sharing/corrections/{bureau}/{id}", get(show).post(act))
}

/// Whoever reads data may doubt it.
pub(super) fn demand(person: &SignedIn) -> Result<()> {
    if person.holds_any(&READERS) || person.holds_any(&SHARERS) {
        return Ok(());
    }
    Err(Problem::forbidden("ROLE_MISSING", "疑义校核由使用数据的人员办理，您还没有任何部门的角色"))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Look {
    state: String,
    bureau: String,
    due: String,
    cursor: String,
}

async fn list(Shared(front): Shared<Front>, person: SignedIn, uri: Uri, Query(look): Query<Look>) -> Response {
    if let Err(problem) = demand(&person) {
        return pages::problem(&front, Some(&person), &uri, &problem);
    }
    let asking = asking(&front, &person);
    let all = asking.at(LIST_CORRECTIONS);
    let bureaus: Vec<String> =
        all.iter().filter(|name| look.bureau.is_empty() || **name == look.bureau).cloned().collect();
    let state = look.state.parse().unwrap_or_default();
    let request = |page| ListCorrectionsRequest { state, page: Some(page) };
    let split = |answer: ListCorrectionsResponse| (answer.corrections, answer.next_cursor);
    let keep = |one: &Correction| match look.due.as_str() {
        "overdue" => one.overdue,
        "due" => !one.due_on.is_empty(),
        "own" => one.own,
        _ => true,
    };
    let walked: Walked<Correction> =
        asking.walk((&bureaus, LIST_CORRECTIONS), &look.cursor, &request, split, &keep).await;
    let here = |cursor: &str| {
        let given = [("state", look.state.as_str()), ("bureau", &look.bureau), ("due", &look.due), ("cursor", cursor)];
        address("/sharing/corrections", &given)
    };
    let catalogue = catalogue(&front);
    let view = TicketsView {
        tabs: tabs(&front, &person, Tab::Corrections),
        first: if look.cursor.is_empty() { String::new() } else { here("") },
        next: if walked.next.is_empty() { String::new() } else { here(&walked.next) },
        subjects: walked.rows.iter().map(|(_, one)| subject(&front, catalogue.as_deref(), one).join("，")).collect(),
        walked,
        states: labels(STATES),
        bureaus: all.iter().map(|name| (name.clone(), bureau_title(name).to_owned())).collect(),
        chosen: [look.state.clone(), look.bureau.clone(), look.due.clone()],
    };
    pages::page(&front, Some(&person), &uri, |frame| corrections::list(frame, &view))
}

/// The elements as they are published; none until they have been received.
fn catalogue(front: &Front) -> Option<Arc<Catalogue>> {
    query::reference(&front.state).ok().map(|reference| reference.catalogue)
}

/// What a ticket is about, in words. What neither the catalogue nor the city's forms know is named by its code.
fn subject(front: &Front, catalogue: Option<&Catalogue>, one: &Correction) -> Vec<String> {
    let city = &front.state.customs().city;
    let element = |code: &str| {
        let element = catalogue.and_then(|catalogue| catalogue.known(code)).or_else(|| city.element(code));
        element.map_or_else(|| format!("数据元 {code}"), |element| element.name.clone())
    };
    let form =
        |code: &str| city.form(code).map_or_else(|| format!("报表 {code}"), |form| format!("《{}》", form.title));
    let words = Words(city);
    match one.subject.as_ref().and_then(|subject| subject.about.as_ref()) {
        Some(About::Method(path)) => vec![title(path)],
        Some(About::Record(record)) => {
            let register = contract::register::register(&record.register);
            let named = register.map_or(record.register.clone(), |register| register.title.clone());
            let id: String = record.record_id.chars().take(8).collect();
            vec![format!("“{named}”记录 {id}…")]
        }
        Some(About::Figure(figure)) => vec![
            form(&figure.form),
            words.region(&figure.region),
            crate::console::period_title(&figure.period),
            element(&figure.element),
        ],
        None => vec!["—".to_owned()],
    }
}

/// The page of the record that a ticket is about, where the person may open it.
fn record_href(person: &SignedIn, one: &Correction) -> String {
    let Some(About::Record(record)) = one.subject.as_ref().and_then(|subject| subject.about.as_ref()) else {
        return String::new();
    };
    match crate::registers::open(person, &record.register) {
        Ok(register) if register.get.is_some() => {
            crate::console::registers::record_address(register, &record.record_id)
        }
        _ => String::new(),
    }
}

async fn new(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    form(&front, &person, &uri, &Fields(pairs), None).await
}

/// A form that a figure may stand in.
struct Offered {
    bureau: String,
    form: Form,
}

impl Offered {
    /// As the page names it: `bureau/form`.
    fn code(&self) -> String {
        format!("{}/{}", self.bureau, self.form.code)
    }

    fn title(&self) -> String {
        format!("{} · {}", bureau_title(&self.bureau), self.form.title)
    }
}

/// Every form of the bureaus whose reports the person reads; a bureau that is down offers none.
async fn offered(front: &Front, person: &SignedIn) -> Vec<Offered> {
    let desks = Desks { bureaus: &front.bureaus, person };
    let mut found = Vec::new();
    for bureau in desks.with(&READERS) {
        let forms = desks.forms(&bureau).await.unwrap_or_default();
        found.extend(forms.into_iter().map(|form| Offered { bureau: bureau.clone(), form }));
    }
    found
}

/// A figure's page names bureau and element: where one form of the bureau has the element, it is the one that is meant.
fn with_form(typed: &Fields, forms: &[Offered]) -> Fields {
    let mut typed = typed.clone();
    let mut meant = forms.iter().filter(|one| {
        let has = |element: &Element| element.code == typed.get("element");
        one.bureau == typed.get("bureau") && one.form.elements.iter().any(has)
    });
    if let (true, Some(only), None) = (typed.get("form").is_empty(), meant.next(), meant.next()) {
        typed.0.insert(0, ("form".to_owned(), only.code()));
    }
    typed
}

async fn form(front: &Front, person: &SignedIn, uri: &Uri, typed: &Fields, problem: Option<&Problem>) -> Response {
    let asking = asking(front, person);
    let kind = Kind::of(typed.get("about"));
    let forms = if kind == Kind::Figure { offered(front, person).await } else { Vec::new() };
    let typed = &with_form(typed, &forms);
    let catalogue = catalogue(front);
    let elements = catalogue.iter().flat_map(|catalogue| catalogue.elements());
    let made = pages::page(front, Some(person), uri, |frame| {
        demand(person)?;
        let registers = contract::register::registers().iter();
        let methods = entries()?
            .iter()
            .map(|entry| (entry.path.clone(), format!("{} · {}", entry.bureau_title, title(&entry.path))));
        let view = OpenView {
            tabs: tabs(front, person, Tab::Corrections),
            kind,
            forms: forms.iter().map(|one| (one.code(), one.title())).collect(),
            elements: elements.map(|element| (element.code.clone(), element.name.clone())).collect(),
            bureaus: asking
                .at(OPEN_CORRECTION)
                .into_iter()
                .map(|name| (name.clone(), bureau_title(&name).to_owned()))
                .collect(),
            methods: methods.collect(),
            registers: registers
                .map(|one| (one.name.clone(), format!("{} · {}", bureau_title(&one.bureau), one.title)))
                .collect(),
            regions: frame.region_options.clone(),
            typed,
            problem,
        };
        corrections::open(frame, &view)
    });
    with_status(problem, made)
}

/// Says beside its field that nobody can be asked yet.
fn named(request: &OpenCorrectionRequest, bureau: &str) -> Result<()> {
    let about = request.subject.as_ref().and_then(|subject| subject.about.as_ref());
    match about {
        _ if !bureau.is_empty() => Ok(()),
        Some(About::Figure(_)) => Err(Problem::field("subject.figure.form", "FIELD_MISSING", "请选择报表")),
        Some(About::Record(_)) => Err(Problem::field("subject.record.register", "FIELD_MISSING", "请选择登记册")),
        _ => Err(Problem::field("bureau", "FIELD_MISSING", "请选择保管部门")),
    }
}

async fn open(Shared(front): Shared<Front>, uri: Uri, posted: Posted<Fields>) -> Response {
    let Posted { person, form: typed, idempotency_key } = posted;
    let given = |name: &str| typed.get(name).trim().to_owned();
    let about = match Kind::of(&given("about")) {
        Kind::Method => About::Method(given("method")),
        Kind::Record => About::Record(RecordSubject { register: given("register"), record_id: given("record") }),
        Kind::Figure => About::Figure(FigureSubject {
            form: given("form").split_once('/').map(|(_, form)| form.to_owned()).unwrap_or_default(),
            region: given("region"),
            period: given("period"),
            element: given("element"),
        }),
    };
    // A register and a form are their keeper's; there is nobody else to ask.
    let register = contract::register::register(typed.get("register"));
    let bureau = match (&about, register) {
        (About::Record(_), Some(register)) => register.bureau.clone(),
        (About::Figure(_), _) => given("form").split_once('/').map(|(bureau, _)| bureau.to_owned()).unwrap_or_default(),
        _ => given("bureau"),
    };
    let request = OpenCorrectionRequest {
        subject: Some(CorrectionSubject { about: Some(about) }),
        wrong: given("wrong"),
        proposed: given("proposed"),
        idempotency_key,
    };
    let opened: Result<Correction> = match demand(&person).and_then(|()| named(&request, &bureau)) {
        Ok(()) => asking(&front, &person).ask(&bureau, OPEN_CORRECTION, &request).await,
        Err(problem) => Err(problem),
    };
    match opened {
        Ok(one) => see_other(&format!("{}?done=open", corrections::href(&bureau, &one.id))),
        Err(problem) => form(&front, &person, &uri, &typed, Some(&problem)).await,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Done {
    done: String,
}

async fn show(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    Path((bureau, id)): Path<(String, String)>,
    Query(Done { done }): Query<Done>,
) -> Response {
    let done = match done.as_str() {
        "open" => "疑义已提出，等待答复",
        "answer" => "已答复",
        "close" => "已办理",
        _ => "",
    };
    ticket(&front, &person, &uri, (&bureau, &id), done, &Fields::default(), None).await
}

async fn ticket(
    front: &Front,
    person: &SignedIn,
    uri: &Uri,
    (bureau, id): (&str, &str),
    done: &str,
    typed: &Fields,
    problem: Option<&Problem>,
) -> Response {
    let made = async {
        demand(person)?;
        let request = GetCorrectionRequest { id: id.to_owned() };
        let detail: CorrectionDetail = asking(front, person).ask(bureau, GET_CORRECTION, &request).await?;
        let one = detail.correction.clone();
        one.map(|one| (one, detail)).ok_or_else(|| Problem::internal("a ticket without itself"))
    };
    let made: Result<(Correction, CorrectionDetail)> = made.await;
    if let (Err(_), Some(problem)) = (&made, problem) {
        return to_send_again(front, person, uri, typed, problem);
    }
    let page = pages::page(front, Some(person), uri, |frame| {
        let (one, detail) = made?;
        let answered = matches!(one.state(), CorrectionState::Accepted | CorrectionState::Declined);
        let view = TicketView {
            tabs: tabs(front, person, Tab::Corrections),
            bureau,
            subject: subject(front, catalogue(front).as_deref(), &one),
            record_href: record_href(person, &one),
            may_answer: one.state() == CorrectionState::Open && !one.own && may(person, bureau, ANSWER_CORRECTION),
            may_close: answered && one.own,
            may_reopen: answered && one.own && !one.reopened,
            one: &one,
            detail: &detail,
            typed,
            done,
            problem,
        };
        corrections::show(frame, &view)
    });
    with_status(problem, page)
}

async fn act(
    Shared(front): Shared<Front>,
    uri: Uri,
    Path((bureau, id)): Path<(String, String)>,
    posted: Posted<Fields>,
) -> Response {
    let Posted { person, form, .. } = posted;
    let asking = asking(&front, &person);
    let code = form.get("choice").parse().unwrap_or_default();
    let text = form.get("text").trim().to_owned();
    let (act, done): (&str, Result<Correction>) = if let Err(problem) = demand(&person) {
        ("", Err(problem))
    } else if form.get("act") == "answer" {
        let request = AnswerCorrectionRequest { id: id.clone(), answer: code, text };
        ("answer", asking.ask(&bureau, ANSWER_CORRECTION, &request).await)
    } else {
        let request = CloseCorrectionRequest { id: id.clone(), closing: code, reason: text };
        ("close", asking.ask(&bureau, CLOSE_CORRECTION, &request).await)
    };
    match done {
        Ok(_) => see_other(&format!("{}?done={act}", corrections::href(&bureau, &id))),
        Err(problem) => ticket(&front, &person, &uri, (&bureau, &id), "", &form, Some(&problem)).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_form_that_has_a_figure_is_the_one_that_is_meant() {
        let offered = |bureau: &str, form: &str, elements: &[&str]| {
            let elements = elements.iter().map(|code| Element { code: (*code).to_owned(), ..Element::default() });
            let form = Form { code: form.to_owned(), elements: elements.collect(), ..Form::default() };
            Offered { bureau: bureau.to_owned(), form }
        };
        let forms = [
            offered("childcare", "monthly", &["places", "staff"]),
            offered("childcare", "yearly", &["places", "children"]),
            offered("education", "yearly", &["staff"]),
        ];
        let chosen = |bureau: &str, element: &str, form: &str| {
            let pairs = [("bureau", bureau), ("element", element), ("form", form)];
            let typed = Fields(pairs.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec());
            with_form(&typed, &forms).get("form").to_owned()
        };
        assert_eq!(chosen("childcare", "staff", ""), "childcare/monthly");
        assert_eq!(chosen("childcare", "places", ""), "", "two have it: the reader says which");
        assert_eq!(chosen("childcare", "staff", "childcare/yearly"), "childcare/yearly", "what was chosen stays");
        assert_eq!(chosen("", "", ""), "");
    }
}
