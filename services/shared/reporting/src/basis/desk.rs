//! What callers do with 基准: see which value counts where, and sign that another does from a period on.

use std::collections::{BTreeMap, BTreeSet};

use city::form::Form;
use city::period::Period;
use kit::{Problem, Result, Tx, retry};
use proto::reporting as wire;

use super::store::{self, Change};
use super::{Pair, is_explained, ready};
use crate::Desk;
use crate::forms::{approver_role, ended_last};
use crate::person::Person;
use crate::report::refusal::{all_of, stated, within};
use crate::report::store::{PERIODS_MOST, published_cells};
use crate::report::{Basis, Signer, convert};

/// Elements × regions in one call at most.
const LINES_MOST: usize = 500;

/// What an approver signs.
#[derive(Clone, Debug)]
pub(crate) struct CutOver {
    pub(crate) elements: BTreeSet<String>,
    pub(crate) regions: BTreeSet<String>,
    pub(crate) basis: Basis,
    pub(crate) effective_period: String,
    pub(crate) reason: String,
    pub(crate) document_number: String,
    /// (element, region) → why both values differ.
    pub(crate) explanations: BTreeMap<(String, String), String>,
}

/// Published pairs by (region, element), newest first.
type Pairs = BTreeMap<(String, String), Vec<Pair>>;

impl Desk {
    /// A line for each element that a register computes and each region that reports it.
    pub(crate) async fn list_basis(
        &self,
        caller: &dyn Person,
        element: &str,
        region: &str,
    ) -> Result<Vec<wire::BasisLine>> {
        if !element.is_empty() && !self.is_computed(element) {
            return Err(Problem::field("element", "ELEMENT_UNKNOWN", "没有这个由台账计算的数据项"));
        }
        if !region.is_empty() && self.city.regions.get(region).is_none() {
            return Err(Problem::field("region", "REGION_UNKNOWN", "没有这个行政区划代码"));
        }
        let changes = store::changes(&self.db, caller.scope(), element).await?;
        let today = self.clock.today();
        let mut lines = Vec::new();
        let mut told = BTreeSet::new();
        for form in self.forms() {
            let wanted = |code: &&String| self.is_computed(code) && (element.is_empty() || *code == element);
            let elements: Vec<&String> = form.elements.iter().filter(wanted).collect();
            if elements.is_empty() {
                continue;
            }
            let pairs = self.pairs(caller, form, ended_last(form.cadence, today)).await?;
            for code in elements {
                for place in self.reporting_regions(form) {
                    let asked = region.is_empty() || self.is_within(place, region);
                    if asked && caller.scope().covers(place) && told.insert((code.clone(), place.to_owned())) {
                        lines.push(self.basis_line(form, code, place, &pairs, &changes));
                    }
                }
            }
        }
        Ok(lines)
    }

