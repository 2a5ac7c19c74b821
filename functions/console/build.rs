//! Compresses the files once, for all who will ask for them.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::{env, fs};

use flate2::Compression;
use flate2::write::GzEncoder;

const FOLDER: &str = "assets";

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed={FOLDER}");
    for file in fs::read_dir(FOLDER)? {
        compress(&file?.path())?;
    }
    Ok(())
}

fn compress(path: &Path) -> io::Result<()> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(".gz");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let mut compressed = GzEncoder::new(fs::File::create(out.join(name))?, Compression::best());
    compressed.write_all(&fs::read(path)?)?;
    compressed.finish().map(drop)
}
