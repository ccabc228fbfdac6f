//! Every name of the library in README.md, CHANGELOG.md and docs/ is in include/forkexec.h.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A word that begins so is one of the library's names.
const PREFIXES: [&str; 2] = ["forkexec_", "FORKEXEC_"];

/// In `docs/`, a word in backquotes that begins so is a setter, without the prefix that all setters have.
const VERBS: [&str; 19] = [
    "add_", "allow_", "bind_", "close_", "create_", "deny_", "detach_", "drop_", "dup_", "enter_", "inherit_", "join_",
    "keep_", "make_", "map_", "mask_", "restore_", "set_", "unshare_",
];

/// Names of the project that are not in the header.
const OTHERS: [&str; 1] = ["FORKEXEC_REGEN"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

fn names_of_header() -> BTreeSet<String> {
    let header = fs::read_to_string(root().join("include/forkexec.h")).expect("include/forkexec.h");
    words(&header).map(str::to_owned).collect()
}

/// A name, or with a "_" at its end the beginning of several names.
fn is_known(names: &BTreeSet<String>, word: &str) -> bool {
    OTHERS.contains(&word)
        || names.contains(word)
        || word.ends_with('_') && names.iter().any(|name| name.starts_with(word))
}

/// `FORKEXEC_1.0` is a version.
fn is_name(word: &str) -> bool {
    PREFIXES
        .iter()
        .any(|prefix| word.strip_prefix(prefix).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit())))
}

/// The setters that a line names: the first word between each pair of backquotes. A manual page, as `open(2)`, is not one.
fn setters(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2).filter_map(|quoted| {
        let word = words(quoted).next()?;
        let rest = quoted.strip_prefix(word)?;
        let manual = rest.len() == 3 && rest.ends_with(')');
        let plain = rest.is_empty() || rest.starts_with('(');
        (plain && !manual && VERBS.iter().any(|verb| word.starts_with(verb))).then_some(word)
    })
}

fn documents(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let paths = entries.map(|entry| entry.expect("readable").path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

#[test]
fn every_name_is_in_the_header() {
    let names = names_of_header();
    let mut unknown = Vec::new();
    for path in documents(root()).into_iter().chain(documents(&root().join("docs"))) {
        let text = fs::read_to_string(&path).expect("readable");
        for (number, line) in text.lines().enumerate() {
            let quoted = setters(line).filter(|_| path.parent() != Some(root()));
            let missing = quoted.filter(|word| !is_known(&names, &format!("forkexec_attr_{word}")));
            let missing = missing.chain(words(line).filter(|word| is_name(word) && !is_known(&names, word)));
            unknown.extend(missing.map(|word| format!("{}:{}: {word}", path.display(), number + 1)));
        }
    }
    assert!(unknown.is_empty(), "not in include/forkexec.h:\n{}", unknown.join("\n"));
}

#[test]
fn names_are_told_from_others() {
    let found: Vec<_> =
        setters("`set_root(NULL)`, `map_fd(3, 4)` and `keep_groups`, not `open(2)`, `set_x y` or set_nothing")
            .collect();
    assert_eq!(found, ["set_root", "map_fd", "keep_groups"]);
    let names = names_of_header();
    assert!(is_known(&names, "forkexec_attr_set_root") && is_known(&names, "FORKEXEC_LANDLOCK_FS_"));
    assert!(!is_known(&names, "forkexec_attr_set_nothing") && !is_known(&names, "FORKEXEC_NOTHING_"));
    assert!(is_name("FORKEXEC_STAGE_EXEC") && !is_name("FORKEXEC_1"));
}
