//! A service's data folder: made if missing, checked for write access, held by one process.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
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
    write(path, text.as_bytes(), 0o666)
}

/// The same for a secret: its owner alone can read it.
pub fn write_whole_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    write(path, bytes, 0o600)
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let draft = beside(path, ".new");
    // A draft that was left behind keeps its mode: it goes first.
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

/// Waits until no other process is changing a file, and keeps others waiting until the value is dropped. The lock is a file
/// beside it, since the file itself is replaced when it is written.
pub fn lock(path: &Path) -> std::io::Result<File> {
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(beside(path, ".lock"))?;
    fs4::fs_std::FileExt::lock_exclusive(&lock)?;
    Ok(lock)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
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

    #[test]
    fn a_secret_is_readable_by_its_owner_alone_also_over_a_draft_left_behind() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        std::fs::write(dir.path().join("secret.new"), "half of it").unwrap();
        write_whole_private(&path, b"all of it").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"all of it");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!dir.path().join("secret.new").exists());
    }
}
