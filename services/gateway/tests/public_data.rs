//! 公开数据 of cuts: what a reader of one table, and of all of them, can know.

use std::collections::BTreeMap;
use std::sync::Arc;

use city::bundle::City;
use city::indicator::{IndicatorKind, Part};
use city::plan::Plan;
use city::suppression::series::Series;
use gateway::cube::Cube;
use gateway::cut::Mode;
use gateway::cuts::NamedCut;
use gateway::public_data::{self, Line, Made, Name, PublicTable, write};
use proto::reporting::publication::Body;
use proto::reporting::{Document, Figures, Observation, Publication, PublicationKind, RegionFigures};
use uuid::Uuid;

const CITY: &str = "530400";

/// A city whose counties publish by hand, and what was issued of it.
struct Desk {
    cube: Cube,
    counties: Vec<String>,
    sequences: BTreeMap<String, u64>,
    now: i64,
    /// What counties report of, and cuts are about.
    period: &'static str,
    series: Series<Name>,
    cuts: u128,
    /// Search steps of the last table.
    steps: u64,
}

impl Desk {
    fn new() -> Self {
        Desk::of(&City::embedded().plan)
    }

    fn of(plan: &Plan) -> Self {
        let city = City::embedded();
        let mut desk = Desk {
            cube: Cube::default(),
            counties: city.regions.counties().iter().map(|county| county.code.clone()).collect(),
            sequences: BTreeMap::new(),
            now: 0,
            period: "2026-10",
            series: Series::default(),
            cuts: 0,
            steps: 0,
        };
        let catalogue = serde_json::json!({"elements": city.elements, "organisations": city.organisations});
        for (kind, content) in [
            ("plan", serde_json::to_vec(plan).unwrap()),
            ("regions", serde_json::to_vec(city.regions.edition()).unwrap()),
            ("catalogue", serde_json::to_vec(&catalogue).unwrap()),
        ] {
            let document = Document { r#type: kind.into(), content: content.into(), ..Document::default() };
            desk.publish("supervision", Publication { body: Some(Body::Document(document)), ..Publication::default() });
        }
        desk
    }

    fn publish(&mut self, bureau: &str, publication: Publication) {
        let sequence = self.sequences.entry(bureau.to_owned()).or_default();
        *sequence += 1;
        self.now += 1;
        let publication = Publication {
            bureau: bureau.into(),
            city: CITY.into(),
            stream_id: format!("stream-{bureau}"),
            sequence: *sequence,
            published_at_micros: self.now,
            ..publication
        };
        self.cube.take(&publication).unwrap();
    }

    /// One element of some counties, in official order.
    fn counted(&mut self, bureau: &str, element: &str, values: &[i64]) {
        let period = self.period;
        let observation = |(region, value): (&String, &i64)| RegionFigures {
            region: region.clone(),
            revision: 1,
            observations: vec![Observation {
                element: element.into(),
                region: region.clone(),
                period: period.into(),
                value: Some(*value),
                ..Observation::default()
            }],
            ..RegionFigures::default()
        };
        let regions = self.counties.iter().zip(values).map(observation).collect();
        let publication = Publication {
            kind: PublicationKind::Final as i32,
            form: "f".into(),
            period: period.into(),
            body: Some(Body::Figures(Figures { regions })),
            ..Publication::default()
        };
        self.publish(bureau, publication);
    }

    /// Carers and how many of them are certified.
    fn carers(&mut self, all: &[i64], certified: &[i64]) {
        self.counted("elderly-care", "elderly.carers", all);
        self.counted("elderly-care", "elderly.carers.certified", certified);
    }

    /// Issues the public data of what is known now.
    fn cut(&mut self, mode: Mode) -> PublicTable {
        self.cuts += 1;
        let named = Arc::new(NamedCut {
            id: Uuid::from_u128(self.cuts),
            name: format!("十月定版{}", self.cuts),
            period: self.period.parse().unwrap(),
            cut: self.cube.cut(None).in_mode(mode),
            made_by: "office".into(),
            made_by_name: "专班".into(),
            made_at: 1_793_000_000_000_000,
        });
        let Made { table, addition, steps } = public_data::table(&self.cube, &named, &self.series, false).unwrap();
        // As it is stored and read again.
        let stored = serde_json::to_string(&addition).unwrap();
        assert!(self.series.take(serde_json::from_str(&stored).unwrap()));
        self.steps = steps;
        table
    }
}

fn lines<'t>(table: &'t PublicTable, indicator: &str) -> Vec<&'t Line> {
    table.lines.iter().filter(|line| line.indicator == indicator).collect()
}

