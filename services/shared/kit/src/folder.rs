//! A service's data folder: made if missing, checked for write access, held by one process.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::problem::{Kind, Problem, Result};

/// A folder this process alone holds, until the value is dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Takes the folder, or says who is in the way: DATA_FOLDER_UNWRITABLE, DATA_FOLDER_HELD.
    pub fn take(path: &Path) -> Result<Self> {
        let unwritable = |error: std::io::Error| {
            Problem::new(
                Kind::State,
                "DATA_FOLDER_UNWRITABLE",
                format!("数据目录 {} 无法写入：{error}", path.display()),
            )
        };
        std::fs::create_dir_all(path).map_err(unwritable)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join("held.lock"))
            .map_err(unwritable)?;
        match fs4::fs_std::FileExt::try_lock_exclusive(&lock) {
            Ok(true) => Ok(Folder { path: path.to_owned(), _lock: lock }),
            _ => Err(Problem::new(
                Kind::State,
                "DATA_FOLDER_HELD",
                format!("数据目录 {} 正被另一个进程使用", path.display()),
            )),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Writes a file so that it is the old one or the new one, whatever happens meanwhile; durable when it returns.
pub fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let mut file = File::create(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_once() {
        let dir = tempfile::tempdir().unwrap();
        let held = Folder::take(dir.path()).unwrap();
        assert_eq!(Folder::take(dir.path()).unwrap_err().reason, "DATA_FOLDER_HELD");
        drop(held);
        Folder::take(dir.path()).unwrap();
        std::fs::write(dir.path().join("file"), "").unwrap();
        assert_eq!(Folder::take(&dir.path().join("file/x")).unwrap_err().reason, "DATA_FOLDER_UNWRITABLE");
    }
}
