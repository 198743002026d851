//! Pages, forms and workbooks on sample messages: everything that asks no bureau.

use city::bundle::City;
use contract::export::Cell;
use contract::register::{Register, register};
use contract::sheet::SheetReader;
use kit::{Kind, Problem};
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage};
use proto::childcare::{
    Class, Designation, Institution, InstitutionDetail, InstitutionKind, ListInstitutionsRequest, OperationRequest,
};
use proto::contract::{CopyFreshness, HistoryEntry, PersonalData};

use super::form::{self, Choices, Typed};
use super::listing::Look;
use super::words::Words;
use super::{export, readable};
use crate::bureaus::{Grants, Held};
use crate::console::Frame;
use crate::console::registers::{ActPage, Conflict, ListPage, Reach, RecordPage, filters};
use crate::session::{Fields, SignedIn};

const SCRIPT: &str = "<script>alert(1)</script>";

fn institutions() -> &'static Register {
    register("childcare.institution").unwrap()
}

fn dynamic(descriptor: &MessageDescriptor, message: &impl prost::Message) -> DynamicMessage {
    DynamicMessage::decode(descriptor.clone(), message.encode_to_vec().as_slice()).unwrap()
}

fn sunshine(name: &str) -> Institution {
    Institution {
        id: "i-1".into(),
        version: 4,
        name: name.into(),
        kind: InstitutionKind::Community.into(),
        region: "530402001".into(),
        opened_on: "2025-03-01".into(),
        operating: true,
        places: 1280,
        ..Institution::default()
    }
}

fn record(name: &str) -> DynamicMessage {
    dynamic(&institutions().list.record, &sunshine(name))
}

pub(crate) fn person(held: &[(&str, &str)], unknown: &[&str]) -> SignedIn {
    let held = held.iter().map(|(bureau, role)| Held {
        bureau: (*bureau).into(),
        role: (*role).into(),
        region: "530402".into(),
    });
    let grants = Grants { held: held.collect(), unknown: unknown.iter().map(|one| (*one).to_owned()).collect() };
    SignedIn {
        id: "clerk".into(),
        name: "王某".into(),
        unit: "红塔区卫生健康局".into(),
        region: "530402".into(),
        grants: grants.into(),
        csrf_token: "token".into(),
        must_change: false,
    }
}

#[test]
fn a_person_sees_the_registers_the_roles_reach() {
    let clerk = person(&[("childcare", "COUNTY_REPORTER")], &[]);
    let found = readable(&clerk);
    assert_eq!(found.len(), 1);
    let names: Vec<&str> = found[0].1.iter().map(|register| register.name.as_str()).collect();
    assert_eq!((found[0].0, names), ("childcare", vec!["childcare.institution", "childcare.class", "childcare.staff"]));
    let acts: Vec<&str> = super::acts_on_record(&clerk, institutions()).iter().map(|act| act.title.as_str()).collect();
    assert!(acts.contains(&"停业") && !acts.contains(&"发备案回执"), "the reviewer answers a filing: {acts:?}");

    let stranger = person(&[("supervision", "TASKFORCE_ADMIN")], &[]);
    assert_eq!(super::open(&stranger, "childcare.class").unwrap_err().reason, "REGISTER_FORBIDDEN");
    let cut_off = person(&[], &["childcare"]);
    assert_eq!(super::open(&cut_off, "childcare.class").unwrap_err().reason, "BUREAU_UNREACHABLE");
    assert_eq!(super::open(&clerk, "childcare.bus").unwrap_err().reason, "REGISTER_UNKNOWN");
}

