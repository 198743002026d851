//! A city's figures made by hand: every lamp, every status, a silent bureau, a county that has not reported.

use super::around::{COUNTIES, text};
use crate::view::*;

/// Code, name, category, unit, kind, 性质, owners, baseline, 2023 and 2025 targets, unit of the gap.
type Core = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    Option<&'static str>,
    &'static str,
    &'static str,
    &'static str,
);

const CORE: [Core; 13] = [
    (
        "C01",
        "基本养老保险参保率",
        "养老",
        "%",
        "百分比",
        "约束性",
        &["市人力资源社会保障局"],
        Some("95.3"),
        "95.5",
        "96",
        "人",
    ),
    (
        "C02",
        "新建城区、新建居住（小）区配套建设养老服务设施达标率",
        "养老",
        "%",
        "百分比",
        "预期性",
        &["市自然资源和规划局", "市住房城乡建设局", "市民政局"],
        Some("57.6"),
        "100",
        "100",
        "个",
    ),
    (
        "C03",
        "社区日间照料服务设施覆盖率",
        "养老",
        "%",
        "百分比",
        "约束性",
        &["市民政局"],
        Some("41.2"),
        "50",
        "90",
        "个",
    ),
    ("C04", "养老机构护理型床位占比", "养老", "%", "百分比", "约束性", &["市民政局"], Some("12.3"), "30", "55", "张"),
    (
        "C05",
        "65岁以上老年人健康管理率",
        "养老",
        "%",
        "百分比",
        "预期性",
        &["市卫生健康委"],
        Some("71.64"),
        "72",
        "75",
        "人",
    ),
    ("C06", "每千名老年人配备社工数量", "养老", "名/千名", "千分比", "预期性", &["市民政局"], None, "0.5", "1", "名"),
    ("C07", "特殊困难老年人月探访率", "养老", "%", "百分比", "预期性", &["市民政局"], Some("100"), "100", "100", "人"),
    (
        "C08",
        "养老机构护理人员持证上岗率",
        "养老",
        "%",
        "百分比",
        "预期性",
        &["市民政局"],
        Some("68.5"),
        "100",
        "100",
        "人",
    ),
    (
        "C09",
        "每千人拥有3岁以下婴幼儿托位数",
        "托育",
        "个/千人",
        "千分比",
        "预期性",
        &["市卫生健康委"],
        Some("0.91"),
        "2",
        "4.5",
        "个",
    ),
    ("C10", "普惠性托位数占比", "托育", "%", "百分比", "预期性", &["市卫生健康委"], None, "35", "60", "个"),
    (
        "C11",
        "示范性婴幼儿照护服务机构数",
        "托育",
        "家",
        "存量",
        "预期性",
        &["市卫生健康委"],
        Some("2"),
        "8",
        "20",
        "家",
    ),
    ("C12", "3岁以下婴幼儿入托率", "托育", "%", "百分比", "预期性", &["市卫生健康委"], Some("2.6"), "5", "8", "人"),
    (
        "C13",
        "婴幼儿照护服务从业人员持证上岗率",
        "托育",
        "%",
        "百分比",
        "预期性",
        &["市卫生健康委"],
        None,
        "60",
        "80",
        "人",
    ),
];

/// Nothing but the plan: all 13 not computable, 40 further targets.
pub(super) fn bare() -> IndicatorList {
    let mut indicators: Vec<IndicatorView> = CORE.iter().map(core).collect();
    indicators.extend((1..=40).map(further));
    IndicatorList {
        as_of: text("2026-11-05T09:30:00+08:00"),
        cut: cut(),
        region: text("530400"),
        region_name: text("玉溪市"),
        period: text("2026-10"),
        plan: text("yuxi-2023"),
        region_edition: text("2023-12-31"),
        indicators,
    }
}

