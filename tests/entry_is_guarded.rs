//! No exported function is a cancellation point: each begins with `Entered::now()`, which src/capi/entry.rs explains.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The functions of a source that are exported, each with the first statement of its body.
fn exported(source: &str) -> Vec<(String, String)> {
    let each = source.split("#[unsafe(no_mangle)]").skip(1).map(|text| {
        let name = text.split("fn ").nth(1).and_then(|rest| rest.split('(').next()).expect("a function");
        // No type in a signature has braces.
        let body = text.split_once('{').expect("a body").1;
        (name.trim().to_string(), body.split_inclusive(';').next().unwrap_or("").trim().to_string())
    });
    each.collect()
}

#[test]
fn every_exported_function_begins_with_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    files.retain(|file| !file.starts_with(root.join("src/nsexec")) && !file.starts_with(root.join("src/image")));
    // A replacement for a function of the Rust runtime has its name only until the library is linked.
    files.retain(|file| !file.ends_with("src/runtime.rs"));
    let mut names = BTreeSet::new();
    for file in files {
        let source = fs::read_to_string(&file).expect("text");
        for (name, first) in exported(&source) {
            assert_eq!(first, "let _entered = Entered::now();", "{name} in {}", file.display());
            names.insert(name);
        }
    }
    // The functions that were looked at are those that the library exports.
    let map = fs::read_to_string(root.join("pkgconfig/forkexec.map")).expect("text");
    let lines = map.lines().filter_map(|line| line.trim().strip_suffix(';'));
    let in_the_map: BTreeSet<String> = lines.filter(|name| name.starts_with("forkexec_")).map(String::from).collect();
    assert_eq!(names, in_the_map);
}