#[test]
fn values_read_as_people_write_them() {
    let city = City::embedded();
    let words = Words(&city);
    let shown = |path: &str| {
        let leaf = institutions().list.columns.iter().find(|leaf| leaf.path == path).unwrap();
        words.shown(leaf, &record("阳光托育园"))
    };
    assert_eq!((shown("kind"), shown("operating"), shown("places")), ("社区托育".into(), "是".into(), "1,280".into()));
    assert!(shown("region").starts_with("红塔区") && shown("region").len() > "红塔区".len(), "{}", shown("region"));
    assert_eq!((shown("filing_state"), shown("filing_number")), ("—".into(), "—".into()));

    let grants = &institutions().get.as_ref().unwrap().tables[0];
    let fee = grants.columns.iter().find(|leaf| leaf.path == "fee_ceiling_fen").unwrap();
    let designation = Designation { fee_ceiling_fen: 185_050, ..Designation::default() };
    let designation = dynamic(fee.field().parent_message(), &designation);
    assert_eq!(words.shown(fee, &designation), "1,850.50");
    assert_eq!(words.cell(fee, &designation), Cell::Number("1850.50".to_owned()));
}

#[test]
fn an_address_says_filters_and_the_way_back() {
    let list = &institutions().list;
    let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let first = Look::of(
        list,
        &[
            pair("kind", "INSTITUTION_KIND_COMMUNITY"),
            pair("operating", "false"),
            pair("region", "530402"),
            pair("ownership", " "),
            pair("elsewhere", "x"),
        ],
    );
    assert_eq!(first.filters.len(), 3, "blank and unknown filters say nothing");
    let (request, faults) = first.request(list);
    let request: ListInstitutionsRequest = request.transcode_to().unwrap();
    assert_eq!((request.kind(), request.operating), (InstitutionKind::Community, Some(false)));
    assert!(request.region == "530402" && faults.is_empty());

    let second = first.next("c2");
    let third = second.next("c3");
    assert_eq!((third.cursor.as_str(), &third.back[..]), ("c3", &["".to_owned(), "c2".to_owned()][..]));
    let again: Vec<(String, String)> =
        form_urlencoded::parse(third.address().trim_start_matches('?').as_bytes()).into_owned().collect();
    assert_eq!(Look::of(list, &again), third, "an address is read as it was written");
    assert_eq!(third.previous(), Some(second.clone()));
    assert_eq!((second.previous(), first.previous()), (Some(first.clone()), None));
    let far = (0..60).fold(first, |look, page| look.next(&format!("c{page}")));
    assert!(far.back.len() == 20 && far.previous().is_some());

    let unreadable = Look::of(list, &[pair("kind", "学校")]);
    assert_eq!(unreadable.request(list).1.len(), 1, "a filter that is no choice is named");
}

#[test]
fn filters_are_choices_in_the_persons_reach() {
    let city = City::embedded();
    let list = &institutions().list;
    let controls = filters(list, &Look::default(), &Words(&city), Reach(&["530402"]));
    let by = |name: &str| controls.iter().find(|control| control.name == name).unwrap();
    let options = |name: &str| -> Vec<String> {
        by(name).groups.iter().flat_map(|group| group.options.iter().map(|one| one.title.clone())).collect()
    };
    assert_eq!(options("operating"), ["全部", "是", "否"]);
    assert_eq!(options("kind").len(), 7);
    assert_eq!(options("region")[..2], ["全部", "红塔区"]);
    assert!(!options("region").contains(&"江川区".to_owned()));
    assert_eq!(by("name_contains").kind, "text");

    let classes = &register("childcare.class").unwrap().list;
    let controls = filters(classes, &Look::default(), &Words(&city), Reach(&["530402"]));
    assert_eq!(controls[0].kind, "hidden", "an id is nobody's choice");
    let closed: Vec<&str> = controls[3].groups.iter().flat_map(|g| &g.options).map(|one| one.title.as_str()).collect();
    assert_eq!(closed, ["否", "是"]);
}

