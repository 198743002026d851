//! What a ticket is about: something that this service has. Pure.

use city::bundle::City;
use city::period::{Period, PeriodError};
use contract::register;
use contract::rules::AccessRules;
use kit::{Problem, Result};
use proto::trust::correction_subject::About;
use proto::trust::{CorrectionSubject, FigureSubject, RecordSubject};

use crate::rights::provides;

/// A method, a record or a figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    /// METHOD, RECORD or FIGURE.
    pub(super) kind: &'static str,
    /// Its names, in the order of the contract.
    pub(super) names: [String; 4],
}

const METHOD: &str = "METHOD";
const RECORD: &str = "RECORD";
const FIGURE: &str = "FIGURE";

impl Subject {
    /// Something that this bureau keeps: SUBJECT_MISSING, METHOD_UNKNOWN, REGISTER_UNKNOWN, FORM_UNKNOWN,
    /// REGION_UNKNOWN, PERIOD_INVALID, ELEMENT_UNKNOWN.
    pub(super) fn of(
        stated: Option<CorrectionSubject>,
        bureau: &str,
        city: &City,
        rules: &AccessRules,
    ) -> Result<Subject> {
        let missing = || Problem::field("subject", "SUBJECT_MISSING", "请指明接口、登记记录或报表数据");
        match stated.and_then(|stated| stated.about).ok_or_else(missing)? {
            About::Method(path) => {
                if rules.method(&path).is_none() || !provides(bureau, &path) {
                    let message = format!("本部门没有接口 {path}");
                    return Err(Problem::field("subject.method", "METHOD_UNKNOWN", message));
                }
                Ok(Subject { kind: METHOD, names: names([path]) })
            }
            About::Record(RecordSubject { register: name, record_id }) => {
                if register::register(&name).is_none_or(|register| register.bureau != bureau) {
                    let message = format!("本部门没有登记册“{name}”");
                    return Err(Problem::field("subject.record.register", "REGISTER_UNKNOWN", message));
                }
                let record_id = crate::prose::harmless("subject.record.record_id", &record_id)?.to_owned();
                if record_id.is_empty() {
                    return Err(missing());
                }
                Ok(Subject { kind: RECORD, names: names([name, record_id]) })
            }
            About::Figure(FigureSubject { form, region, period, element }) => {
                let known = city.form(&form).filter(|form| form.owner == bureau).ok_or_else(|| {
                    Problem::field("subject.figure.form", "FORM_UNKNOWN", format!("本部门没有报表“{form}”"))
                })?;
                if city.regions.get(&region).is_none() {
                    let message = format!("没有代码为“{region}”的地区");
                    return Err(Problem::field("subject.figure.region", "REGION_UNKNOWN", message));
                }
                let parsed = period.parse::<Period>().map_err(|error| error.to_string());
                let parsed = parsed.and_then(|parsed| {
                    let fits = known.cadence.matches(parsed);
                    if fits {
                        Ok(())
                    } else {
                        Err(format!("报告期“{period}”与报表“{}”的周期不符", known.title))
                    }
                });
                parsed.map_err(|message| Problem::field("subject.figure.period", PeriodError::REASON, message))?;
                if !known.elements.contains(&element) {
                    let message = format!("报表“{}”没有数据元“{element}”", known.title);
                    return Err(Problem::field("subject.figure.element", "ELEMENT_UNKNOWN", message));
                }
                Ok(Subject { kind: FIGURE, names: [form, region, period, element] })
            }
        }
    }

    /// As the contract has it.
    pub(super) fn message(kind: &str, [first, second, third, fourth]: [String; 4]) -> CorrectionSubject {
        let about = match kind {
            METHOD => About::Method(first),
            RECORD => About::Record(RecordSubject { register: first, record_id: second }),
            _ => About::Figure(FigureSubject { form: first, region: second, period: third, element: fourth }),
        };
        CorrectionSubject { about: Some(about) }
    }
}

fn names<const N: usize>(given: [String; N]) -> [String; 4] {
    let mut all = [const { String::new() }; 4];
    for (place, name) in all.iter_mut().zip(given) {
        *place = name;
    }
    all
}
