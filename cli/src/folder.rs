//! The data folder: where it is, and that one server at a time has it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};

use crate::private;

/// Where it is unless told otherwise.
pub(crate) const FOLDER: &str = ".registrar";

/// Where the files that belong to a table in memory are unless told otherwise.
pub(crate) const FOLDER_OF_MEMORY: &str = ".registrar/memory";

/// The file of the key that takes the place of KMS.
pub(crate) const KEY: &str = "key";

/// The file of the certificate that the server shows.
pub(crate) const SERVER_CERTIFICATE: &str = "server.pem";

/// The file of the table.
const TABLE: &str = "registrar.sqlite";

/// A data folder that this process has until it ends.
pub(crate) struct DataFolder {
    path: PathBuf,
    lock: File,
}

impl DataFolder {
    /// Makes it, unless it is there, and takes it. With `memory` for a table in memory, whose tokens and addresses must
    /// not take the place of those of a table in a file.
    ///
    /// # Errors
    /// If it cannot be made, is somebody else's or another server's.
    pub(crate) fn take(path: Option<&Path>, memory: bool) -> Result<Self> {
        let usual = if memory { FOLDER_OF_MEMORY } else { FOLDER };
        let path = path.unwrap_or(Path::new(usual)).to_owned();
        let unusable = || format!("cannot use the folder {}", path.display());
        private::folder(&path, KEY).with_context(unusable)?;
        ensure!(
            !memory || !path.join(TABLE).exists(),
            "the folder {} has a table: with --memory give another one with --data",
            path.display()
        );
        let lock = lock(&path.join("lock")).with_context(unusable)?;
        Ok(Self { path, lock })
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A file in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The file of its table.
    pub(crate) fn table(&self) -> PathBuf {
        self.file(TABLE)
    }

    /// Leaves word for a second server of who has the folder.
    ///
    /// # Errors
    /// If the file system does not let us.
    pub(crate) fn announce(&self, base_url: &str) -> Result<()> {
        self.lock.set_len(0).and_then(|()| write!(&self.lock, "process {}, {base_url}", std::process::id()))?;
        Ok(())
    }
}

/// The system lets go of it when the process ends, however it ends.
fn lock(path: &Path) -> Result<File> {
    let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    private::close(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let holder = std::fs::read_to_string(path).unwrap_or_default();
            let holder = if holder.is_empty() { String::new() } else { format!(" ({holder})") };
            Err(anyhow!("another registrar serve{holder} has it: end that one, or give another folder with --data"))
        }
        Err(TryLockError::Error(error)) => Err(error).context("it cannot be locked"),
    }
}
