//! The catalogue's entries as people read them: the contracts describe what no register holds in English.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use contract::catalogue::{Entry, catalogue};
use contract::register::registers;
use kit::Result;

use super::rules;

/// Services without a register of their own.
const SERVICES: [(&str, &str); 14] = [
    ("ylyx.contract.v1.FeedStatusService", "数据订阅"),
    ("ylyx.childcare.v1.InstitutionFeedService", "托育机构变更"),
    ("ylyx.elderly_care.v1.InstitutionFeedService", "养老机构变更"),
    ("ylyx.finance.v1.InclusivePlaceService", "普惠托位"),
    ("ylyx.finance.v1.ProgressService", "项目进度"),
    ("ylyx.reporting.v1.PublicationService", "数据发布"),
    ("ylyx.reporting.v1.ReportService", "套表填报"),
    ("ylyx.gateway.v1.IndicatorService", "指标"),
    ("ylyx.supervision.v1.PlanService", "实施方案"),
    ("ylyx.trust.v1.AccessRightService", "共享授权"),
    ("ylyx.trust.v1.CorrectionService", "疑义校核"),
    ("ylyx.trust.v1.GrantService", "人员权限"),
    ("ylyx.trust.v1.MatchingService", "人员比对"),
    ("ylyx.trust.v1.PersonService", "人员信息"),
];

/// Methods whose names say too little by themselves.
const METHODS: [(&str, &str); 46] = [
    ("ApplyAccessRight", "申请授权"),
    ("CheckAccessRight", "形式检查"),
    ("ReviewAccessRight", "审核"),
    ("GrantAccessRight", "授权"),
    ("RejectAccessRight", "驳回"),
    ("SuspendAccessRight", "暂停"),
    ("ResumeAccessRight", "恢复"),
    ("EndAccessRight", "终止"),
    ("OpenCorrection", "提出疑义"),
    ("AnswerCorrection", "答复"),
    ("CloseCorrection", "办结"),
    ("FindPerson", "按证件查询"),
    ("FollowInstitutions", "订阅机构登记"),
    ("FollowDesignations", "订阅普惠认定和示范称号"),
    ("GetPerson", "查看遮蔽信息"),
    ("CorrectPerson", "更正"),
    ("RevealPerson", "查看明文"),
    ("MergePersons", "合并"),
    ("ErasePerson", "删除"),
    ("MatchStaff", "与外部门比对"),
    ("Match", "比对"),
    ("Follow", "订阅"),
    ("GiveGrant", "授予角色"),
    ("EndGrant", "收回角色"),
    ("RequestUnlock", "申请解锁"),
    ("DecideUnlock", "批准解锁"),
    ("PublishReports", "发布"),
    ("WithdrawReports", "撤回发布"),
    ("OpenReport", "打开报表"),
    ("SaveReport", "保存报表"),
    ("SubmitReport", "报送报表"),
    ("ReviewReport", "审核报表"),
    ("ReviewReports", "成批审核"),
    ("SendBackReport", "退回报表"),
    ("RecallReport", "撤回报表"),
    ("ExemptReport", "免报"),
    ("FilePackage", "整套报送"),
    ("FillOnBehalf", "代填"),
    ("CutOver", "口径切换"),
    ("ResyncBureau", "重新跟随部门"),
    ("DescribeWorkTypes", "事项说明"),
    ("InspectionPack", "迎检资料"),
    ("ListAccesses", "谁看过此人"),
    ("GetPersonKeys", "密钥状态"),
    ("ListMatchBatches", "比对记录"),
    ("ListFeeds", "订阅状态"),
];

/// The catalogue: the contracts do not change while the program runs.
pub(crate) fn entries() -> Result<&'static [Entry]> {
    static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| rules().map(catalogue).unwrap_or_default());
    rules().map(|_| ENTRIES.as_slice())
}

pub(crate) fn entry(path: &str) -> Option<&'static Entry> {
    entries().ok()?.iter().find(|entry| entry.path == path)
}

/// What people call a method: 托育从业人员：查询. The path where no contract has the method.
pub(crate) fn title(path: &str) -> String {
    static TITLES: LazyLock<BTreeMap<&'static str, String>> = LazyLock::new(|| {
        let named = |entry: &'static Entry| (entry.path.as_str(), format!("{}：{}", service(entry), does(entry)));
        entries().unwrap_or_default().iter().map(named).collect()
    });
    TITLES.get(path).cloned().unwrap_or_else(|| path.to_owned())
}

/// A purpose in words; a code that is new stands for itself.
pub(crate) fn purpose(code: &str) -> String {
    const PURPOSES: [(&str, &str); 3] = [
        ("institution-register", "机构名录"),
        ("inclusive-subsidy", "普惠补助核定"),
        ("staff-verification", "从业人员核验"),
    ];
    if let Some((_, title)) = PURPOSES.iter().find(|(known, _)| *known == code) {
        return (*title).to_owned();
    }
    let number = proto::trust::Purpose::from_str_name(code).map_or(0, |purpose| purpose as i32);
    let label = super::label("ylyx.trust.v1.Purpose", number);
    if label.is_empty() { code.to_owned() } else { label }
}

/// A register that is followed, by its name; 普惠托育认定 belongs to a register and is followed by itself.
pub(crate) fn feed(name: &str) -> &str {
    match contract::register::register(name) {
        Some(register) => &register.title,
        None if name == "childcare.designation" => "普惠托育认定",
        None => name,
    }
}

fn service(entry: &Entry) -> &str {
    if chinese(&entry.service_title) {
        return &entry.service_title;
    }
    let known = SERVICES.iter().find(|(service, _)| *service == entry.service);
    known.map_or_else(|| entry.service.rsplit('.').next().unwrap_or_default(), |(_, title)| title)
}

fn does(entry: &Entry) -> String {
    let acts = registers().iter().flat_map(|register| &register.acts);
    if let Some(act) = acts.into_iter().find(|act| act.method.path == entry.path) {
        return act.title.clone();
    }
    if let Some((_, title)) = METHODS.iter().find(|(method, _)| *method == entry.method) {
        return (*title).to_owned();
    }
    const VERBS: [(&str, &str); 10] = [
        ("List", "查询"),
        ("Get", "查看"),
        ("Read", "读取"),
        ("Import", "导入"),
        ("Follow", "订阅变更"),
        ("Download", "下载"),
        ("Save", "保存"),
        ("File", "报送"),
        ("Prefill", "预填"),
        ("Count", "统计"),
    ];
    let verb = VERBS.iter().find(|(verb, _)| entry.method.starts_with(verb));
    verb.map_or_else(|| format!("办理 {}", entry.method), |(_, title)| (*title).to_owned())
}

fn chinese(text: &str) -> bool {
    text.chars().filter(|letter| ('\u{4e00}'..='\u{9fff}').contains(letter)).count() * 3 >= text.chars().count().max(1)
}
