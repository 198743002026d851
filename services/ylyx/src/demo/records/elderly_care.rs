//! Elderly care: institutions with their beds, and community facilities. 2020 is as the plan prints it: 61 institutions
//! (48, 7, 2, 4 by ownership), 14,023 beds of all kinds, 238 centres and stations (4 of them socialised), 173 yards.

use std::collections::VecDeque;

use fastrand::Rng;
use jiff::civil::Date;
use kit::Result;
use proto::elderly_care::{
    BedNature, BedRow, BedStatus, BedType, FacilityRow, FacilityState, FacilityType, InstitutionRow, LegalType,
    MedicalMode, OperatorType, Ownership, ProfitNature,
};

use super::{LUCKY, Place, day, townships, uscc, villages};
use crate::demo::growth::{Ends, at, is_community};
use crate::demo::office::Office;
use crate::demo::reports::month_end;

/// Thousandths of beds that are 护理型.
const NURSING: Ends = [123, 190, 262, 318, 436, 531, 574];
/// 居委会 with a day-care facility.
const DAY_CARE: Ends = [119, 128, 139, 152, 203, 251, 270];
/// Townships with a 区域性养老服务中心.
const REGIONAL: Ends = [0, 4, 10, 18, 31, 45, 49];
/// Beds in community facilities in 2020; with the institutions' 9,623 they make 14,023.
const COMMUNITY_BEDS: usize = 4_400;
const INSTITUTION_BEDS: usize = 9_623;

struct Planned<R> {
    from: Date,
    row: R,
}

/// Everything that will ever be registered, by the day it begins.
pub(crate) struct ElderlyCare {
    institutions: VecDeque<Planned<InstitutionRow>>,
    beds: VecDeque<Planned<BedRow>>,
    facilities: VecDeque<Planned<FacilityRow>>,
    /// General beds that are registered and may become 护理型.
    general: VecDeque<BedRow>,
    registered: i64,
    nursing: i64,
}

impl ElderlyCare {
    pub(crate) fn plan(office: &Office, draw: &mut Rng) -> Self {
        let mut all = ElderlyCare {
            institutions: VecDeque::new(),
            beds: VecDeque::new(),
            facilities: VecDeque::new(),
            general: VecDeque::new(),
            registered: 0,
            nursing: 0,
        };
        let (towns, hamlets) = (townships(&office.city), villages(&office.city));
        for copy in 0..office.scale {
            let suffix = if copy == 0 { String::new() } else { format!("（{}）", copy + 1) };
            all.of_2020(&towns, &suffix, draw);
            all.later(&towns, &suffix, copy == 0, draw);
            all.facilities(&towns, &hamlets, &suffix, copy == 0, draw);
        }
        all.institutions.make_contiguous().sort_by_key(|one| one.from);
        all.beds.make_contiguous().sort_by_key(|one| one.from);
        all.facilities.make_contiguous().sort_by_key(|one| one.from);
        all
    }

    fn of_2020(&mut self, towns: &[Place], suffix: &str, draw: &mut Rng) {
        let mut beds_left = INSTITUTION_BEDS;
        for n in 0..61 {
            let town = &towns[n % towns.len()];
            let (ownership, beds, name) = match n {
                0..48 => (Ownership::PublicRural, 110, format!("{}{}敬老院", town.county_name, town.name)),
                48..55 => (Ownership::PublicUrban, 300, format!("{}社会福利院", town.county_name)),
                55..57 => {
                    (Ownership::PublicBuiltPrivateRun, 420, format!("{}{}养老院", town.county_name, LUCKY[n % 16]))
                }
                _ => (Ownership::Private, 350, format!("{}{}养老公寓", town.county_name, LUCKY[n % 16])),
            };
            let beds = if n == 60 { beds_left } else { beds };
            beds_left -= beds;
            let medical = match n % 61 {
                0..6 => MedicalMode::InternalHospital,
                6..16 => MedicalMode::Clinic,
                16..52 => MedicalMode::Contract,
                _ => MedicalMode::None,
            };
            let opened = day(2008 + draw.i16(0..11), draw.i8(1..13), draw.i8(1..28));
            let row = institution(town, &format!("{name}{suffix}"), ownership, medical, opened, n);
            self.add(row, opened, beds, draw);
        }
    }

