//! What surrounds the figures: the frame, the bureaus in every state, and lists as long as the plan's.

use crate::console::Frame;
use crate::view::*;

pub(super) const COUNTIES: [&str; 9] =
    ["红塔区", "江川区", "澄江市", "通海县", "华宁县", "易门县", "峨山县", "新平县", "元江县"];

pub(super) fn text(words: &str) -> String {
    words.to_owned()
}

pub(super) fn frame() -> Frame {
    let codes = ["530402", "530403", "530481", "530423", "530424", "530425", "530426", "530427", "530428"];
    let mut region_options = vec![(text("530400"), text("玉溪市"))];
    region_options.extend(codes.iter().zip(COUNTIES).map(|(code, name)| (text(code), text(name))));
    Frame {
        city_title: text("玉溪市“一老一小”协同平台"),
        synthetic: true,
        plan_title: text("玉溪市“一老一小”整体解决方案"),
        region_options,
        period_options: [("2026-10", "2026年10月"), ("2026-09", "2026年9月"), ("2025", "2025年"), ("2020", "2020年")]
            .map(|(period, title)| (text(period), text(title)))
            .to_vec(),
        nav: crate::console::nav::entries(None, "/"),
        ..Frame::default()
    }
}

pub(super) fn bureaus() -> BureauList {
    let bureau = |name: &str, title: &str, state: &str, sequence: u64, contact: Option<&str>| BureauView {
        name: text(name),
        title: text(title),
        state: text(state),
        stream_id: text("0193f3c2-5b1e-7c3a-9a0e-1f2e3d4c5b6a"),
        sequence,
        last_contact: contact.map(text),
        stale_since: (state == "stale").then(|| text("2026-11-03T18:20:00+08:00")),
        last_published_at: contact.map(text),
        reason: String::new(),
    };
    BureauList {
        as_of: text("2026-11-05T09:30:05+08:00"),
        bureaus: vec![
            bureau("childcare", "卫生健康委（托育）", "stale", 412, Some("2026-11-03T18:20:00+08:00")),
            bureau("education", "老干部局（老年教育）", "waiting", 0, None),
            bureau("elderly-care", "民政局（养老）", "live", 4182, Some("2026-11-05T09:29:58+08:00")),
            bureau("finance", "财政局", "diverged", 77, Some("2026-11-05T09:29:40+08:00")),
            bureau("supervision", "工作协调机制办公室", "live", 1209, Some("2026-11-05T09:29:59+08:00")),
        ],
    }
}

pub(super) fn tasks() -> TaskList {
    let names = ["兜底线、促普惠、市场化协同发展", "强化居家社区服务", "促进医养康养融合"];
    let task = |number: u32| TaskView {
        number,
        code: format!("T{number:02}"),
        group: (number - 1) / 14 + 1,
        group_name: text(names[(number as usize - 1) / 14]),
        content: text("建立基本养老服务清单"),
        responsible: vec![text("市民政局")],
    };
    TaskList { plan: text("yuxi-2023"), tasks: (1..=42).map(task).collect() }
}

pub(super) fn projects() -> ProjectList {
    let project = |number: u32| ProjectView {
        number,
        category: text(if number <= 27 { "养老" } else { "托育" }),
        name: format!("项目 {number}"),
        r#type: text("医养结合"),
        start_year: 2022,
        end_year: 2025,
        location: text("红塔区"),
        content: text("新建养老公寓。"),
        total_wan_yuan: match number {
            1 => 123_940 - 26,
            28 => 39_232 - 22,
            _ => 1,
        },
        central_applied_wan_yuan: match number {
            1 => 78_927 - 26,
            28 => 20_371 - 22,
            _ => 1,
        },
        responsible: text("红塔区人民政府"),
        flags: if number.is_multiple_of(7) { vec![text("central_ratio>0.80")] } else { Vec::new() },
    };
    ProjectList {
        plan: text("yuxi-2023"),
        total_wan_yuan: 163_172,
        central_applied_wan_yuan: 99_298,
        projects: (1..=50).map(project).collect(),
    }
}