/// As after some months: all lamps.
pub(super) fn lively() -> IndicatorList {
    let mut list = bare();
    let mut set = |at: usize, value: &str, expected: &str, lamp: &str, gap: &str, parts: (&str, &str), status: &str| {
        let one = &mut list.indicators[at];
        one.value = Some(text(value));
        one.expected = Some(text(expected));
        one.lamp = text(lamp);
        one.gap = Some(text(gap));
        one.numerator = Some(text(parts.0));
        one.denominator = Some(text(parts.1)).filter(|denominator| !denominator.is_empty());
        one.status = text(status);
        one.missing.clear();
        one.completeness = Completeness { present: 9, expected: 9, missing_regions: Vec::new() };
    };
    set(0, "96.2", "96.0", "green", "0", ("1694984", "1762400"), "快报");
    set(2, "81.6", "90.0", "yellow", "61", ("586", "718"), "快报");
    set(3, "44.9", "55.0", "red", "621", ("2761", "6148"), "快报");
    set(4, "75.14", "75.00", "green", "0", ("224664", "299000"), "修订");
    set(6, "99.86", "100.00", "yellow", "25", ("18342", "18367"), "正式");
    set(8, "3.62", "4.50", "red", "1993", ("8200", "2265000"), "快报");
    set(9, "58.9", "60.0", "yellow", "90", ("4830", "8200"), "快报");
    set(10, "19", "20", "yellow", "1", ("19", ""), "正式");
    set(11, "7.3", "8.0", "yellow", "339", ("3277", "45200"), "预计");
    set(12, "83.2", "80.0", "green", "0", ("1097", "1318"), "快报");
    list.indicators[8].sources = sources();
    list.indicators[11].sources = sources()[..1].to_vec();
    list.indicators[11].sources[0].stale = true;
    list.indicators[11].stale = true;
    list.indicators[11].completeness =
        Completeness { present: 7, expected: 9, missing_regions: vec![text("华宁县"), text("元江县")] };
    list
}

fn core(core: &Core) -> IndicatorView {
    let (code, name, category, unit, kind, obligation, owners, baseline, y2023, y2025, gap_unit) = *core;
    IndicatorView {
        code: text(code),
        name: text(name),
        category: text(category),
        unit: text(unit),
        kind: text(kind),
        obligation: text(obligation),
        core: true,
        responsible: owners.iter().map(|owner| text(owner)).collect(),
        baseline: baseline.map(text),
        targets: vec![
            TargetView { period: text("2023"), value: text(y2023) },
            TargetView { period: text("2025"), value: text(y2025) },
        ],
        target_text: String::new(),
        numerator: None,
        denominator: None,
        value: None,
        status: text("not_computable"),
        lamp: text("grey"),
        expected: Some(text(y2025)),
        gap: None,
        gap_unit: text(gap_unit),
        completeness: Completeness {
            present: 0,
            expected: 9,
            missing_regions: COUNTIES.iter().map(|name| text(name)).collect(),
        },
        sources: Vec::new(),
        missing: vec![
            format!("缺{}2026年10月的“分子数据项”", COUNTIES.join("、")),
            format!("缺{}2025年的“分母数据项”", COUNTIES.join("、")),
            text("缺玉溪市2024年的“出生数”"),
        ],
        notes: vec![text("分母用统计部门常住人口，不用建档人数；同一托位不得重复计入两所机构")],
        numerator_text: text("期末在营并已备案或登记的托育机构托位数（含幼儿园托班），按机构登记册逐所计算"),
        denominator_text: text("上年末常住人口（统计部门公布数）"),
        formula_version: 1,
        reading: String::new(),
        readings: Vec::new(),
        references: Vec::new(),
        stale: false,
    }
}

