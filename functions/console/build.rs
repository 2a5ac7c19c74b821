//! Compresses the files that are served.

#[path = "../compress.rs"]
mod compress;

fn main() -> std::io::Result<()> {
    compress::compress(&["assets"])
}
