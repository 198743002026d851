//! Seniors' education: schools of three tiers, courses, teachers and classes.

use fastrand::Rng;
use jiff::civil::Date;
use kit::Result;
use proto::common::Page;
use proto::contract::DocumentKind;
use proto::education::school_service_client::SchoolServiceClient;
use proto::education::{
    Category, ClassRow, ClassState, CourseRow, DemonstrationLevel, GrantDemonstrationRequest, HostKind,
    ListSchoolsRequest, Mode, SchoolRow, TeacherRow, TeacherStatus, Tier,
};

use super::{Place, day, name, resident, townships, villages};
use crate::demo::growth::{Ends, at};
use crate::demo::office::Office;
use crate::demo::reports::month_end;

const TOWNSHIPS: Ends = [25, 32, 39, 46, 52, 58, 62];
const VILLAGES: Ends = [58, 112, 180, 252, 308, 352, 374];

const COURSES: [(&str, &str, Category); 12] = [
    ("SZ-01", "时政讲堂", Category::Politics),
    ("SH-01", "国画入门", Category::Painting),
    ("SH-02", "书法（楷书）", Category::Painting),
    ("SY-01", "民族声乐", Category::Vocal),
    ("WD-01", "广场舞与民族舞", Category::Dance),
    ("QY-01", "二胡", Category::Instrument),
    ("JK-01", "中医养生", Category::Health),
    ("JK-02", "太极拳", Category::Sport),
    ("SJ-01", "智能手机应用", Category::Smartphone),
    ("WS-01", "玉溪地方史话", Category::History),
    ("SG-01", "剪纸与手工", Category::Craft),
    ("HD-01", "玉溪花灯", Category::LocalCulture),
];

/// Every so many schools the first teacher also works in a childcare institution: such people are what 人员比对 finds. Even, as
/// the schools whose teachers have stated a document, and one more is no carer who leaves (`staff`).
const ALSO_CARER: usize = 10;

const SURNAMES: [&str; 10] = ["李", "王", "张", "杨", "普", "白", "矣", "方", "施", "钱"];

pub(crate) struct Education {
    towns: Vec<Place>,
    villages: Vec<Place>,
    townships_open: usize,
    villages_open: usize,
    /// Schools that run classes, with the day they opened.
    teaching: Vec<(String, Date)>,
    draw: Rng,
}

impl Education {
    pub(crate) fn plan(office: &Office, draw: Rng) -> Self {
        Education {
            towns: townships(&office.city),
            villages: villages(&office.city),
            townships_open: 0,
            villages_open: 0,
            teaching: Vec::new(),
            draw,
        }
    }

    /// What stood at the end of 2020, with the courses.
    pub(crate) async fn of_2020(&mut self, office: &Office) -> Result<()> {
        let mut rows = Vec::new();
        for (n, county) in office.city.regions.counties().into_iter().enumerate().filter(|(n, _)| *n != 8) {
            let name = format!("{}老年大学", county.short_name);
            let opened = day(1992 + n as i16 * 3, 9, 1);
            rows.push(school(&name, Tier::County, &county.code, HostKind::CadreBureau, opened));
            self.teaching.push((name, opened));
        }
        rows.extend(self.open_until((2020, 12), day(2018, 1, 1), day(2020, 12, 1)));
        office.import("education.school", day(2020, 12, 31), &rows).await?;
        let courses: Vec<CourseRow> = COURSES
            .iter()
            .map(|(code, name, category)| CourseRow {
                code: (*code).to_owned(),
                name: (*name).to_owned(),
                category: *category as i32,
                mode: Mode::OnSite as i32,
                hours: 32,
            })
            .collect();
        office.import("education.course", day(2020, 12, 31), &courses).await
    }

    /// What opened by the end of a month; teachers and classes at the beginning of a term.
    pub(crate) async fn month(&mut self, office: &Office, month: (i16, i8)) -> Result<()> {
        let end = month_end(month);
        let first = if month.0 < 2025 { day(month.0, 1, 1) } else { day(month.0, month.1, 1) };
        let mut rows = self.open_until(month, first, end);
        if month == (2022, 12) {
            // The last county follows.
            let counties = office.city.regions.counties();
            if let Some(county) = counties.get(8) {
                let name = format!("{}老年大学", county.short_name);
                rows.push(school(&name, Tier::County, &county.code, HostKind::CadreBureau, day(2022, 9, 1)));
                self.teaching.push((name, day(2022, 9, 1)));
            }
        }
        office.import("education.school", end, &rows).await?;
        if month == (2025, 6) {
            self.demonstrate(office, end).await?;
        }
        match month {
            (year @ 2025.., 3) => self.term(office, year, "S", end).await,
            (year @ 2025.., 9) => self.term(office, year, "A", end).await,
            _ => Ok(()),
        }
    }

