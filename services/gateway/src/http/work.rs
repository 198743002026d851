//! 我的工作: what waits for the person, from every bureau at which the person holds a role.

use axum::Router;
use axum::extract::State as Shared;
use axum::http::Uri;
use axum::response::Response;
use axum::routing::get;
use contract::bureau::title as bureau_title;
use proto::trust::CorrectionState;

use super::pages::{chosen, page};
use super::sharing::waiting::{Waiting, doubts};
use super::{Front, JUDGES, READERS, REPORTERS, filling, review};
use crate::console::period_title;
use crate::console::work::worklist::{self, Item, Pile, Worklist};
use crate::session::SignedIn;

pub(super) fn router() -> Router<Front> {
    Router::new().route("/work", get(show))
}

async fn show(Shared(front): Shared<Front>, person: SignedIn, uri: Uri) -> Response {
    let period = chosen(&front.state, "");
    let (mut list, waiting) = tokio::join!(reports(&front, &person, &period), doubts(&front, &person));
    list.push("数据疑义", to_word(&waiting));
    if person.holds_any(&READERS) {
        let none = waiting.gaps.is_empty() && waiting.to_answer.iter().all(|(_, tickets)| tickets.count == 0);
        let title = if none && !waiting.to_answer.is_empty() { "没有待答复的疑义" } else { "数据疑义" };
        list.links.push(("/sharing/corrections", title));
    }
    list.down.extend(waiting.gaps.down);
    list.down.sort();
    list.down.dedup();
    page(&front, Some(&person), &uri, |frame| worklist::page(frame, &list))
}

/// The reports that wait for the person, and where else the person works on them.
async fn reports(front: &Front, person: &SignedIn, period: &str) -> Worklist {
    let mut list =
        Worklist { name: person.name.clone(), today: front.state.clock().today().to_string(), ..Worklist::default() };
    if person.holds_any(&REPORTERS) {
        let package = filling::assemble(front, person, "", period).await;
        list.down.extend(package.down.iter().cloned());
        list.push("要报的表", to_fill(&package));
    }
    if person.holds_any(&JUDGES) {
        let waiting = review::assemble(front, person, period).await;
        list.down.extend(waiting.down.iter().cloned());
        let items = waiting.batches.iter().map(|batch| Item {
            tone: "now",
            title: format!(
                "{} {} 份{}",
                batch.title,
                batch.waiting.len(),
                if batch.act == "publish" { "待核定" } else { "待审核" }
            ),
            text: format!("{} · {}，其中 {} 份无须说明", batch.bureau_title, batch.period_title(), batch.clean()),
            href: format!("/review?period={period}"),
            button: "去签",
        });
        list.push("等我签的表", items.collect());
    }
    if person.holds_any(&["TASKFORCE_ADMIN", "CITY_BUREAU_APPROVER", "COUNTY_REVIEWER"]) {
        let outstanding = review::outstanding(front, person, period).await;
        let late = outstanding.debtors.iter().filter(|debtor| debtor.owed.iter().any(|owed| owed.days_late > 0));
        let (late, all) = (late.count(), outstanding.debtors.len());
        if all > 0 {
            list.push(
                "要催的报表",
                vec![Item {
                    tone: if late > 0 { "red" } else { "now" },
                    title: format!("{}有 {all} 个地区未报", period_title(period)),
                    text: format!("其中 {late} 个地区已逾期；催报文字已拟好"),
                    href: format!("/outstanding?period={period}"),
                    button: "看清单",
                }],
            );
        }
    }
    if person.holds_any(&READERS) {
        list.links = vec![("/outstanding", "未报清单"), ("/basis", "数字口径"), ("/unlocks", "解锁")];
    }
    list
}

/// A line for each bureau whose data somebody doubts, one for the answers that wait for the opener's word.
fn to_word(waiting: &Waiting) -> Vec<Item> {
    let there = waiting.to_answer.iter().filter(|(_, tickets)| tickets.count > 0);
    let mut items: Vec<Item> = there
        .map(|(bureau, tickets)| Item {
            tone: if tickets.overdue > 0 { "red" } else { "now" },
            title: format!("{}的数据有 {}疑义待答复", bureau_title(bureau), tickets.said()),
            text: match tickets.overdue {
                0 => "请核实后答复：改了什么，或为什么不改".to_owned(),
                late => format!("其中 {late} 件已逾期"),
            },
            href: format!("/sharing/corrections?state={}&bureau={bureau}", CorrectionState::Open as i32),
            button: "去答复",
        })
        .collect();
    if waiting.own.count > 0 {
        items.push(Item {
            tone: "now",
            title: format!("您提出的疑义有 {}已答复", waiting.own.said()),
            text: "同意答复的请确认办结；不同意的可重新提出一次".to_owned(),
            href: "/sharing/corrections?due=own".to_owned(),
            button: "去办结",
        });
    }
    items
}

/// A line for what was sent back or is late, one for the rest of the package.
fn to_fill(package: &crate::console::work::package::Package) -> Vec<Item> {
    let mut items = Vec::new();
    let open: Vec<_> = package.lines.iter().filter(|line| line.open).collect();
    for line in open.iter().filter(|line| line.state.1 == "ask") {
        items.push(Item {
            tone: "ask",
            title: format!("{}：{}", line.title, line.state.0),
            text: format!("{} · {} · 新时限 {}", line.bureau_title, line.own_period(), line.due_on),
            href: format!("/filling/{}/{}", line.bureau, line.id),
            button: "去改",
        });
    }
    let rest: Vec<_> = open.iter().filter(|line| line.state.1 != "ask").collect();
    if let Some(first) = rest.iter().min_by_key(|line| &line.due_on) {
        let late = rest.iter().filter(|line| line.state.1 == "red").count();
        items.push(Item {
            tone: if late > 0 { "red" } else { "now" },
            title: format!("{}{}套表还有 {} 张", package.region_name, period_title(&package.period), rest.len()),
            text: match late {
                0 => format!("最早 {} 应报", first.due_on),
                late => format!("{late} 张已逾期，最早 {} 应报", first.due_on),
            },
            href: format!("/filling?region={}&period={}", package.region, package.period),
            button: "去填",
        });
    }
    items
}

impl Worklist {
    fn push(&mut self, title: &'static str, items: Vec<Item>) {
        if !items.is_empty() {
            self.piles.push(Pile { title, items });
        }
    }
}