fn numerators<'t>(table: &'t PublicTable, indicator: &str) -> Vec<&'t str> {
    lines(table, indicator).iter().map(|line| line.numerator.as_deref().unwrap_or("-")).collect()
}

const ALL: [i64; 9] = [200, 90, 80, 100, 70, 60, 50, 40, 30];
const CERTIFIED: [i64; 9] = [150, 60, 60, 98, 40, 40, 30, 20, 3];

#[test]
fn a_few_persons_are_left_out_with_what_gives_them_away() {
    let mut desk = Desk::new();
    desk.carers(&ALL, &CERTIFIED);
    desk.counted("elderly-care", "elderly.beds.nursing", &[3; 9]);
    desk.counted("elderly-care", "elderly.beds", &[4; 9]);
    let table = desk.cut(Mode::Complete);
    let lines = lines(&table, "C08");
    assert_eq!(lines.len(), 10, "the city and its nine counties");
    assert_eq!((lines[0].region.as_str(), lines[0].completeness()), (CITY, (9, 9)));
    // 元江县: three certified. 通海县: two of a hundred are not.
    assert_eq!((lines[9].numerator.as_deref(), lines[9].denominator.as_deref()), (Some("<5"), Some("30")));
    assert_eq!(lines[9].value.as_deref(), Some("*"), "3 of 30 is 10.0%");
    assert!([&lines[4].numerator, &lines[4].denominator].iter().any(|part| part.as_deref() == Some("*")));
    assert_eq!(lines[4].value.as_deref(), Some("*"));
    assert_eq!(lines[1].value.as_deref(), Some("75.0"), "what endangers nobody is shown");
    assert_eq!(
        (lines[1].numerator_unit.as_str(), lines[1].sources.as_slice()),
        ("人", ["民政局（养老）".to_owned()].as_slice())
    );
    let hidden = numerators(&table, "C08").iter().filter(|text| text.parse::<i64>().is_err()).count();
    assert!(hidden >= 2, "one alone is what the city lacks: {:?}", numerators(&table, "C08"));
    assert_eq!(numerators(&table, "C04"), ["27", "3", "3", "3", "3", "3", "3", "3", "3", "3"], "beds are nobody");
    assert!(lines.iter().all(|line| line.note.is_empty()));
}

#[test]
fn a_small_correction_keeps_the_figures_of_the_cut_before() {
    let mut desk = Desk::new();
    desk.carers(&ALL, &[150, 60, 60, 60, 40, 40, 30, 20, 12]);
    let first = desk.cut(Mode::Complete);
    assert_eq!(numerators(&first, "C08")[0..2], ["472", "150"]);
    desk.counted("elderly-care", "elderly.carers.certified", &[152]);
    let second = desk.cut(Mode::Complete);
    assert_eq!(numerators(&second, "C08"), numerators(&first, "C08"));
    let line = lines(&second, "C08")[1];
    assert_eq!((line.value.as_deref(), line.note.as_str()), (Some("75.0"), "沿用上次公布数"), "not 152 of 200");
    assert_eq!(lines(&second, "C08")[2].note, "");
    desk.counted("elderly-care", "elderly.carers.certified", &[157]);
    let third = desk.cut(Mode::Complete);
    assert_eq!(numerators(&third, "C08")[0..2], ["479", "157"], "seven against what the public has");
    assert!(third.lines.iter().all(|line| line.note.is_empty()));
}

#[test]
fn a_county_that_comes_in_late_is_not_the_difference_of_two_cuts() {
    let mut desk = Desk::new();
    desk.carers(&ALL[..8], &[150, 60, 60, 60, 40, 40, 30, 20]);
    let first = desk.cut(Mode::Reported);
    assert_eq!((numerators(&first, "C08")[0], lines(&first, "C08")[0].completeness()), ("460", (8, 9)));
    assert_eq!(lines(&first, "C08")[0].missing_regions, ["元江县"]);
    assert_eq!((lines(&first, "C08")[9].value.as_deref(), lines(&first, "C08")[9].status.as_str()), (None, "不可计算"));
    desk.carers(&ALL, &[150, 60, 60, 60, 40, 40, 30, 20, 3]);
    let second = desk.cut(Mode::Reported);
    assert_eq!((numerators(&second, "C08")[9], numerators(&second, "C08")[0]), ("<5", "*"), "463 less 460");
}

