//! 基准: both values side by side, and the signed cut-over to the register.

use proto::reporting::{Basis as WireBasis, BasisLine};

use super::*;
use crate::basis::desk::CutOver;
use crate::report::Basis;

fn to_register(effective: &str) -> CutOver {
    CutOver {
        elements: BTreeSet::from([PLACES.to_owned()]),
        regions: BTreeSet::from([COUNTY.to_owned()]),
        basis: Basis::Register,
        effective_period: effective.to_owned(),
        reason: "台账已录入完毕".to_owned(),
        document_number: "玉卫发〔2025〕12号".to_owned(),
        explanations: BTreeMap::new(),
    }
}

async fn line(bench: &Bench) -> BasisLine {
    bench.desk.list_basis(&approver(), PLACES, COUNTY).await.unwrap().remove(0)
}

/// A published month in which the clerk overrode the register.
async fn overridden(bench: &Bench, period: &str, places: &str) {
    let note = Entry { note: "两所机构尚未录入台账".into(), ..entry(PLACES, places) };
    let draft = bench.draft(period, &[note, entry(ENROLLED, "0"), entry(MANAGED, "3")]).await;
    let submitted = bench.submit(&draft).await.unwrap();
    bench.publish(&submitted).await;
}

#[tokio::test]
async fn the_register_counts_after_two_periods_that_agree_and_a_signature() {
    let bench = bench_for(own_city()).await;
    let desk = &bench.desk;
    bench.computes(100);
    bench.on("2025-10-03");
    bench.month("2025-09", "3").await;
    let early = desk.cut_over(&approver(), &to_register("2025-10")).await.unwrap_err();
    assert_eq!(early.reason, "CUT_OVER_TOO_EARLY");
    assert!(
        early.message.contains("红塔区“托位总数”") && early.message.contains("2025-09 上报 100、台账 100"),
        "{early}"
    );
    assert!(!line(&bench).await.ready);
    bench.on("2025-11-03");
    overridden(&bench, PERIOD, "104").await;
    let before = line(&bench).await;
    assert!(before.ready && before.history.is_empty() && before.basis() == WireBasis::Both);
    let shown: Vec<_> = before
        .comparisons
        .iter()
        .map(|one| (one.period.as_str(), one.reported, one.computed, one.difference_hundredths))
        .collect();
    let expected = [("2025-10", Some(104), Some(100), Some(-385)), ("2025-09", Some(100), Some(100), Some(0))];
    assert_eq!(shown, expected);

    let refused = async |cut: CutOver, who: &Someone| desk.cut_over(who, &cut).await.unwrap_err().reason;
    let cut = || to_register("2025-11");
    assert_eq!(refused(cut(), &clerk()).await, "ROLE_MISSING");
    assert_eq!(refused(CutOver { document_number: " ".into(), ..cut() }, &approver()).await, "DOCUMENT_NUMBER_NEEDED");
    assert_eq!(refused(CutOver { reason: String::new(), ..cut() }, &approver()).await, "REASON_NEEDED");
    assert_eq!(refused(to_register(PERIOD), &approver()).await, "EFFECTIVE_PERIOD_TAKEN");
    assert_eq!(refused(to_register("2025-13"), &approver()).await, "PERIOD_INVALID");
    let typed = CutOver { elements: BTreeSet::from([ENROLLED.to_owned()]), ..cut() };
    assert_eq!(refused(typed, &approver()).await, "ELEMENT_UNKNOWN");
    let two = CutOver { regions: BTreeSet::from([COUNTY.to_owned(), "530403".to_owned()]), ..cut() };
    assert_eq!(refused(two, &approver()).await, "CUT_OVER_TOO_EARLY");
    assert!(line(&bench).await.history.is_empty(), "all of it or nothing");

    desk.cut_over(&approver(), &cut()).await.unwrap();
    let after = desk.cut_over(&approver(), &cut()).await.unwrap().remove(0);
    assert_eq!(after.history.len(), 1, "what has that basis already is left alone");
    let signed = &after.history[0];
    assert_eq!((signed.user.as_str(), signed.effective_period.as_str()), ("approver", "2025-11"));
    let revised = desk.open_report(&clerk(), MONTHLY, COUNTY, PERIOD, "核对").await.unwrap();
    assert_eq!((revised.cells[0].basis, revised.cells[0].value()), (Basis::Both, Some(104)), "October stays as it was");
    bench.on("2025-12-03");
    let november = desk.open_report(&clerk(), MONTHLY, COUNTY, "2025-11", "").await.unwrap();
    assert_eq!((november.cells[0].basis, november.cells[0].value()), (Basis::Register, Some(100)));
    let typed = [entry(PLACES, "104")];
    let fixed = desk.save_report(&clerk(), november.id, november.version(), &typed).await.unwrap_err();
    assert_eq!(fixed.reason, "BASIS_IS_REGISTER");
    assert_eq!(line(&bench).await.basis(), WireBasis::Register);

    let back = CutOver { basis: Basis::Both, ..to_register("2025-10") };
    assert_eq!(refused(back, &approver()).await, "EFFECTIVE_PERIOD_TAKEN");
    let back = CutOver { basis: Basis::Both, ..to_register("2026-01") };
    assert_eq!(desk.cut_over(&approver(), &back).await.unwrap()[0].history.len(), 2);
    let mut tx = desk.db.begin().await.unwrap();
    assert!(tx.query("UPDATE basis_change SET basis = 'BOTH'").execute().await.is_err());
    assert!(tx.query("DELETE FROM basis_change").execute().await.is_err());
}

#[tokio::test]
async fn values_far_apart_need_an_explanation_that_is_kept() {
    let bench = bench_for(own_city()).await;
    bench.computes(100);
    bench.on("2025-10-03");
    overridden(&bench, "2025-09", "120").await;
    bench.on("2025-11-03");
    overridden(&bench, PERIOD, "101").await;
    let mut cut = to_register("2025-11");
    let apart = bench.desk.cut_over(&approver(), &cut).await.unwrap_err();
    assert_eq!(apart.reason, "CUT_OVER_TOO_EARLY");
    assert!(apart.message.contains("2025-09 上报 120、台账 100"), "{apart}");
    cut.explanations.insert((PLACES.to_owned(), COUNTY.to_owned()), "已录入".to_owned());
    assert_eq!(bench.desk.cut_over(&approver(), &cut).await.unwrap_err().reason, "CUT_OVER_TOO_EARLY");
    let why = "九月两所机构尚未录入台账，十月已补录";
    cut.explanations.insert((PLACES.to_owned(), COUNTY.to_owned()), why.to_owned());
    let line = bench.desk.cut_over(&approver(), &cut).await.unwrap().remove(0);
    assert_eq!(line.history[0].explanation, why);
    assert_eq!(line.basis(), WireBasis::Register);
}
