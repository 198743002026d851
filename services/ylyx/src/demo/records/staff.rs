//! Who works in the demonstration's childcare institutions: carers by their places, one principal each, more of them certified
//! from year to year. Everybody is invented.

use std::collections::BTreeSet;

use jiff::civil::Date;
use kit::Result;
use proto::childcare::{StaffCertificate, StaffRole, StaffRow};
use proto::contract::DocumentKind;

use super::childcare::Known;
use super::{name, resident};
use crate::demo::growth::{Ends, at};
use crate::demo::office::Office;
use crate::demo::reports::month_end;

/// Carers by a thousand places.
const CARERS: Ends = [160, 155, 152, 150, 148, 146, 146];
/// Certified ones by a thousand carers.
const CERTIFIED: Ends = [400, 450, 520, 612, 720, 788, 846];
/// Every so many hirings it is somebody who also works elsewhere.
const SECOND_POST: usize = 60;
/// Every so many posts of those without a certificate ends after its first year.
const LEAVING: usize = 12;

/// What has been registered so far.
#[derive(Default)]
pub(super) struct Staff {
    posts: Vec<Post>,
    /// Posts of carers by institution.
    carers: Vec<Vec<usize>>,
}

struct Post {
    institution: usize,
    person: usize,
    row: StaffRow,
    hired: Date,
}

impl Staff {
    /// Hires, certifies and lets go, until the month's numbers are right.
    pub(super) async fn month(&mut self, office: &Office, known: &[Known], month: (i16, i8)) -> Result<()> {
        let end = month_end(month);
        let mut touched = BTreeSet::new();
        let mut places = 0;
        self.carers.resize(known.len(), Vec::new());
        for (institution, one) in known.iter().enumerate() {
            if self.carers[institution].is_empty() {
                self.hire(&mut touched, institution, one, StaffRole::Principal, end);
            }
            // Rounded over all institutions together, so that small ones do not all come short.
            let before = places * at(&CARERS, month) / 1000;
            places += one.places;
            let wanted = places * at(&CARERS, month) / 1000 - before;
            while (self.carers[institution].len() as i64) < wanted.max(1) {
                self.hire(&mut touched, institution, one, StaffRole::Carer, end);
            }
        }
        let carers: Vec<usize> = self.carers.iter().flatten().copied().collect();
        self.leave(&mut touched, &carers, end);
        self.certify(&mut touched, &carers, month);
        let rows: Vec<StaffRow> = touched.into_iter().map(|n| self.posts[n].row.clone()).collect();
        office.import("childcare.staff", end, &rows).await
    }

    fn hire(&mut self, touched: &mut BTreeSet<usize>, institution: usize, one: &Known, role: StaffRole, end: Date) {
        let n = self.posts.len();
        let hired = if one.opened < end { one.opened.max(end.first_of_month()) } else { one.opened };
        let hired = if self.carers[institution].is_empty() { one.opened } else { hired };
        let elsewhere = (n % SECOND_POST == SECOND_POST - 1).then(|| &self.posts[n - SECOND_POST / 2]);
        let person = elsewhere.filter(|post| post.institution != institution).map_or(n, |post| post.person);
        let row = StaffRow {
            institution_uscc: one.uscc.clone(),
            institution_name: one.name.clone(),
            name: name(person),
            document_kind: DocumentKind::ResidentId as i32,
            document_number: resident(person),
            phone: format!("199{person:08}"),
            role: role as i32,
            certificate: StaffCertificate::None as i32,
            health_checked_on: hired.to_string(),
            clean_record_on: hired.to_string(),
            hired_on: hired.to_string(),
            distinct_person: true,
            ..StaffRow::default()
        };
        touched.insert(n);
        self.posts.push(Post { institution, person, row, hired });
        if role == StaffRole::Carer {
            self.carers[institution].push(n);
        }
    }

    fn leave(&mut self, touched: &mut BTreeSet<usize>, carers: &[usize], end: Date) {
        let year_ago = end.saturating_sub(jiff::Span::new().years(1));
        for n in carers.iter().copied().filter(|n| n % LEAVING == 0) {
            let post = &mut self.posts[n];
            if post.row.left_on.is_empty()
                && post.row.certificate == StaffCertificate::None as i32
                && post.hired < year_ago
            {
                post.row.left_on = end.to_string();
                touched.insert(n);
            }
        }
        for posts in &mut self.carers {
            posts.retain(|n| self.posts[*n].row.left_on.is_empty());
        }
    }

    fn certify(&mut self, touched: &mut BTreeSet<usize>, carers: &[usize], month: (i16, i8)) {
        let at_work: Vec<usize> = carers.iter().copied().filter(|n| self.posts[*n].row.left_on.is_empty()).collect();
        let none = StaffCertificate::None as i32;
        let certified = at_work.iter().filter(|n| self.posts[**n].row.certificate != none).count() as i64;
        let wanted = at_work.len() as i64 * at(&CERTIFIED, month) / 1000;
        let kinds = [
            StaffCertificate::InfantCarer,
            StaffCertificate::ChildCarer,
            StaffCertificate::KindergartenTeacher,
            StaffCertificate::DevelopmentGuide,
        ];
        let mut left = usize::try_from(wanted - certified).unwrap_or_default();
        for n in at_work {
            let post = &mut self.posts[n];
            if left == 0 {
                break;
            }
            if post.row.certificate == none && n % 12 != 11 {
                post.row.certificate = kinds[n % kinds.len()] as i32;
                post.row.certificate_number = format!("Y530499{n:08}");
                touched.insert(n);
                left -= 1;
            }
        }
    }
}
