//! Files that nobody else may read.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// What others may do with a file or a folder.
const OTHERS: u32 = 0o077;

/// Makes a folder that nobody else enters. One that is there is closed to others if it is empty or has the file `known`,
/// by which it is known to be ours; anybody else's, such as a home, is left as it is.
///
/// # Errors
/// If it cannot be made, or if others may enter it and it is not ours.
pub(crate) fn folder(path: &Path, known: &str) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    if std::fs::metadata(path)?.permissions().mode() & OTHERS == 0 {
        return Ok(());
    }
    let ours = path.join(known).exists() || std::fs::read_dir(path)?.next().is_none();
    ensure!(ours, "others may enter it: close it with chmod 700, or choose another folder");
    std::fs::set_permissions(path, Permissions::from_mode(0o700)).context("others may enter it")
}

/// Writes a file, whole or not at all.
///
/// # Errors
/// If the file system does not let us.
pub(crate) fn write(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let new = path.with_extension("new");
    let _ = std::fs::remove_file(&new);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(new, path)
}

/// Makes an empty file for somebody who would let others read it, if there is none.
///
/// # Errors
/// If the file system does not let us.
pub(crate) fn prepare(path: &Path) -> std::io::Result<()> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    close(path)
}

/// Closes a file to others, if there is one.
///
/// # Errors
/// If the file system does not let us.
pub(crate) fn close(path: &Path) -> std::io::Result<()> {
    match std::fs::metadata(path) {
        Ok(file) if file.permissions().mode() & OTHERS == 0 => Ok(()),
        Ok(_) => std::fs::set_permissions(path, Permissions::from_mode(0o600)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
