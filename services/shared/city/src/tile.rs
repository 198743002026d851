//! Where a county's tile stands on the schematic map: its direction, never its area or its border.

use serde::{Deserialize, Serialize};

/// One tile, by row from the north and column from the west, both from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tile {
    pub region: String,
    pub row: u32,
    pub column: u32,
}
