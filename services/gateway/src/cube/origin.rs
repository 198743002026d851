//! What a figure rests on, as its owner signed it.

use std::collections::HashMap;

use proto::reporting::{Basis, Observation, RegionFigures};

/// Where the value of one revision comes from, and what was special about how it was handed in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Whether what was typed counts, or what the register gave; unspecified where neither does: the region is exempt.
    pub basis: Basis,
    /// The register's value at the time, where it differs from what counts.
    pub computed: Option<i64>,
    /// 补报: handed in after the period was locked.
    pub late: bool,
    /// 代填: filled in by the bureau for the region.
    pub on_behalf: bool,
    /// The document a printed figure is taken from; empty for others.
    pub document: String,
}

impl Origin {
    fn of(figures: &RegionFigures, observation: &Observation) -> Self {
        Origin {
            basis: if figures.exempt { Basis::Unspecified } else { observation.basis() },
            computed: observation.computed,
            late: figures.late,
            on_behalf: figures.on_behalf,
            document: observation.source.clone(),
        }
    }

    /// Nothing stands, so it rests on nothing.
    fn nothing() -> Self {
        Self::of(&RegionFigures::default(), &Observation::default())
    }
}

/// Every origin once: most figures of a city share a handful.
#[derive(Debug)]
pub(super) struct Origins {
    all: Vec<Origin>,
    numbers: HashMap<Origin, u32>,
}

impl Default for Origins {
    /// The number 0 is that of a withdrawal.
    fn default() -> Self {
        let nothing = Origin::nothing();
        Origins { all: vec![nothing.clone()], numbers: HashMap::from([(nothing, 0)]) }
    }
}

impl Origins {
    pub(super) fn number(&mut self, figures: &RegionFigures, observation: &Observation) -> u32 {
        let origin = Origin::of(figures, observation);
        if let Some(number) = self.numbers.get(&origin) {
            return *number;
        }
        let number = self.all.len() as u32;
        self.all.push(origin.clone());
        self.numbers.insert(origin, number);
        number
    }

    pub(super) fn get(&self, number: u32) -> &Origin {
        &self.all[number as usize]
    }
}