fn further(number: usize) -> IndicatorView {
    let (category, status, target_text) = match number {
        1..=13 => ("养老", "not_computable", "9/9（每县≥1）"),
        14..=22 => ("托育", "not_counted", "每百户≥20㎡且单处≥300㎡"),
        23..=36 => ("老年教育", "not_computable", "≥50"),
        _ => ("资金项目", "方案数", "163172（123940+39232）"),
    };
    let money = category == "资金项目";
    IndicatorView {
        code: format!("E{number:02}"),
        name: format!("其他目标第 {number} 项：乡（镇）、街道覆盖率"),
        category: text(category),
        unit: text(if money { "分" } else { "%" }),
        kind: text(if money { "合计" } else { "百分比" }),
        obligation: text("文本目标"),
        core: false,
        baseline: None,
        targets: Vec::new(),
        target_text: text(target_text),
        value: money.then(|| text("163172000000")),
        numerator: money.then(|| text("163172000000")),
        expected: None,
        gap_unit: text(if money { "分" } else { "个" }),
        status: text(status),
        missing: if status == "not_computable" { core(&CORE[1]).missing } else { Vec::new() },
        ..core(&CORE[1])
    }
}

fn cut() -> Vec<CutEntry> {
    [("childcare", 412), ("supervision", 1209)]
        .map(|(bureau, sequence)| CutEntry {
            bureau: text(bureau),
            stream_id: text("0193f3c2-5b1e-7c3a-9a0e-1f2e3d4c5b6a"),
            sequence,
        })
        .to_vec()
}

fn sources() -> Vec<SourceView> {
    let source = |part: &str, element: &str, name: &str, at: usize, period: &str, value: &str| SourceView {
        part: text(part),
        element: text(element),
        element_name: text(name),
        region: format!("5304{:02}", at + 2),
        region_name: if part == "denominator" { text("玉溪市") } else { text(COUNTIES[at]) },
        period: text(period),
        value: text(value),
        bureau: text(if part == "denominator" { "supervision" } else { "childcare" }),
        sequence: 1204 + at as u64,
        revision: if at == 3 { 2 } else { 1 },
        status: text(if at == 3 { "修订" } else { "快报" }),
        published_at: text("2026-11-04T16:20:00+08:00"),
        origin: OriginView {
            basis: text(if part == "denominator" { "reported" } else { "register" }),
            late: at == 6,
            on_behalf: at == 8,
            ..OriginView::default()
        },
        stale: at == 4,
    };
    let places = ["2310", "940", "610", "1020", "620", "580", "540", "860", "720"];
    let mut all: Vec<SourceView> = places
        .iter()
        .enumerate()
        .map(|(at, value)| source("numerator", "childcare.places", "托位数", at, "2026-10", value))
        .collect();
    let mut people = source("denominator", "population.resident", "常住人口", 0, "2025", "2265000");
    people.status = text("正式");
    people.origin.source = text("《玉溪市2025年国民经济和社会发展统计公报》");
    all.push(people);
    all
}

