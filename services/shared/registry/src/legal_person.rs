//! Registers of institutions: which one a row means. An institution is known by its credit code, failing that by its name
//! in its county; a row of one county never changes another's.

use std::collections::HashMap;

use uuid::Uuid;

use crate::bureau::Bureau;
use crate::fault::Fault;

/// A registered institution, as far as rows can mean it.
pub trait LegalPerson {
    fn id(&self) -> Uuid;
    /// 统一社会信用代码; none for those that have none of their own.
    fn uscc(&self) -> Option<&str>;
    fn name(&self) -> &str;
    fn county(&self) -> &str;
    fn region(&self) -> &str;
}

/// What a row names its institution by, as far as that can be read.
#[derive(Debug)]
pub struct Names {
    pub uscc: Option<String>,
    pub county: Option<String>,
    pub name: String,
}

impl Names {
    /// The keys by which a file names an institution.
    pub fn keys(&self) -> Vec<String> {
        let uscc = self.uscc.iter().map(|uscc| format!("u:{uscc}"));
        let name =
            self.county.iter().filter(|_| !self.name.is_empty()).map(|county| format!("n:{county}/{}", self.name));
        uscc.chain(name).collect()
    }
}

/// The records that the rows of a batch may mean.
pub struct Known<R> {
    records: HashMap<Uuid, R>,
    by_uscc: HashMap<String, Uuid>,
    by_name: HashMap<(String, String), Vec<Uuid>>,
}

impl<R: LegalPerson> Known<R> {
    /// `found`: those of the rows' codes and those of their names; one may be found twice.
    pub fn of(found: Vec<R>) -> Self {
        let mut known = Known { records: HashMap::new(), by_uscc: HashMap::new(), by_name: HashMap::new() };
        for record in found {
            let id = record.id();
            if known.records.contains_key(&id) {
                continue;
            }
            known.by_name.entry((record.county().to_owned(), record.name().to_owned())).or_default().push(id);
            if let Some(uscc) = record.uscc() {
                known.by_uscc.insert(uscc.to_owned(), id);
            }
            known.records.insert(id, record);
        }
        known
    }

    /// The record that a row means: that of its credit code, else the one of its name in its county.
    /// INSTITUTION_AMBIGUOUS.
    pub fn meant(&self, names: &Names) -> Result<Option<&R>, Fault> {
        if let Some(id) = names.uscc.as_ref().and_then(|uscc| self.by_uscc.get(uscc)) {
            return Ok(self.records.get(id));
        }
        let Some(county) = &names.county else { return Ok(None) };
        match self.by_name.get(&(county.clone(), names.name.clone())).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([id]) => Ok(self.records.get(id)),
            Some(_) => Err(Fault::conflict("INSTITUTION_AMBIGUOUS", "该县有多家同名机构，请填写统一社会信用代码")),
        }
    }

    /// The record that a row of an import into `within` may change; none: the row registers a new one. `stated`: region
    /// and credit code as the row has them. REGION_OUTSIDE_IMPORT, INSTITUTION_ELSEWHERE, USCC_DIFFERS.
    pub fn changed_by(
        &self,
        bureau: &Bureau,
        within: &str,
        names: &Names,
        (region, uscc): (&str, Option<&str>),
    ) -> Result<Option<&R>, Fault> {
        let meant = self.meant(names)?;
        if !bureau.covers(within, region) {
            let message = format!("该机构属于{}，不在本次导入的地区内", bureau.name_of(region));
            return Err(Fault::cell("region", "REGION_OUTSIDE_IMPORT", message));
        }
        let Some(record) = meant else { return Ok(None) };
        if !bureau.covers(within, record.region()) {
            let message = format!("该信用代码已登记在{}，请由当地办理迁移", bureau.name_of(record.region()));
            return Err(Fault::conflict("INSTITUTION_ELSEWHERE", message));
        }
        if let (Some(ours), Some(theirs)) = (record.uscc(), uscc)
            && ours != theirs
        {
            let message = format!("同县已登记的同名机构信用代码为 {ours}，与表中不同");
            return Err(Fault::conflict("USCC_DIFFERS", message));
        }
        Ok(Some(record))
    }
}