    /// What opens from 2021 on: private ones, and in each county a home for the disabled.
    fn later(&mut self, towns: &[Place], suffix: &str, once: bool, draw: &mut Rng) {
        for n in 0..24 {
            let opened = day(2021 + (n / 4) as i16, [2, 5, 8, 10][n % 4], draw.i8(1..28));
            let town = &towns[(n * 7 + 3) % towns.len()];
            let ownership = if n % 3 == 0 { Ownership::PublicBuiltPrivateRun } else { Ownership::Private };
            let name = format!("{}{}{}{suffix}", town.county_name, LUCKY[n % 16], ["康养中心", "护养院"][n / 16]);
            let row = institution(town, &name, ownership, MedicalMode::Contract, opened, 100 + n);
            if opened <= day(2026, 10, 31) {
                self.add(row, opened, 60 + draw.usize(0..100), draw);
            }
        }
        let opened =
            [(2022, 6), (2023, 5), (2023, 9), (2024, 4), (2024, 6), (2024, 10), (2025, 3), (2025, 9), (2026, 8)];
        for (n, (year, month)) in opened.into_iter().enumerate().filter(|_| once) {
            let (town, opened) = (&towns[n], day(year, month, 12));
            let name = format!("{}失能照护中心", town.county_name);
            let row = InstitutionRow {
                is_county_disabled_care: true,
                smart_pilot: n == 6,
                ..institution(town, &name, Ownership::PublicUrban, MedicalMode::Clinic, opened, 200 + n)
            };
            self.add(row, opened, 80, draw);
        }
    }

    fn add(&mut self, row: InstitutionRow, opened: Date, beds: usize, draw: &mut Rng) {
        let ownership = row.ownership();
        for n in 0..beds {
            let nature = match ownership {
                Ownership::PublicRural => BedNature::BottomLine,
                Ownership::PublicUrban if n % 2 == 0 => BedNature::BottomLine,
                Ownership::Private if n % 5 > 1 => BedNature::Market,
                _ => BedNature::Inclusive,
            };
            let status = match draw.u8(0..20) {
                0..11 => BedStatus::Occupied,
                11..18 => BedStatus::Available,
                18 => BedStatus::Reserved,
                _ => BedStatus::Maintenance,
            };
            let bed = BedRow {
                institution_name: row.name.clone(),
                institution_uscc: row.uscc.clone(),
                room_no: format!("{}{:02}", n / 48 + 1, n % 48 / 4 + 1),
                bed_no: (n % 4 + 1).to_string(),
                r#type: BedType::General as i32,
                nature: nature as i32,
                status: status as i32,
                built_on: opened.to_string(),
                ..BedRow::default()
            };
            self.beds.push_back(Planned { from: opened, row: bed });
        }
        self.institutions.push_back(Planned { from: opened, row });
    }

    fn facilities(&mut self, towns: &[Place], hamlets: &[Place], suffix: &str, once: bool, draw: &mut Rng) {
        let communities: Vec<&Place> = hamlets.iter().filter(|village| is_community(&village.code)).collect();
        let rural: Vec<&Place> = hamlets.iter().filter(|village| !is_community(&village.code)).collect();
        let base = |n: usize| COMMUNITY_BEDS / 411 + usize::from(n < COMMUNITY_BEDS % 411);
        let mut add = |place: &Place, kind, operator, day_care, beds: usize, opened: Date, what: &str| {
            let row = FacilityRow {
                name: format!("{}{}{what}{suffix}", place.county_name, place.name),
                r#type: kind as i32,
                region: place.code.clone(),
                operator_org: String::new(),
                operator_type: operator as i32,
                services: if day_care { "日间照料、助餐、文娱" } else { "助餐、文娱" }.to_owned(),
                has_day_care: day_care,
                day_beds: if day_care { beds as i64 } else { 0 },
                full_beds: if day_care { 0 } else { beds as i64 },
                area_cm2: 10_000 * (120 + (beds as i64 * 17) % 300),
                state: FacilityState::Operating as i32,
                opened_on: opened.to_string(),
                service_area: if place.code.len() == 12 { place.code.clone() } else { String::new() },
            };
            self.facilities.push_back(Planned { from: opened, row });
        };
        let early = |draw: &mut Rng| day(2014 + draw.i16(0..6), draw.i8(1..13), draw.i8(1..28));
        for n in 0..238 {
            let place = if n < 119 { communities[n] } else { rural[n - 119] };
            let (kind, what) = if n < 119 {
                (FacilityType::HomeCareCentre, "社区居家养老服务中心")
            } else {
                (FacilityType::RuralMutualStation, "互助养老服务站")
            };
            let operator = if n < 4 { OperatorType::SocialOrg } else { OperatorType::VillageCommittee };
            add(place, kind, operator, n < 119, base(n), early(draw), what);
        }
        for n in 0..173 {
            let place = rural[(n + 119) % rural.len()];
            let kind = FacilityType::HappinessYard;
            add(place, kind, OperatorType::VillageCommittee, false, base(238 + n), early(draw), "幸福院");
        }
        // New centres in communities that have none, as many as the city's day care grows by.
        let mut next = 119;
        let mut centres = 0;
        for month in every_month() {
            while next < communities.len() && (next as i64) < at(&DAY_CARE, month) {
                let operator = match next % 10 {
                    0 => OperatorType::VillageCommittee,
                    1..5 => OperatorType::SocialOrg,
                    5..8 => OperatorType::Enterprise,
                    _ => OperatorType::Property,
                };
                let opened = day(month.0, month.1, 1 + (next % 27) as i8);
                add(
                    communities[next],
                    FacilityType::HomeCareCentre,
                    operator,
                    true,
                    12,
                    opened,
                    "社区居家养老服务中心",
                );
                next += 1;
            }
            while once && centres < towns.len() && (centres as i64) < at(&REGIONAL, month) {
                let opened = day(month.0, month.1, 1 + (centres % 27) as i8);
                let kind = FacilityType::RegionalCentre;
                add(&towns[centres], kind, OperatorType::Institution, true, 20, opened, "区域性养老服务中心");
                centres += 1;
            }
        }
    }