#[test]
fn the_files_open_in_a_spreadsheet_and_in_a_program() {
    let mut desk = Desk::new();
    desk.carers(&ALL, &CERTIFIED);
    let table = desk.cut(Mode::Complete);
    let text = String::from_utf8(write::csv(&table).unwrap()).unwrap();
    let text = text.strip_prefix('\u{feff}').expect("Excel reads UTF-8 by its mark");
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().map(|record| record.unwrap()).collect();
    assert_eq!(reader.headers().unwrap().len(), 17);
    assert_eq!(records.len(), table.lines.len() + 2);
    let line = records.iter().find(|record| &record[0] == "C08" && &record[2] == "530428").unwrap();
    assert_eq!((&line[3], &line[4], &line[5], &line[7], &line[9]), ("元江县", "2026年10月", "*", "<5", "30"));
    assert!(records[records.len() - 2][0].starts_with("说明：“<5”"));
    assert!(records[records.len() - 1][0].starts_with("定版：十月定版1（齐报）"));
    let json: serde_json::Value = serde_json::from_slice(&write::json(&table).unwrap()).unwrap();
    let same =
        json["lines"].as_array().unwrap().iter().find(|one| one["indicator"] == "C08" && one["region"] == "530428");
    assert_eq!((&same.unwrap()["numerator"], &same.unwrap()["value"]), (&"<5".into(), &"*".into()));
    assert_eq!(json["lines"][0]["value"], serde_json::Value::Null, "not computable is no number");
    assert_eq!((json["cut_name"].as_str(), json["warning"].as_str()), (Some("十月定版1"), Some("")));
}

#[test]
fn what_two_indicators_have_in_common_does_not_give_the_rest_away() {
    // One indicator counts certified carers of both kinds, another one those of the elderly alone.
    let mut plan = City::embedded().plan.clone();
    let mut both = plan.indicators.iter().find(|one| one.code == "C08").unwrap().clone();
    let children = Part { element: "childcare.staff.certified".into(), ..both.numerator[0].clone() };
    (both.code, both.kind) = ("X01".into(), IndicatorKind::Count);
    both.numerator.push(children);
    both.denominator.clear();
    plan.indicators.retain(|one| one.code == "C08");
    plan.indicators.push(both);
    let mut desk = Desk::of(&plan);
    desk.carers(&ALL, &[150, 60, 60, 60, 40, 40, 30, 20, 12]);
    desk.counted("childcare", "childcare.staff.certified", &[2, 30, 20, 40, 30, 20, 10, 20, 10]);
    let table = desk.cut(Mode::Complete);
    let told = (numerators(&table, "X01")[1], numerators(&table, "C08")[1]);
    assert!(told.0 == "*" || told.1 == "*", "152 less 150: {told:?}");
    assert_eq!((numerators(&table, "X01")[2], numerators(&table, "C08")[2]), ("90", "60"), "thirty are many");
}

#[test]
fn three_more_than_in_the_month_before_are_not_shown() {
    let mut desk = Desk::new();
    let element = "health.elderly65.managed";
    desk.period = "2026-08";
    desk.counted("childcare", element, &[100, 200, 300, 150, 160, 170, 180, 190, 210]);
    let august = desk.cut(Mode::Complete);
    assert_eq!(numerators(&august, "C05")[0..2], ["1660", "100"]);
    // September is not issued: what lies between is as small.
    desk.period = "2026-10";
    desk.counted("childcare", element, &[103, 250, 380, 200, 210, 220, 230, 240, 260]);
    let october = desk.cut(Mode::Complete);
    let told = numerators(&october, "C05");
    assert_eq!(told[1], "*", "103 less 100");
    assert_eq!(told.iter().filter(|text| text.parse::<i64>().is_err()).count(), 2, "{told:?}");
    // January begins anew.
    desk.period = "2027-01";
    desk.counted("childcare", element, &[101, 250, 380, 200, 210, 220, 230, 240, 260]);
    assert_eq!(numerators(&desk.cut(Mode::Complete), "C05")[1], "101");
}

#[test]
fn the_work_of_a_table_does_not_grow_with_the_tables_before_it() {
    let mut desk = Desk::new();
    let mut steps = Vec::new();
    for at in 0..8 {
        // Every correction is a new version of every count.
        let certified = CERTIFIED.map(|value| if value > 5 { value + 5 * at } else { value });
        desk.carers(&ALL.map(|value| value + 12 * at), &certified);
        let table = desk.cut(Mode::Complete);
        assert_eq!(numerators(&table, "C08")[9], "<5");
        steps.push(desk.steps);
    }
    // A search that finds nothing ends; where none finds anything, the earlier figures stay and nothing is added.
    assert!(steps.iter().all(|steps| *steps < 3_000_000), "{steps:?}");
    assert_eq!(steps[7], steps[5], "{steps:?}");
}
