//! The library reports a lack of memory. Functions that abort the program instead are not used on the caller's side.

use std::fs;
use std::path::{Path, PathBuf};

/// Functions that allocate, and abort if that fails. fallible.rs and shared.rs have replacements.
const ABORTING: [&str; 24] = [
    "Arc::new",
    "Rc::new",
    "Box::new",
    "mpsc",
    "thread::spawn",
    "thread::Builder",
    "format!",
    "String",
    ".to_string()",
    ".to_owned()",
    ".to_vec()",
    "vec!",
    "with_capacity",
    "BufWriter",
    "BufReader",
    "LineWriter",
    "collect()",
    "collect::<",
    "CString",
    "PathBuf",
    "HashMap",
    "BTreeMap",
    "unistd::getcwd",
    "Error::other",
];

/// The part of a file before its tests.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).expect("text");
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_string()
}

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

#[test]
fn nothing_on_the_callers_side_aborts_without_memory() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![src.join("probe.rs")];
    ["attr", "plan", "parent", "capi"].iter().for_each(|folder| sources(&src.join(folder), &mut files));
    let mut found = Vec::new();
    for file in files {
        for (at, line) in code(&file).lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            // `Strings` are the caller's vectors.
            let line = line.replace("Strings", "");
            found.extend(
                ABORTING
                    .iter()
                    .filter(|name| line.contains(*name))
                    .map(|name| format!("{}:{}: {name}", file.strip_prefix(&src).expect("below").display(), at + 1)),
            );
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
