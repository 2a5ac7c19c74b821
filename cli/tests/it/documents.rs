//! What the documents say.

use std::path::Path;

#[test]
fn links_between_documents_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let files = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    for file in files.filter(|file| file.extension().is_some_and(|end| end == "md")).chain([root.join("README.md")]) {
        let text = std::fs::read_to_string(&file).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("https://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
            let target = if path.is_empty() { file.clone() } else { file.parent().unwrap().join(path) };
            let text =
                std::fs::read_to_string(&target).unwrap_or_else(|error| panic!("{}: {link}: {error}", file.display()));
            let found = anchor.is_none_or(|anchor| text.lines().filter_map(heading).any(|heading| heading == anchor));
            assert!(found, "{}: {link}", file.display());
        }
    }
}

/// The anchor of a heading.
fn heading(line: &str) -> Option<String> {
    let title = line.strip_prefix('#')?.trim_start_matches('#').trim().to_lowercase();
    let kept = |character: &char| character.is_alphanumeric() || " -_".contains(*character);
    Some(title.chars().filter(kept).collect::<String>().replace(' ', "-"))
}