#[test]
fn a_list_escapes_aligns_and_masks() {
    let city = City::embedded();
    let words = Words(&city);
    let mut register = institutions().clone();
    register.list.columns[0].column.personal = PersonalData::Name;
    let look = Look::default();
    let page = ListPage::new(&Frame::default(), &register, &look, (&[record("李小明")], "next-1"), &words);
    let html = page.html().unwrap();
    assert!(html.contains("李*明") && !html.contains("李小明"));
    assert!(html.contains("href=\"/registers/childcare.institution/i-1\""));
    assert!(
        html.contains("<th scope=\"col\" class=\"num\">托位数（个）</th>")
            && html.contains("<td class=\"num\">1,280</td>")
    );
    assert!(!html.contains("统一社会信用代码"), "what is for the record's own page stands there");
    assert!(html.contains("cursor=next-1") && html.contains("下一页") && !html.contains("上一页"));

    let page = ListPage::new(&Frame::default(), institutions(), &look, (&[record(SCRIPT)], ""), &words);
    let html = page.html().unwrap();
    assert!(!html.contains(SCRIPT) && html.contains("&#60;script&#62;") && html.contains("已到末页"));

    let mut page = ListPage::new(&Frame::default(), institutions(), &look, (&[], ""), &words);
    page.problem = Some(Problem::new(Kind::Unavailable, "BUREAU_UNREACHABLE", "市卫生健康委暂时联系不上"));
    let html = page.html().unwrap();
    assert!(html.contains("市卫生健康委暂时联系不上") && html.contains("没有丢失") && html.contains("重试"));
    let page = ListPage::new(&Frame::default(), institutions(), &look, (&[], ""), &words);
    assert!(page.html().unwrap().contains("还没有登记任何记录"));
}

#[test]
fn a_copy_that_never_was_is_no_empty_register() {
    let city = City::embedded();
    let source = |bureau: &str, as_of_micros, words: &str| CopyFreshness {
        bureau: bureau.into(),
        as_of_micros,
        words: words.into(),
    };
    let copied = register("supervision.institution").unwrap();
    let html = |sources| {
        let mut page = ListPage::new(&Frame::default(), copied, &Look::default(), (&[], ""), &Words(&city));
        page.sources = sources;
        page.html().unwrap()
    };
    let known = source("childcare", 1_762_300_800_000_000, "同步");
    let page = html(vec![known.clone(), source("elderly-care", 0, "尚未联系上来源")]);
    assert!(page.contains("：同步，数据截至2025-11-05 08:00</p>") && page.contains("：尚未联系上来源</p>"), "{page}");
    assert!(page.contains("不等于来源部门没有登记") && !page.contains("还没有登记任何记录"));
    assert!(html(vec![known]).contains("还没有登记任何记录"));
}

#[test]
fn a_record_shows_its_lists_and_its_history() {
    let city = City::embedded();
    let event = |at_micros: i64, effective_on: &str, reason: &str| HistoryEntry {
        at_micros,
        effective_on: effective_on.into(),
        from_state: "已提交备案".into(),
        to_state: "已备案".into(),
        by: "赵某".into(),
        reason: reason.into(),
        ..HistoryEntry::default()
    };
    let detail = InstitutionDetail {
        institution: Some(sunshine("阳光托育园")),
        designations: vec![Designation {
            places: 60, document_number: "玉卫〔2025〕7号".into(), ..Default::default()
        }],
        history: vec![
            event(1_762_300_800_000_000, "2025-11-05", "第一件"),
            event(1_762_400_000_000_000, "2025-11-06", SCRIPT),
        ],
    };
    let get = institutions().get.as_ref().unwrap();
    let answer = dynamic(&get.method.output, &detail);
    let html = RecordPage::new(&Frame::default(), institutions(), get, &answer, &Words(&city)).html().unwrap();
    assert!(html.contains("<h1>阳光托育园</h1>") && html.contains("<dt>统一社会信用代码</dt><dd>—</dd>"));
    assert!(html.contains("称号与认定") && html.contains("玉卫〔2025〕7号") && html.contains("收费上限（元）"));
    assert!(html.contains("已提交备案 → 已备案") && html.contains("登记于 2025-11-05 08:00"));
    let (first, second) = (html.find("2025-11-06").unwrap(), html.find("第一件").unwrap());
    assert!(first < second, "the latest first");
    assert!(!html.contains(SCRIPT) && html.contains("&#60;script&#62;"));
}

