//! Regions of one edition, as a tree.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    City,
    County,
    Township,
    Village,
}

impl Level {
    pub fn code(self) -> &'static str {
        match self {
            Level::City => "city",
            Level::County => "county",
            Level::Township => "township",
            Level::Village => "village",
        }
    }
}

/// One region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    /// 统计用区划代码 (NBS).
    pub code: String,
    pub name: String,
    /// What people write: 峨山县.
    pub short_name: String,
    pub parent: String,
    pub level: Level,
    /// 市辖区, 街道, 镇, 民族乡, 社区居委会, …
    pub kind: String,
    /// The ministry of civil affairs' code; empty below the township.
    pub mca_code: String,
    /// Who runs a specially administered place; empty for all others.
    pub administered_by: String,
    /// Older names and codes that old data use.
    pub aliases: Vec<String>,
}

/// All regions at one point in time, parents before children, siblings in official order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    pub id: String,
    pub title: String,
    pub valid_from: String,
    pub regions: Vec<Region>,
}

/// An edition with look-up.
#[derive(Clone, Debug)]
pub struct RegionTree {
    edition: Edition,
    by_code: HashMap<String, usize>,
    counties: Vec<usize>,
}

/// The edition is no tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("行政区划有误：{0}")]
pub struct RegionError(pub String);

impl RegionTree {
    pub fn new(edition: Edition) -> Result<Self, RegionError> {
        let mut by_code = HashMap::new();
        let mut counties = Vec::new();
        for (at, region) in edition.regions.iter().enumerate() {
            let rooted = if at == 0 { region.level == Level::City } else { by_code.contains_key(&region.parent) };
            if !rooted {
                return Err(RegionError(format!(
                    "{}（{}）的上级 {} 不在其前",
                    region.code, region.name, region.parent
                )));
            }
            if by_code.insert(region.code.clone(), at).is_some() {
                return Err(RegionError(format!("代码 {} 重复", region.code)));
            }
            if region.level == Level::County {
                counties.push(at);
            }
        }
        if counties.is_empty() {
            return Err(RegionError("没有县（市、区）".to_owned()));
        }
        Ok(RegionTree { edition, by_code, counties })
    }

    pub fn edition(&self) -> &Edition {
        &self.edition
    }

    pub fn get(&self, code: &str) -> Option<&Region> {
        self.by_code.get(code).map(|at| &self.edition.regions[*at])
    }

    pub fn city(&self) -> &Region {
        &self.edition.regions[0]
    }

    /// In official order (红塔、江川、澄江、通海、华宁、易门、峨山、新平、元江), never code order.
    pub fn counties(&self) -> Vec<&Region> {
        self.counties.iter().map(|at| &self.edition.regions[*at]).collect()
    }

    pub fn children<'t>(&'t self, code: &'t str) -> impl Iterator<Item = &'t Region> {
        self.edition.regions.iter().filter(move |region| region.parent == code)
    }

    /// True for the ancestor itself and everything below it.
    pub fn is_within(&self, code: &str, ancestor: &str) -> bool {
        let mut at = Some(code);
        while let Some(here) = at {
            if here == ancestor {
                return true;
            }
            at = self.get(here).map(|region| region.parent.as_str()).filter(|parent| *parent != here);
        }
        false
    }

    /// The county a region lies in; a county lies in itself, the city in none.
    pub fn county_of(&self, code: &str) -> Option<&Region> {
        let mut region = self.get(code)?;
        while region.level > Level::County {
            region = self.get(&region.parent)?;
        }
        (region.level == Level::County).then_some(region)
    }

    /// Finds a region within another by code, name, short name or alias. None when nothing or more than one fits.
    pub fn find(&self, within: &str, text: &str) -> Option<&Region> {
        if let Some(region) = self.get(text) {
            return self.is_within(text, within).then_some(region);
        }
        let named = |region: &&Region| {
            (region.name == text || region.short_name == text || region.aliases.iter().any(|alias| alias == text))
                && self.is_within(&region.code, within)
        };
        let mut found = self.edition.regions.iter().filter(named);
        match (found.next(), found.next()) {
            (Some(region), None) => Some(region),
            _ => None,
        }
    }
}