    /// 基准切换, all of it or nothing: DOCUMENT_NUMBER_NEEDED, REASON_NEEDED, ELEMENT_UNKNOWN, REGION_LEVEL_WRONG,
    /// EFFECTIVE_PERIOD_TAKEN, CUT_OVER_TOO_EARLY with everything that is too early. Answers with the lines as they
    /// are then.
    pub(crate) async fn cut_over(&self, caller: &dyn Person, wanted: &CutOver) -> Result<Vec<wire::BasisLine>> {
        let lines = wanted.elements.len() * wanted.regions.len();
        if lines == 0 || lines > LINES_MOST {
            let message = format!("请选择数据项和地区，合计 1 至 {LINES_MOST} 项");
            return Err(Problem::field("elements", "LINES_INVALID", message));
        }
        let reason = stated("reason", &wanted.reason)?;
        let document_number = wanted.document_number.trim();
        if document_number.is_empty() {
            return Err(Problem::field("document_number", "DOCUMENT_NUMBER_NEEDED", "基准切换须注明文号"));
        }
        within("document_number", document_number)?;
        for text in wanted.explanations.values() {
            within("explanations", text)?;
        }
        let mut forms = Vec::new();
        for element in &wanted.elements {
            let (form, period) = self.collected_by(element, &wanted.effective_period)?;
            for region in &wanted.regions {
                self.check_region(form, region)?;
            }
            let role = approver_role(form);
            caller.require(role, self.city_region())?;
            forms.push((element, form, period, role));
        }
        let mut evidence: BTreeMap<&str, Pairs> = BTreeMap::new();
        for (_, form, period, _) in &forms {
            if !evidence.contains_key(form.code.as_str()) {
                let pairs = self.pairs(caller, form, form.cadence.previous(*period)).await?;
                evidence.insert(&form.code, pairs);
            }
        }
        retry(|| async {
            let mut tx = self.db.begin().await?;
            let known = store::changes_in(&mut tx, caller.scope()).await?;
            let mut appended = Vec::new();
            let mut problems = Vec::new();
            for (element, form, period, role) in &forms {
                let signer = self.signer(caller, role)?;
                let change = Draft { wanted, reason: &reason, document_number, form, period: *period, signer };
                for region in &wanted.regions {
                    let pairs = evidence.get(form.code.as_str()).and_then(|pairs| pairs.get(&key(region, element)));
                    let pairs = pairs.map_or(&[][..], Vec::as_slice);
                    let decided = self.judged(&mut tx, &change, element, region, pairs, &known).await?;
                    match decided {
                        Ok(change) => appended.extend(change),
                        Err(problem) => problems.push(problem),
                    }
                }
            }
            all_of(problems)?;
            if !appended.is_empty() {
                store::append(&mut tx, caller.scope(), &appended).await?;
            }
            tx.commit().await
        })
        .await?;
        let changes = store::changes(&self.db, caller.scope(), "").await?;
        let line = |(element, form, ..): &(&String, &Form, Period, &str), region: &String| {
            self.basis_line(form, element, region, &evidence[form.code.as_str()], &changes)
        };
        Ok(forms.iter().flat_map(|one| wanted.regions.iter().map(move |region| line(one, region))).collect())
    }

    /// The change for one element and region; None where that basis holds already.
    async fn judged(
        &self,
        tx: &mut Tx,
        draft: &Draft<'_>,
        element: &str,
        region: &str,
        pairs: &[Pair],
        known: &[Change],
    ) -> Result<Result<Option<Change>>> {
        let Draft { wanted, reason, document_number, form, period, signer } = *draft;
        let field = format!("{element}.{region}");
        let whose = format!("{}“{}”", self.region_name(region), self.name(element));
        let (starts_on, code) = (period.first_day(), period.to_string());
        let mut past = known.iter().filter(|one| one.element == element && one.region == region);
        let last = past.next();
        if last.map_or(Basis::Both, |last| last.basis) == wanted.basis
            && last.is_none_or(|last| last.starts_on <= starts_on)
        {
            return Ok(Ok(None));
        }
        let taken = |message: String| Problem::state("EFFECTIVE_PERIOD_TAKEN", &message).and_field(&field, message);
        if let Some(last) = last.filter(|last| last.starts_on > starts_on) {
            return Ok(Err(taken(format!("{whose}已有自 {} 起的切换，不能早于它", last.effective_period))));
        }
        let published = store::published_since(tx, &form.code, &code).await?;
        if let Some((_, already)) = published.iter().find(|(place, _)| place == region) {
            return Ok(Err(taken(format!("{whose}在 {already} 已核定，切换须从其后的报告期起"))));
        }
        let told = wanted.explanations.get(&(element.to_owned(), region.to_owned())).map_or("", |text| text.trim());
        if wanted.basis == Basis::Register
            && let Err(why) = ready(form.cadence, pairs, is_explained(told))
        {
            let message = format!("{whose}暂不能切换为台账：{why}");
            return Ok(Err(Problem::state("CUT_OVER_TOO_EARLY", &message).and_field(field, message)));
        }
        Ok(Ok(Some(Change {
            element: element.to_owned(),
            region: region.to_owned(),
            number: last.map_or(0, |last| last.number) + 1,
            basis: wanted.basis,
            effective_period: code,
            starts_on,
            reason: reason.to_owned(),
            document_number: document_number.to_owned(),
            explanation: told.to_owned(),
            user: signer.user.to_owned(),
            user_name: signer.name.to_owned(),
            at: signer.at,
        })))
    }

