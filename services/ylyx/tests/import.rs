//! The suite on free ports, a sheet imported through the front door, and the way back.

use kit::Clock;
use proto::contract::ImportCounts;
use ylyx::import::{ImportOptions, run};
use ylyx::suite::{Suite, SuiteOptions};

/// A title row, the heading of our own template, three institutions of which one has no readable date and one an
/// unknown street.
const SHEET: &str = "\
2025年托育机构名单,,,,,,
机构名称,机构类型,举办性质,所在地区,开业日期,无信用代码原因,举办单位信用代码
阳光托育园,托育机构,民办,530402,2025-03-01,登记办理中,52530402MJ0000002X
春蕾托育园,托育机构,民办,530402,三月,登记办理中,52530402MJ0000002X
小星托育园,托育机构,民办,没有这条街道,2025-03-01,登记办理中,52530402MJ0000002X
合计,,,,,,
";

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_reaches_the_register_and_its_faults_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let clock = Clock::set_to("2025-11-05T02:00:00Z".parse().unwrap());
    let suite =
        Suite::start(SuiteOptions { clock: clock.clone(), ..SuiteOptions::on_free_ports(&data) }).await.unwrap();
    let (file, rejected) = (folder.path().join("list.csv"), folder.path().join("rejected.xlsx"));
    std::fs::write(&file, SHEET).unwrap();
    let options = ImportOptions {
        file,
        register: "childcare.institution".to_owned(),
        region: "530402".to_owned(),
        user: "reporter-530402".to_owned(),
        rejected: Some(rejected.clone()),
        data: data.clone(),
        clock,
        ..ImportOptions::default()
    };

    let preview = run(ImportOptions { preview: true, ..options.clone() }).await.unwrap();
    assert_eq!(preview.totals, ImportCounts { added: 1, rejected: 2, ..ImportCounts::default() });
    let report = run(options.clone()).await.unwrap();
    assert_eq!(report.totals, preview.totals, "a preview changes nothing: {:?}", report.faults);
    assert!(!report.all_taken());
    let faults: Vec<_> = report.faults.iter().map(|fault| (fault.row, fault.field.as_str())).collect();
    assert_eq!(faults, [(4, "opened_on"), (5, "region")]);
    assert!(std::fs::metadata(&rejected).unwrap().len() > 0);

    let again = run(options.clone()).await.unwrap();
    assert_eq!(again.totals, ImportCounts { unchanged: 1, rejected: 2, ..ImportCounts::default() });
    let resumed = run(ImportOptions { resume: Some(again.import_id), ..options.clone() }).await.unwrap();
    assert_eq!((resumed.totals, resumed.skipped_batches), (again.totals, 1));

    let elsewhere = run(ImportOptions { region: "530403".to_owned(), ..options.clone() }).await.unwrap_err();
    assert_eq!(elsewhere.reason, "REGION_OUT_OF_SCOPE");
    let stranger = run(ImportOptions { user: "nobody".to_owned(), ..options }).await.unwrap_err();
    assert_eq!(stranger.reason, "USER_UNKNOWN");

    let held = Suite::start(SuiteOptions::on_free_ports(&data)).await.unwrap_err();
    assert_eq!(held.reason, "DATA_FOLDER_HELD");
    suite.stop().await.unwrap();
    Suite::start(SuiteOptions::on_free_ports(&data)).await.unwrap().stop().await.unwrap();
}
