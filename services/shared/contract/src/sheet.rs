//! The rows of any table people send: XLSX, XLS, CSV in UTF-8 or GB18030, and HTML saved as `.xls`.
//!
//! The content decides what a file is, never its name. Rows arrive as a person sees them, one after another: a
//! workbook of a million rows needs memory for its shared strings and a few batches, not for its cells. The parsers
//! work on a thread of their own, because they borrow the workbook, and because what makes one of them panic is then
//! an unreadable file and not a lost service.

mod archive;
mod delimited;
mod excel;
mod html;

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::JoinHandle,
};

/// No bureau's sheet is as wide; what is wider is damaged, or means harm.
const MAX_COLUMNS: usize = 1024;
/// Formats that can only be read whole are read up to this size, in bytes.
const MAX_WHOLE_FILE: u64 = 64 << 20;
const BATCH: usize = 256;
const BATCHES_AHEAD: usize = 4;

/// One row of a sheet. Rows without any text are not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Row number as a person sees it, from 1.
    pub number: u64,
    /// Cell texts from the first column on; formulas give the value that was saved with them.
    pub cells: Vec<String>,
}

/// Why a file cannot be read as a table.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    #[error("文件打不开：{0}")]
    Io(#[from] io::Error),
    #[error("文件中没有数据")]
    Empty,
    #[error("文件已加密，请去掉密码后再上传")]
    Encrypted,
    #[error("压缩内容异常膨胀，已拒绝读取；请用 Excel 或 WPS 重新另存后上传")]
    ZipBomb,
    #[error("文件过大，请另存为 .xlsx 或 .csv 后上传")]
    TooLarge,
    #[error("第{row}行超过{MAX_COLUMNS}列，请删除表格以外的内容")]
    TooWide { row: u64 },
    #[error("第{row}行有无法识别的字符，请另存为 UTF-8 编码的 CSV 或 .xlsx")]
    Encoding { row: u64 },
    #[error("文件无法识别或已损坏（{detail}），请用 Excel 或 WPS 打开检查后另存为 .xlsx")]
    Unreadable { detail: String },
}

impl SheetError {
    /// Stable reason code.
    pub fn reason(&self) -> &'static str {
        match self {
            SheetError::Io(_) => "SHEET_IO",
            SheetError::Empty => "SHEET_EMPTY",
            SheetError::Encrypted => "SHEET_ENCRYPTED",
            SheetError::ZipBomb => "SHEET_ZIP_BOMB",
            SheetError::TooLarge => "SHEET_TOO_LARGE",
            SheetError::TooWide { .. } => "SHEET_TOO_WIDE",
            SheetError::Encoding { .. } => "SHEET_ENCODING",
            SheetError::Unreadable { .. } => "SHEET_UNREADABLE",
        }
    }

    fn unreadable(detail: impl ToString) -> SheetError {
        SheetError::Unreadable { detail: detail.to_string() }
    }
}

/// An open table; iterate to get its rows. The first visible sheet that has text is read.
#[derive(Debug)]
pub struct SheetReader {
    batches: Receiver<Result<Vec<Row>, SheetError>>,
    ready: std::vec::IntoIter<Row>,
    producer: Option<JoinHandle<()>>,
}

impl SheetReader {
    /// Opens a table and reads its first rows.
    ///
    /// # Errors
    /// [`SheetError`] when the file is missing, encrypted, damaged, empty or would swell beyond measure.
    pub fn open(path: &Path) -> Result<SheetReader, SheetError> {
        let parse = parser_for(path)?;
        let (sender, batches) = sync_channel(BATCHES_AHEAD);
        let path = path.to_owned();
        let producer = std::thread::Builder::new().name("sheet".to_owned()).spawn(move || {
            let mut batcher = Batcher { sender, batch: Vec::with_capacity(BATCH) };
            let outcome = parse(&path, &mut |row| batcher.push(row));
            batcher.finish(outcome);
        })?;
        let mut reader = SheetReader { batches, ready: Vec::new().into_iter(), producer: Some(producer) };
        if reader.next_batch()? { Ok(reader) } else { Err(SheetError::Empty) }
    }

    /// Waits for the next batch; false at the end.
    fn next_batch(&mut self) -> Result<bool, SheetError> {
        match self.batches.recv() {
            Ok(batch) => {
                self.ready = batch?.into_iter();
                Ok(true)
            }
            // The thread is through. One that died has met a file its parser cannot cope with.
            Err(_) => match self.producer.take().map(JoinHandle::join) {
                Some(Err(_)) => Err(SheetError::unreadable("解析中断")),
                _ => Ok(false),
            },
        }
    }
}

impl Iterator for SheetReader {
    type Item = Result<Row, SheetError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.ready.next() {
                return Some(Ok(row));
            }
            match self.next_batch() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// Takes a row; false when nobody wants more.
type Take<'a> = &'a mut dyn FnMut(Row) -> bool;
type Parse = fn(&Path, Take<'_>) -> Result<(), SheetError>;

struct Batcher {
    sender: SyncSender<Result<Vec<Row>, SheetError>>,
    batch: Vec<Row>,
}

impl Batcher {
    fn push(&mut self, row: Row) -> bool {
        if row.cells.iter().all(|cell| cell.trim().is_empty()) {
            return true;
        }
        self.batch.push(row);
        self.batch.len() < BATCH || self.sender.send(Ok(std::mem::take(&mut self.batch))).is_ok()
    }

    /// The rows before an error are delivered first; a reader that is gone needs neither.
    fn finish(self, outcome: Result<(), SheetError>) {
        if !self.batch.is_empty() {
            let _ = self.sender.send(Ok(self.batch));
        }
        if let Err(error) = outcome {
            let _ = self.sender.send(Err(error));
        }
    }
}

/// Looks at the content and says who can read it.
fn parser_for(path: &Path) -> Result<Parse, SheetError> {
    let mut head = Vec::with_capacity(4096);
    File::open(path)?.take(4096).read_to_end(&mut head)?;
    if head.is_empty() {
        return Err(SheetError::Empty);
    }
    if head.starts_with(b"PK") {
        archive::check(path)?;
        return Ok(excel::read_xlsx);
    }
    if head.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Ok(excel::read_xls);
    }
    if html::looks_like_html(&head) {
        return Ok(html::read);
    }
    let utf16 = head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]);
    if head.contains(&0) && !utf16 {
        return Err(SheetError::unreadable("不是表格文件"));
    }
    Ok(delimited::read)
}

/// Reads a file whole, up to [`MAX_WHOLE_FILE`].
fn read_whole(path: &Path) -> Result<Vec<u8>, SheetError> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_WHOLE_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_WHOLE_FILE { Err(SheetError::TooLarge) } else { Ok(bytes) }
}

/// Puts a text at a column of a row that may still be shorter.
fn place(cells: &mut Vec<String>, column: usize, text: String, row: u64) -> Result<(), SheetError> {
    if text.is_empty() {
        return Ok(());
    }
    if column >= MAX_COLUMNS {
        return Err(SheetError::TooWide { row });
    }
    if cells.len() <= column {
        cells.resize(column + 1, String::new());
    }
    cells[column] = text;
    Ok(())
}
