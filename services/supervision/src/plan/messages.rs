//! The bundle's types as the contract's messages. Figures stay as printed.

use city::indicator::{Indicator, Part, PrintedValue};
use city::organisation::Organisation;
use city::plan::{AnnexItem, Plan, Project, Task};
use city::region::Region;
use proto::supervision as message;

pub(super) fn plan(plan: &Plan) -> message::Plan {
    message::Plan {
        id: plan.id.clone(),
        title: plan.title.clone(),
        document_number: plan.document_no.clone(),
        issuer: plan.issuer.clone(),
        issued_on: plan.issued_on.clone(),
        period: plan.period.clone(),
        indicators: plan.indicators.iter().filter(|indicator| indicator.core).count() as u32,
        tasks: plan.tasks.len() as u32,
        projects: plan.projects.len() as u32,
        projects_total_wan_yuan: plan.total_wan_yuan(),
        projects_central_applied_wan_yuan: plan.central_applied_wan_yuan(),
    }
}

pub(super) fn indicator(indicator: &Indicator) -> message::Indicator {
    let baseline = indicator.baseline.as_ref();
    message::Indicator {
        code: indicator.code.clone(),
        slug: indicator.slug.clone(),
        name: indicator.name.clone(),
        unit: indicator.unit.clone(),
        category: indicator.category.clone(),
        kind: indicator.kind.label().to_owned(),
        obligation: indicator.obligation.clone(),
        core: indicator.core,
        decimals: indicator.decimals.into(),
        numerator: indicator.numerator.iter().map(part).collect(),
        denominator: indicator.denominator.iter().map(part).collect(),
        baseline_period: baseline.map(|printed| printed.period.to_string()),
        baseline: baseline.map(|printed| printed.value.to_string()),
        targets: indicator.targets.iter().map(target).collect(),
        target_text: indicator.target_text.clone(),
        responsible: indicator.responsible.clone(),
        numerator_text: indicator.numerator_text.clone(),
        denominator_text: indicator.denominator_text.clone(),
        note: indicator.note.clone(),
    }
}

fn part(part: &Part) -> message::Part {
    message::Part { element: part.element.clone(), alignment: part.alignment.to_string() }
}

fn target(printed: &PrintedValue) -> message::Target {
    message::Target { period: printed.period.to_string(), value: printed.value.to_string() }
}

pub(super) fn task(task: &Task) -> message::Task {
    message::Task {
        number: task.number,
        code: task.code.clone(),
        group: task.group,
        group_name: task.group_name.clone(),
        content: task.content.clone(),
        organisations: task.organisations.clone(),
    }
}

pub(super) fn project(project: &Project) -> message::Project {
    message::Project {
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
    }
}

pub(super) fn annex_item(item: &AnnexItem) -> message::AnnexItem {
    message::AnnexItem {
        annex: item.annex,
        annex_title: item.annex_title.clone(),
        number: item.number,
        title: item.title.clone(),
        content: item.content.clone(),
        organisations: item.responsible.clone(),
    }
}

pub(super) fn organisation(unit: &Organisation) -> message::Organisation {
    let names = unit.names.iter().map(|name| message::OrganisationName {
        name: name.name.clone(),
        valid_from: name.valid_from.clone(),
        valid_to: name.valid_to.clone(),
    });
    message::Organisation {
        code: unit.code.clone(),
        name_in_plan: unit.name_in_plan.clone(),
        full_name: unit.full_name.clone(),
        kind: unit.kind.clone(),
        names: names.collect(),
    }
}

pub(super) fn region(region: &Region) -> message::Region {
    message::Region {
        code: region.code.clone(),
        mca_code: region.mca_code.clone(),
        name: region.name.clone(),
        short_name: region.short_name.clone(),
        parent: region.parent.clone(),
        level: region.level.code().to_owned(),
        kind: region.kind.clone(),
        administered_by: region.administered_by.clone(),
    }
}