#[test]
fn a_form_begins_with_what_is_recorded_and_keeps_what_was_typed() {
    let city = City::embedded();
    let words = Words(&city);
    let act = institutions().act("ChangeInstitution").unwrap();
    let today = jiff::civil::date(2025, 11, 5);
    let mut typed = form::prefilled(institutions(), act, Some(&record("阳光托育园")), today);
    assert_eq!((typed["effective_on"].as_str(), typed["institution.name"].as_str()), ("2025-11-05", "阳光托育园"));
    assert_eq!(typed["institution.kind"], "INSTITUTION_KIND_COMMUNITY");
    assert!(!typed.contains_key("reason"));
    let grant = institutions().act("GrantDesignation").unwrap();
    let grant = form::prefilled(institutions(), grant, Some(&record("阳光托育园")), today);
    assert!(!grant.contains_key("places"), "the places of an institution are not those of a designation");

    typed.insert("institution.ownership".into(), String::new());
    typed.insert("institution.opened_on".into(), "三月".into());
    let request = form::Request { id: "i-1", version: 4, idempotency_key: "k", file: None };
    let problem = form::message(act, &typed, &request).unwrap_err();
    assert_eq!(problem.fields.len(), 2, "every fault at once: {problem}");
    let choices = Choices::default();
    let reach = Reach(&["530402"]);
    let what = (institutions(), act, "i-1");
    let page = ActPage::new(&Frame::default(), what, &typed, &choices, Some(&problem), (&words, reach));
    let html = page.html().unwrap();
    assert!(
        html.contains("value=\"三月\"")
            && html.contains("“举办性质”必填")
            && html.contains("id=\"v-institution.opened_on-fault\"")
    );
    assert!(html.contains("有 2 处需要改正") && !html.contains("代码 "), "no code is that of several faults");
    assert!(html.contains("action=\"/registers/childcare.institution/i-1/acts/ChangeInstitution\""));

    // A service names fields as its row does.
    let refused = Problem::field("uscc", "USCC_CHECK_DIGIT", "校验码不对").and_field("elsewhere", "别处");
    let (fields, whole) = form::faults(act, &refused);
    assert_eq!((fields["institution.uscc"].as_str(), whole), ("校验码不对", vec!["别处".to_owned()]));
}

#[test]
fn a_record_that_the_act_names_is_not_asked_for_again() {
    // A service that appears here must not need what is left out: it knows the record by its id.
    let mut left_out = Vec::new();
    for register in contract::register::registers() {
        for act in &register.acts {
            let asked: Vec<&str> = form::asked(act).map(|leaf| leaf.path.as_str()).collect();
            let missing = act.fields.iter().map(|leaf| leaf.path.as_str()).filter(|path| !asked.contains(path));
            left_out.extend(missing.map(|path| format!("{} {path}", act.method.name())));
        }
    }
    left_out.sort();
    let named = ["HireStaff staff", "OpenClass class", "RegisterBed bed"];
    let expected =
        named.iter().flat_map(|one| [".institution_name", ".institution_uscc"].map(|leaf| format!("{one}{leaf}")));
    assert_eq!(left_out, expected.collect::<Vec<_>>());

    let hire = register("childcare.staff").unwrap().act("HireStaff").unwrap();
    let fields =
        Fields(vec![("institution_id".into(), "i-1".into()), ("staff.institution_name".into(), "别家".into())]);
    let typed = form::posted(hire, &fields);
    let request = form::Request { id: "", version: 0, idempotency_key: "k", file: None };
    let problem = form::message(hire, &typed, &request).unwrap_err();
    let faulty: Vec<&str> = problem.fields.iter().map(|(field, _)| field.as_str()).collect();
    assert!(faulty.contains(&"staff.name") && !faulty.iter().any(|field| field.contains("institution")), "{faulty:?}");
}

