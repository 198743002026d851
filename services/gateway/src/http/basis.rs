//! 数字口径: the two values of every computed figure, and the signature that decides between them.

use axum::Router;
use axum::extract::{Query, State as Shared};
use axum::http::Uri;
use axum::response::Response;
use axum::routing::get;
use kit::Result;
use proto::reporting::{Basis, CutOverRequest, DifferenceExplanation, ListBasisRequest};
use serde::Deserialize;

use super::pages::{chosen, page};
use super::{Front, READERS};
use crate::bureaus::said;
use crate::console::work::basis::{self, Bases, Element, Line, Typed};
use crate::desks::Desks;
use crate::session::{Fields, Posted, SignedIn};
use contract::bureau::title as bureau_title;

pub(super) fn router() -> Router<Front> {
    Router::new().route("/basis", get(show).post(sign))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Look {
    bureau: String,
}

async fn show(Shared(front): Shared<Front>, person: SignedIn, uri: Uri, Query(look): Query<Look>) -> Response {
    let typed = Typed { period: chosen(&front.state, ""), ..Typed::default() };
    answer(&front, &person, &uri, Bases { bureau: look.bureau, typed, ..Bases::default() }).await
}

async fn answer(front: &Front, person: &SignedIn, uri: &Uri, mut it: Bases) -> Response {
    let desks = Desks { bureaus: &front.bureaus, person };
    let bureaus = desks.with(&READERS);
    it.bureaus = bureaus.iter().map(|name| (name.clone(), bureau_title(name).to_owned())).collect();
    if !bureaus.contains(&it.bureau) {
        it.bureau = bureaus.into_iter().next().unwrap_or_default();
    }
    it.may_sign = person.holds(&it.bureau, "CITY_BUREAU_APPROVER");
    if !it.bureau.is_empty() {
        match elements(front, &desks, &it.bureau).await {
            Ok(elements) => it.elements = elements,
            Err(problem) => it.refused = it.refused.or(Some(problem)),
        }
    }
    page(front, Some(person), uri, |frame| {
        basis::page(frame, &Bases { periods: frame.period_options.clone(), ..it.clone() })
    })
}

/// Every element that the bureau's registers compute, with the regions the person may see in official order.
async fn elements(front: &Front, desks: &Desks<'_>, bureau: &str) -> Result<Vec<Element>> {
    let asked = desks.request(ListBasisRequest::default());
    let answer = desks.client(bureau)?.list_basis(asked).await.map_err(|status| said(bureau, &status))?;
    let tree = &front.state.customs().city.regions;
    let mut elements: Vec<Element> = Vec::new();
    for line in answer.into_inner().lines {
        let at = elements.iter().position(|element| element.code == line.element).unwrap_or_else(|| {
            let (code, name, unit) = (line.element.clone(), line.name.clone(), line.unit.clone());
            elements.push(Element { code, name, unit, lines: Vec::new() });
            elements.len() - 1
        });
        let region_name = tree.get(&line.region).map_or(&line.region, |region| &region.short_name).clone();
        elements[at].lines.push(Line { region: line.region.clone(), region_name, line });
    }
    let official: Vec<&str> = tree.counties().iter().map(|county| county.code.as_str()).collect();
    for element in &mut elements {
        element.lines.sort_by_key(|line| official.iter().position(|county| *county == line.region));
    }
    Ok(elements)
}

async fn sign(Shared(front): Shared<Front>, uri: Uri, Posted { person, form, .. }: Posted<Fields>) -> Response {
    let typed = Typed {
        element: form.get("element").to_owned(),
        regions: form.all("region").map(str::to_owned).collect(),
        basis: form.get("basis").to_owned(),
        period: form.get("period").to_owned(),
        reason: form.get("reason").to_owned(),
        document_number: form.get("document_number").to_owned(),
        explanation: form.get("explanation").trim().to_owned(),
    };
    let bureau = form.get("bureau").to_owned();
    let desks = Desks { bureaus: &front.bureaus, person: &person };
    let it = match cut_over(&desks, &bureau, &typed).await {
        Ok(()) => Bases {
            bureau,
            done: format!("已签字，{}个地区自所选报告期起生效。", typed.regions.len()),
            typed: Typed { element: typed.element, period: typed.period, ..Typed::default() },
            ..Bases::default()
        },
        Err(problem) => Bases { bureau, refused: Some(problem), typed, ..Bases::default() },
    };
    answer(&front, &person, &uri, it).await
}

async fn cut_over(desks: &Desks<'_>, bureau: &str, typed: &Typed) -> Result<()> {
    let basis = match typed.basis.as_str() {
        "register" => Basis::Register,
        "reported" => Basis::Reported,
        _ => Basis::Both,
    };
    let explain = |region: &String| DifferenceExplanation {
        element: typed.element.clone(),
        region: region.clone(),
        text: typed.explanation.clone(),
    };
    let explanations = match typed.explanation.as_str() {
        "" => Vec::new(),
        _ => typed.regions.iter().map(explain).collect(),
    };
    let asked = desks.request(CutOverRequest {
        elements: vec![typed.element.clone()],
        regions: typed.regions.clone(),
        basis: basis as i32,
        effective_period: typed.period.clone(),
        reason: typed.reason.clone(),
        document_number: typed.document_number.clone(),
        explanations,
    });
    desks.client(bureau)?.cut_over(asked).await.map_err(|status| said(bureau, &status))?;
    Ok(())
}