/// 每千人托位数 with a series that has a hole, nine counties and a revision.
pub(super) fn detail() -> IndicatorDetail {
    let list = lively();
    let point = |period: &str, value: Option<&str>, expected: &str, lamp: &str, status: &str| SeriesPoint {
        period: text(period),
        value: value.map(text),
        numerator: value.map(|_| text("8200")),
        denominator: value.map(|_| text("2265000")),
        expected: Some(text(expected)),
        status: text(status),
        lamp: text(lamp),
    };
    let mut series = vec![
        point("2020", Some("0.91"), "0.91", "green", "方案数"),
        point("2021", None, "1.27", "grey", "not_computable"),
        point("2022", Some("1.60"), "1.64", "yellow", "正式"),
        point("2023", Some("2.31"), "2.00", "green", "正式"),
        point("2024", Some("2.75"), "3.25", "red", "正式"),
    ];
    let months =
        ["3.10", "3.14", "3.18", "3.20", "3.25", "3.29", "3.36", "3.41", "3.44", "3.50", "3.55", "3.58", "3.62"];
    for (at, value) in months.iter().enumerate() {
        let (year, month) = (2025 + (at + 9) / 12, (at + 9) % 12 + 1);
        let expected = ["4.29", "4.39"].get(at).unwrap_or(&"4.50");
        series.push(point(&format!("{year}-{month:02}"), Some(value), expected, "red", "快报"));
    }
    let values = ["5.02", "3.64", "3.71", "3.58", "2.90", "3.66", "3.82", "3.17", "3.02"];
    let counties = COUNTIES.iter().zip(values).enumerate().map(|(at, (name, value))| {
        let missing = at == 4;
        RegionValue {
            region: format!("5304{:02}", at + 2),
            name: text(name),
            numerator: (!missing).then(|| text("1020")),
            denominator: (!missing).then(|| text("281700")),
            value: (!missing).then(|| text(value)),
            status: text(if missing { "not_computable" } else { "快报" }),
            lamp: text(["green", "red", "red", "red", "grey", "red", "red", "red", "red"][at]),
            missing: if missing { vec![text("缺华宁县2026年10月的“托位数”")] } else { Vec::new() },
        }
    });
    let revision = |value: Option<&str>, number: u32, status: &str, at: &str, reason: &str| RevisionView {
        element: text("childcare.places"),
        element_name: text("托位数"),
        region: text("530423"),
        region_name: text("通海县"),
        period: text("2026-10"),
        value: value.map(text),
        bureau: text("childcare"),
        sequence: 400 + u64::from(number),
        revision: number,
        status: text(status),
        published_at: text(at),
        approver: text("李某"),
        reason: text(reason),
        origin: OriginView {
            basis: text(if number == 1 { "both" } else { "register" }),
            computed: (number == 1).then(|| text("1020")),
            ..OriginView::default()
        },
    };
    IndicatorDetail {
        as_of: list.as_of.clone(),
        cut: cut(),
        region: list.region.clone(),
        region_name: list.region_name.clone(),
        period: list.period.clone(),
        indicator: IndicatorView {
            reading: text("全部机构"),
            readings: vec![ReadingView {
                code: text("FILED"),
                title: text("仅已备案机构"),
                numerator: Some(text("5120")),
                denominator: Some(text("2249502")),
                value: Some(text("2.28")),
                status: text("快报"),
                lamp: text("red"),
                target: Some(text("4.5")),
                missing: Vec::new(),
                note: text("基数含未备案机构"),
            }],
            references: vec![ReferenceView {
                scope: text("全国"),
                period: text("2025"),
                value: text("4.73"),
                source: text("新闻发布会"),
            }],
            ..list.indicators[8].clone()
        },
        pace: PaceView {
            actual_per_year: Some(text("0.62")),
            needed_per_year: Some(text("1.40")),
            outlook: text("forecast"),
            forecast: Some(text("3.91")),
        },
        series,
        counties: counties.collect(),
        revisions: vec![
            revision(Some("1020"), 3, "修订", "2026-11-04T16:20:00+08:00", "填报错误：一所机构重复计 12 个"),
            revision(None, 2, "修订", "2026-11-04T11:02:00+08:00", "数据有误，先行撤回"),
            revision(Some("1032"), 1, "快报", "2026-11-03T17:40:00+08:00", ""),
        ],
    }
}

/// The same page before any figure has come.
pub(super) fn empty_detail(at: usize) -> IndicatorDetail {
    let full = detail();
    let unknown = |point: SeriesPoint| SeriesPoint {
        value: None,
        numerator: None,
        denominator: None,
        status: text("not_computable"),
        lamp: text("grey"),
        ..point
    };
    let indicator = bare().indicators[at].clone();
    let further = !indicator.core;
    IndicatorDetail {
        series: if further { Vec::new() } else { full.series.into_iter().map(unknown).collect() },
        counties: if further { Vec::new() } else { full.counties },
        revisions: Vec::new(),
        indicator,
        ..full
    }
}
