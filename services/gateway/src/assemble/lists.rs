//! The plan's tasks and projects, the regions, and the freshness of the bureaus.

use std::collections::BTreeMap;

use contract::bureau;
use kit::clock::rfc3339;

use crate::cube::{Cube, Reference};
use crate::state::Link;
use crate::view::{BureauList, BureauView, ProjectList, ProjectView, RegionList, RegionView, TaskList, TaskView};

/// The tasks as printed.
pub fn tasks(reference: &Reference) -> TaskList {
    let plan = &reference.plan;
    TaskList {
        plan: plan.id.clone(),
        tasks: plan
            .tasks
            .iter()
            .map(|task| TaskView {
                number: task.number,
                code: task.code.clone(),
                group: task.group,
                group_name: task.group_name.clone(),
                content: task.content.clone(),
                responsible: task
                    .organisations
                    .iter()
                    .map(|code| reference.catalogue.organisation(code).unwrap_or(code).to_owned())
                    .collect(),
            })
            .collect(),
    }
}

/// The projects as printed, with both totals added up.
pub fn projects(reference: &Reference) -> ProjectList {
    let plan = &reference.plan;
    ProjectList {
        plan: plan.id.clone(),
        total_wan_yuan: plan.total_wan_yuan(),
        central_applied_wan_yuan: plan.central_applied_wan_yuan(),
        projects: plan
            .projects
            .iter()
            .map(|project| ProjectView {
                number: project.number,
                category: project.category.clone(),
                name: project.name.clone(),
                r#type: project.project_type.clone(),
                start_year: project.start_year,
                end_year: project.end_year,
                location: project.location.clone(),
                content: project.content.clone(),
                total_wan_yuan: project.total_wan_yuan,
                central_applied_wan_yuan: project.central_applied_wan_yuan,
                responsible: project.responsible.clone(),
                flags: project.flags.clone(),
            })
            .collect(),
    }
}

/// Regions of the edition in force, city first; villages are left to the owner of the list.
pub fn regions(reference: &Reference) -> RegionList {
    let tree = &reference.regions;
    RegionList {
        edition: tree.edition().id.clone(),
        regions: tree
            .edition()
            .regions
            .iter()
            .filter(|region| region.code.len() <= 9)
            .map(|region| RegionView {
                code: region.code.clone(),
                mca_code: region.mca_code.clone(),
                name: region.name.clone(),
                short_name: region.short_name.clone(),
                parent: region.parent.clone(),
                level: region.level.code().to_owned(),
                administered_by: region.administered_by.clone(),
            })
            .collect(),
    }
}

/// How fresh each bureau's figures are.
pub fn bureaus(cube: &Cube, links: &BTreeMap<String, Link>, now: i64) -> BureauList {
    let mut links: Vec<_> = links.iter().collect();
    links.sort_by_key(|(name, _)| bureau::rank(name));
    BureauList {
        as_of: rfc3339(now),
        bureaus: links
            .into_iter()
            .map(|(name, link)| BureauView {
                name: name.clone(),
                title: bureau::title(name).to_owned(),
                state: link.state().to_owned(),
                stream_id: link.stream_id.clone(),
                sequence: link.sequence,
                last_contact: link.last_contact.map(rfc3339),
                stale_since: link.stale_since.map(rfc3339),
                last_published_at: cube.last_published(name).map(rfc3339),
                reason: link.reason.clone(),
            })
            .collect(),
    }
}