    /// Registers what began by the end of a month, and turns general beds into 护理型 as the city's share grows.
    pub(crate) async fn month(&mut self, office: &Office, month: (i16, i8)) -> Result<()> {
        let end = month_end(month);
        let institutions = due(&mut self.institutions, end);
        office.import("elderly.institution", end, &institutions).await?;
        let mut beds = due(&mut self.beds, end);
        self.registered += beds.len() as i64;
        let wanted = self.registered * at(&NURSING, month) / 1000;
        // New beds first: what is built now is built for nursing.
        let fresh = if month < (2021, 1) { 1 } else { 2 };
        for (n, bed) in beds.iter_mut().enumerate() {
            if self.nursing < wanted && n % fresh == 0 && (month >= (2021, 1) || (n * 7919) % 1000 < 124) {
                make_nursing(bed, &bed.built_on.clone());
                self.nursing += 1;
            }
        }
        office.import("elderly.bed", end, &beds).await?;
        self.general.extend(beds.into_iter().filter(|bed| bed.r#type() == BedType::General));
        let turn = usize::try_from(wanted - self.nursing).unwrap_or(0).min(self.general.len());
        let mut turned: Vec<BedRow> = self.general.drain(..turn).collect();
        turned.iter_mut().for_each(|bed| make_nursing(bed, &end.to_string()));
        self.nursing += turned.len() as i64;
        office.import("elderly.bed", end, &turned).await?;
        let facilities = due(&mut self.facilities, end);
        office.import("elderly.facility", end, &facilities).await
    }
}

fn make_nursing(bed: &mut BedRow, on: &str) {
    bed.set_type(BedType::Nursing);
    on.clone_into(&mut bed.recognised_on);
}

fn due<R>(planned: &mut VecDeque<Planned<R>>, end: Date) -> Vec<R> {
    let many = planned.partition_point(|one| one.from <= end);
    planned.drain(..many).map(|one| one.row).collect()
}

/// Every month from 2021 on.
fn every_month() -> impl Iterator<Item = (i16, i8)> {
    (2021..=2026).flat_map(|year| (1..=12).map(move |month| (year, month))).filter(|month| *month <= (2026, 10))
}

fn institution(
    town: &Place,
    name: &str,
    ownership: Ownership,
    medical: MedicalMode,
    opened: Date,
    number: usize,
) -> InstitutionRow {
    let public = matches!(ownership, Ownership::PublicRural | Ownership::PublicUrban);
    let filed = number % 9 != 4;
    InstitutionRow {
        name: name.to_owned(),
        uscc: if public { String::new() } else { uscc(&town.county, number + name.chars().count() * 1000) },
        parent_org_uscc: if public { "12530402MB0000005W".to_owned() } else { String::new() },
        reason_no_uscc: if public { "未单独登记".to_owned() } else { String::new() },
        ownership: ownership as i32,
        legal_type: if public { LegalType::PublicInstitution } else { LegalType::SocialServiceOrg } as i32,
        profit_nature: if public { ProfitNature::Public } else { ProfitNature::NonProfit } as i32,
        region: town.code.clone(),
        opened_on: opened.to_string(),
        filing_number: if filed {
            format!("{}-YL-{number:04}{}", town.county, name.chars().count())
        } else {
            String::new()
        },
        filed_on: if filed { opened.to_string() } else { String::new() },
        medical_mode: medical as i32,
        ..InstitutionRow::default()
    }
}