#[test]
fn a_form_becomes_the_message_of_its_contract() {
    let act = institutions().act("SuspendInstitution").unwrap();
    let fields = Fields(vec![
        ("effective_on".into(), "2025-11-05".into()),
        ("reason".into(), "消防整改".into()),
        ("role".into(), "nobody asks".into()),
    ]);
    let typed = form::posted(act, &fields);
    let request = form::Request { id: "i-1", version: 4, idempotency_key: "k", file: None };
    let message = form::message(act, &typed, &request).unwrap();
    let expected =
        OperationRequest {
            id: "i-1".into(), version: 4, effective_on: "2025-11-05".into(), reason: "消防整改".into()
        };
    assert_eq!(message.transcode_to::<OperationRequest>().unwrap(), expected);
}

#[test]
fn a_conflict_shows_both_sides() {
    let city = City::embedded();
    let words = Words(&city);
    let act = institutions().act("ChangeInstitution").unwrap();
    let mut typed: Typed =
        form::prefilled(institutions(), act, Some(&record("阳光托育园")), jiff::civil::date(2025, 11, 5));
    typed.insert("institution.name".into(), "朝阳托育园".into());
    let now =
        dynamic(&institutions().list.record, &Institution { version: 5, smart_pilot: true, ..sunshine("阳光园") });
    let differences = form::differences(institutions(), act, &typed, &now, &words);
    let lines: Vec<(&str, &str, &str)> =
        differences.iter().map(|one| (one.title.as_str(), one.recorded.as_str(), one.typed.as_str())).collect();
    assert_eq!(lines, [("机构名称", "阳光园", "朝阳托育园"), ("智慧托育试点", "是", "否")]);

    let stale = Problem::new(Kind::Stale, "VERSION_STALE", "该记录已被他人修改，请刷新后重试");
    let what = (institutions(), act, "i-1");
    let reach = Reach(&["530402"]);
    let mut page = ActPage::new(&Frame::default(), what, &typed, &Choices::default(), Some(&stale), (&words, reach));
    page.conflict = Some(Conflict { differences });
    page.version = 5;
    let html = page.html().unwrap();
    assert!(html.contains("用新版本继续") && html.contains("name=\"version\" value=\"5\""));
    assert!(html.contains("<td>阳光园</td><td><ins>朝阳托育园</ins></td>") && html.contains("value=\"朝阳托育园\""));
}

#[test]
fn an_export_holds_no_formula() {
    let city = City::embedded();
    let formula = "=HYPERLINK(\"http://elsewhere\",\"看\")";
    let bytes = export::workbook(institutions(), &Words(&city), &[record(formula), record("@cmd")], true).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export.xlsx");
    std::fs::write(&path, bytes).unwrap();
    let rows: Vec<Vec<String>> = SheetReader::open(&path).unwrap().map(|row| row.unwrap().cells).collect();
    assert_eq!(rows[0][0], "机构名称");
    assert_eq!((rows[1][0].as_str(), rows[2][0].as_str()), (formula, "@cmd"));
    let places = institutions().list.columns.iter().position(|leaf| leaf.path == "places").unwrap();
    assert_eq!(rows[1][places], "1280");
    assert!(rows[3][0].contains("其余未导出"), "what was left out is said");
}

#[test]
fn a_class_has_no_page_of_its_own_until_its_contract_has_one() {
    let city = City::embedded();
    let classes = register("childcare.class").unwrap();
    let class = Class { id: "c-1".into(), institution_name: "阳光托育园".into(), places: 20, ..Class::default() };
    let class = dynamic(&classes.list.record, &class);
    assert_eq!(class.descriptor().name(), "Class");
    let page = ListPage::new(&Frame::default(), classes, &Look::default(), (&[class], ""), &Words(&city));
    assert_eq!(page.html().unwrap().contains("/registers/childcare.class/c-1"), classes.get.is_some());
}
