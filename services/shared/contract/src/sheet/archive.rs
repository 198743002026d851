//! The check every XLSX passes before any XML of it is parsed: what its archive really inflates to.
//!
//! Sizes stated in an archive are claims; only inflating through a counter tells. Inflating to nowhere costs little
//! beside parsing.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use zip::{ZipArchive, result::ZipError};

use super::SheetError;

/// No sheet of a bureau inflates beyond this, in bytes.
const MAX_TOTAL: u64 = 2 << 30;
/// From this size on the ratio counts, in bytes; below, it can do no harm.
const RATIO_MATTERS_FROM: u64 = 64 << 20;
/// Sheets compress 5 to 30 times; deflate cannot do more than 1032 times.
const MAX_RATIO: u64 = 200;
const MAX_ENTRIES: usize = 10_000;

/// Refuses what is encrypted, damaged, no workbook, or a bomb.
pub(super) fn check(path: &Path) -> Result<(), SheetError> {
    let mut archive = ZipArchive::new(BufReader::new(File::open(path)?)).map_err(SheetError::unreadable)?;
    if archive.len() > MAX_ENTRIES {
        return Err(SheetError::ZipBomb);
    }
    if archive.index_for_name("xl/workbook.xml").is_none() {
        let detail =
            if archive.index_for_name("xl/workbook.bin").is_some() { "xlsb 格式" } else { "不是 Excel 工作簿" };
        return Err(SheetError::unreadable(detail));
    }
    let mut total = 0;
    let mut buffer = vec![0; 64 << 10];
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| match error {
            ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
                SheetError::Encrypted
            }
            other => SheetError::unreadable(other),
        })?;
        let compressed = entry.compressed_size().max(1);
        let mut inflated = 0;
        loop {
            let read = entry.read(&mut buffer).map_err(SheetError::unreadable)? as u64;
            if read == 0 {
                break;
            }
            inflated += read;
            total += read;
            let swells = inflated > RATIO_MATTERS_FROM && inflated / compressed > MAX_RATIO;
            if total > MAX_TOTAL || swells {
                return Err(SheetError::ZipBomb);
            }
        }
    }
    Ok(())
}
