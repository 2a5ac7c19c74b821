//! What is written is on the disk before anybody is told so.

use std::fs::File;
use std::io::Result;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

/// How large a log is that an end of the program waits for, in bytes. What is in a larger one belongs on pages all over the
/// database, and it is on the disk already: the next start reads it.
const SMALL: u64 = 4 * 1024 * 1024;

/// The file to which SQLite appends each commit before its pages reach the database (its write-ahead log). SQLite is told
/// not to wait for the disk at each commit; here one wait serves all commits that came before it.
pub(super) struct Log {
    file: File,
    /// How many commits are in the file.
    written: AtomicU64,
    flushed: Mutex<Flushed>,
}

/// What is on the disk for certain.
#[derive(Default)]
struct Flushed {
    /// How many commits.
    commits: u64,
    /// Whether the disk has failed: what it was to write then is lost without another word, if the machine stops.
    failed: bool,
}

impl Log {
    /// The log of a database that is open, and stays so: the file lives as long.
    pub(super) fn open(database: &Path) -> Result<Self> {
        let mut path = database.as_os_str().to_owned();
        path.push("-wal");
        let file = File::open(&path)?;
        // The names of the files themselves.
        if let Some(folder) = Path::new(&path).parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        Ok(Self { file, written: AtomicU64::new(0), flushed: Mutex::default() })
    }

    /// Whether it has so little in it that the database has it in a moment.
    pub(super) fn is_small(&self) -> bool {
        self.file.metadata().is_ok_and(|file| file.len() <= SMALL)
    }

    /// Waits until a commit that was just made is on the disk. The first of those that wait does it for all who have
    /// committed by then. Once the disk has failed, `checkpoint` has to bring everything into the database first.
    pub(super) async fn flush(&self, checkpoint: impl FnOnce() -> Result<()>) -> Result<()> {
        let own = self.written.fetch_add(1, Ordering::AcqRel) + 1;
        let mut flushed = self.flushed.lock().await;
        if flushed.commits < own {
            let all = self.written.load(Ordering::Acquire);
            let done = if flushed.failed { checkpoint() } else { self.file.sync_data() };
            flushed.failed = done.is_err();
            done?;
            flushed.commits = all;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use futures_util::FutureExt;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("registrar-log-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("database-wal"), "written").unwrap();
            Self(folder)
        }

        fn log(&self) -> Log {
            Log::open(&self.0.join("database")).unwrap()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn no_checkpoint() -> Result<()> {
        panic!("the disk has not failed")
    }

    #[tokio::test]
    async fn one_wait_serves_all_that_were_written_before_it() {
        let folder = Folder::new("group");
        let log = folder.log();
        let mut busy = log.flushed.lock().await;
        busy.failed = true;
        let mut asked = false;
        let mut one = Box::pin(log.flush(|| {
            asked = true;
            Ok(())
        }));
        let mut other = Box::pin(log.flush(no_checkpoint));
        assert!((&mut one).now_or_never().is_none(), "told before the disk was asked");
        assert!((&mut other).now_or_never().is_none(), "told before the disk was asked");
        drop(busy);
        one.await.unwrap();
        other.await.unwrap();
        assert!(asked);
        assert_eq!(log.flushed.lock().await.commits, 2);
    }

    #[tokio::test]
    async fn a_disk_that_failed_is_not_believed_again() {
        let folder = Folder::new("failed");
        let log = folder.log();
        log.flushed.lock().await.failed = true;
        assert!(log.flush(|| Err(std::io::Error::other("full"))).await.is_err());
        assert!(log.flush(|| Err(std::io::Error::other("full"))).await.is_err());
        let mut moved = false;
        log.flush(|| {
            moved = true;
            Ok(())
        })
        .await
        .unwrap();
        assert!(moved);
        log.flush(no_checkpoint).await.unwrap();
    }
}