    /// The form of this bureau that collects an element for such a period: ELEMENT_UNKNOWN, PERIOD_INVALID.
    fn collected_by(&self, element: &str, period: &str) -> Result<(&Form, Period)> {
        let mut collecting = self.forms().filter(|form| form.elements.iter().any(|code| code == element)).peekable();
        if !self.is_computed(element) || collecting.peek().is_none() {
            let message = format!("本部门没有由台账计算的数据项“{element}”");
            return Err(Problem::field("elements", "ELEMENT_UNKNOWN", message));
        }
        let mut refused = None;
        for form in collecting {
            match self.period(form, period) {
                Ok(period) => return Ok((form, period)),
                Err(problem) => refused = Some(problem),
            }
        }
        let mut problem = refused.unwrap_or_else(|| Problem::field("period", "PERIOD_INVALID", "报告期写法不对"));
        problem.fields = vec![("effective_period".to_owned(), problem.message.clone())];
        Err(problem)
    }

    /// Both values as the caller may see them published, for the periods from `last` back.
    async fn pairs(&self, caller: &dyn Person, form: &Form, last: Period) -> Result<Pairs> {
        let periods: Vec<Period> = std::iter::successors(Some(last), |period| Some(form.cadence.previous(*period)))
            .take(PERIODS_MOST)
            .collect();
        let codes: Vec<String> = periods.iter().map(Period::to_string).collect();
        let published = published_cells(&self.db, caller.scope(), &form.code, "", &codes).await?;
        let mut pairs = Pairs::new();
        for (period, code) in periods.iter().zip(&codes) {
            for one in published.iter().filter(|one| one.period == *code && self.is_computed(&one.cell.element)) {
                pairs.entry(key(&one.region, &one.cell.element)).or_default().push(Pair::of(*period, &one.cell));
            }
        }
        Ok(pairs)
    }

    fn basis_line(
        &self,
        form: &Form,
        element: &str,
        region: &str,
        pairs: &Pairs,
        changes: &[Change],
    ) -> wire::BasisLine {
        let today = self.clock.today();
        let of_it = || changes.iter().filter(|change| change.element == element && change.region == region);
        let basis = of_it().find(|change| change.starts_on <= today).map_or(Basis::Both, |change| change.basis);
        let pairs = pairs.get(&key(region, element)).map_or(&[][..], Vec::as_slice);
        wire::BasisLine {
            element: element.to_owned(),
            name: self.name(element),
            unit: self.city.element(element).map(|known| known.unit.clone()).unwrap_or_default(),
            region: region.to_owned(),
            basis: convert::basis(basis) as i32,
            comparisons: pairs.iter().map(comparison).collect(),
            history: of_it().map(history).collect(),
            ready: basis != Basis::Register && ready(form.cadence, pairs, false).is_ok(),
        }
    }
}

/// What is the same for every region of an element in one cut-over.
#[derive(Clone, Copy)]
struct Draft<'a> {
    wanted: &'a CutOver,
    reason: &'a str,
    document_number: &'a str,
    form: &'a Form,
    period: Period,
    signer: Signer<'a>,
}

fn key(region: &str, element: &str) -> (String, String) {
    (region.to_owned(), element.to_owned())
}

fn comparison(pair: &Pair) -> wire::Comparison {
    wire::Comparison {
        period: pair.period.to_string(),
        reported: pair.reported,
        computed: pair.computed,
        difference_hundredths: pair.difference_hundredths(),
        within_limit: pair.is_within(),
    }
}

fn history(change: &Change) -> wire::BasisChange {
    wire::BasisChange {
        basis: convert::basis(change.basis) as i32,
        effective_period: change.effective_period.clone(),
        reason: change.reason.clone(),
        document_number: change.document_number.clone(),
        explanation: change.explanation.clone(),
        user: change.user.clone(),
        user_name: change.user_name.clone(),
        at_micros: change.at,
    }
}

/// BASIS_INVALID when none is chosen.
pub(crate) fn basis_of(basis: wire::Basis) -> Result<Basis> {
    match basis {
        wire::Basis::Unspecified => Err(Problem::field("basis", "BASIS_INVALID", "请选择基准：上报、双轨或台账")),
        wire::Basis::Reported => Ok(Basis::Reported),
        wire::Basis::Both => Ok(Basis::Both),
        wire::Basis::Register => Ok(Basis::Register),
    }
}