    fn open_until(&mut self, month: (i16, i8), first: Date, end: Date) -> Vec<SchoolRow> {
        let days = i64::from((end - first).get_days()).max(1);
        let mut rows = Vec::new();
        while self.townships_open < self.towns.len() && (self.townships_open as i64) < at(&TOWNSHIPS, month) {
            let town = &self.towns[self.townships_open];
            let opened = first.saturating_add(jiff::Span::new().days(self.draw.i64(0..days)));
            let name = format!("{}{}老年学校", town.county_name, town.name);
            rows.push(school(&name, Tier::Township, &town.code, HostKind::EducationBureau, opened));
            if self.townships_open.is_multiple_of(3) {
                self.teaching.push((name, opened));
            }
            self.townships_open += 1;
        }
        while self.villages_open < self.villages.len() && (self.villages_open as i64) < at(&VILLAGES, month) {
            let village = &self.villages[self.villages_open];
            let opened = first.saturating_add(jiff::Span::new().days(self.draw.i64(0..days)));
            let name = format!("{}{}学习点", village.county_name, village.name);
            rows.push(school(&name, Tier::Village, &village.code, HostKind::VillageCommittee, opened));
            self.villages_open += 1;
        }
        rows
    }

    async fn term(&mut self, office: &Office, year: i16, half: &str, end: Date) -> Result<()> {
        let (mut teachers, mut classes) = (Vec::new(), Vec::new());
        for (n, (school, _)) in self.teaching.iter().enumerate().filter(|(_, (_, opened))| *opened < end) {
            for k in 0..3 * office.scale {
                let (code, course, _) = COURSES[(n * 5 + k) % COURSES.len()];
                let carer = (k == 0 && n.is_multiple_of(ALSO_CARER)).then_some(n + 1);
                let teacher = carer.map_or_else(
                    || format!("{}虚{}", SURNAMES[(n + k) % SURNAMES.len()], ["构", "拟", "设"][k % 3]),
                    name,
                );
                if k < 2 {
                    teachers.push(TeacherRow {
                        school_name: school.clone(),
                        name: teacher.clone(),
                        title: ["讲师", "副教授", "非遗传承人"][(n + k) % 3].to_owned(),
                        status: TeacherStatus::Active as i32,
                        document_kind: if n % 2 == 0 { DocumentKind::ResidentId as i32 } else { 0 },
                        document_number: if n % 2 == 0 {
                            resident(carer.unwrap_or(200_000 + n * 10 + k))
                        } else {
                            String::new()
                        },
                    });
                }
                let capacity = 30 + (n as i64 * 7 + k as i64 * 5) % 20;
                classes.push(ClassRow {
                    school_name: school.clone(),
                    course_code: code.to_owned(),
                    term: format!("{year}{half}"),
                    name: format!("{course}{}班", k + 1),
                    capacity,
                    teacher_name: teacher,
                    schedule: format!("每周{} 9:00", ["一", "二", "三", "四", "五"][(n + k) % 5]),
                    enrolled: capacity - self.draw.i64(0..12),
                    state: ClassState::Running as i32,
                });
            }
        }
        teachers.dedup_by(|a, b| a.school_name == b.school_name && a.name == b.name);
        office.import("education.teacher", end, &teachers).await?;
        office.import("education.class", end, &classes).await
    }

    async fn demonstrate(&mut self, office: &Office, end: Date) -> Result<()> {
        let mut schools = SchoolServiceClient::new(office.channel.clone());
        let message = ListSchoolsRequest {
            tier: Tier::County as i32,
            page: Some(Page { size: 50, cursor: String::new() }),
            ..ListSchoolsRequest::default()
        };
        let answer = schools.list_schools(office.by("reporter-education", message)?).await;
        for school in office.said("学校一览", answer)?.schools.into_iter().take(2) {
            let message = GrantDemonstrationRequest {
                id: school.id,
                version: school.version,
                level: DemonstrationLevel::Province as i32,
                valid_from: end.to_string(),
                valid_to: String::new(),
                document_number: "云老大协〔2025〕3号".to_owned(),
            };
            let answer = schools.grant_demonstration(office.by("approver-education", message)?).await;
            office.said("示范", answer)?;
        }
        Ok(())
    }
}

fn school(name: &str, tier: Tier, region: &str, host: HostKind, opened: Date) -> SchoolRow {
    SchoolRow {
        name: name.to_owned(),
        tier: tier as i32,
        region: region.to_owned(),
        host_kind: host as i32,
        opened_on: opened.to_string(),
        has_sign: true,
        has_place: true,
        has_teacher: true,
        has_course: true,
        activities: 8,
        ..SchoolRow::default()
    }
}
