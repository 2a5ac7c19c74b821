//! For build scripts of functions that serve files: these are compressed once, for all who will ask for them.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::{env, fs};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Compresses files, and those in folders, to where the library includes them from, each under its name and `.gz`.
pub(crate) fn compress(paths: &[&str]) -> io::Result<()> {
    for path in paths.iter().map(Path::new) {
        println!("cargo:rerun-if-changed={}", path.display());
        if path.is_dir() {
            fs::read_dir(path)?.try_for_each(|file| compressed(&file?.path()))?;
        } else {
            compressed(path)?;
        }
    }
    Ok(())
}

fn compressed(path: &Path) -> io::Result<()> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(".gz");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let mut encoder = GzEncoder::new(fs::File::create(out.join(name))?, Compression::best());
    encoder.write_all(&fs::read(path)?)?;
    encoder.finish().map(drop)
}
