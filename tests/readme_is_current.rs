//! README.md is short, and no page has a link that leads nowhere.

use std::fs;
use std::path::{Path, PathBuf};

/// The most lines of README.md: it is for readers who have never heard of the project.
const MOST_LINES: usize = 150;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect(path)
}

#[test]
fn the_readme_is_short() {
    let lines = text("README.md").lines().count();
    assert!(lines <= MOST_LINES, "README.md has {lines} lines: what is not for a first reader belongs to docs/");
}

/// The table of docs/setters.md names every setter, with its kernel and privilege.
#[test]
fn every_setter_has_a_row() {
    let page = text("docs/setters.md");
    let map = text("pkgconfig/forkexec.map");
    let names = map.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let setters = names.filter_map(|name| name.strip_prefix("forkexec_attr_"));
    let missing: Vec<&str> = setters
        .filter(|name| !["new", "copy", "free"].contains(name) && !page.contains(&format!("`{name}`")))
        .collect();
    assert!(missing.is_empty(), "docs/setters.md has no row for {}", missing.join(", "));
}

/// README.md, CHANGELOG.md, those of the packages, and all files of docs/.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = ["README.md", "CHANGELOG.md", "bindings/go/README.md", "bindings/python/README.md"]
        .iter()
        .map(|name| root().join(name))
        .collect();
    for folder in ["docs", "docs/python"] {
        let entries = fs::read_dir(root().join(folder)).expect(folder);
        let paths = entries.map(|entry| entry.expect("readable").path());
        pages.extend(paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    pages
}

/// A page without the code in its fences.
fn prose(text: &str) -> String {
    let mut inside = false;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    });
    lines.map(|line| format!("{line}\n")).collect()
}

/// What a heading is called in a link: lower case, with hyphens for spaces and without other signs.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// The targets of `[text](target)`.
fn links(prose: &str) -> impl Iterator<Item = &str> {
    prose.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
}

fn leads_somewhere(page: &Path, target: &str) -> Result<(), String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return Ok(());
    }
    let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() { page.to_owned() } else { page.parent().expect("a folder").join(file) };
    let there = fs::metadata(&path).map_err(|_| "there is no such file".to_owned())?;
    if fragment.is_empty() || there.is_dir() {
        return Ok(());
    }
    let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
    let text = prose(&text);
    let mut headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#'));
    headings.any(|heading| anchor(heading) == fragment).then_some(()).ok_or_else(|| "there is no such heading".into())
}

#[test]
fn every_link_leads_somewhere() {
    let mut wrong = Vec::new();
    for page in pages() {
        let text = prose(&fs::read_to_string(&page).expect("readable"));
        for target in links(&text) {
            if let Err(why) = leads_somewhere(&page, target) {
                wrong.push(format!("{}: {target}: {why}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Folders whose paths the pages name, as `src/stage.rs`.
const FOLDERS: [&str; 11] = [
    "src/",
    "c-tests/",
    "tests/",
    "tools/",
    "bindings/",
    "examples/",
    "include/",
    "pkgconfig/",
    "docs/",
    "bench/",
    "packaging/",
];

/// Every path of the tree that a page names exists.
#[test]
fn every_path_that_a_page_names_exists() {
    let mut wrong = Vec::new();
    for page in pages() {
        let text = prose(&fs::read_to_string(&page).expect("readable"));
        for quoted in text.split('`').skip(1).step_by(2) {
            let path = quoted.split([' ', '\n']).next().unwrap_or_default();
            let is_path = FOLDERS.iter().any(|folder| path.starts_with(folder));
            if is_path && !path.contains(['*', '<']) && !root().join(path).exists() {
                wrong.push(format!("{}: {path}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "these paths do not exist:\n{}", wrong.join("\n"));
}

#[test]
fn links_are_found() {
    let text = prose("# A head-line, *so*\n```c\n[no](nothing)\n```\n[one](a.md) and [two](b.md#c) \n");
    assert_eq!(links(&text).collect::<Vec<_>>(), ["a.md", "b.md#c"]);
    assert_eq!(anchor(" A head-line, *so*"), "a-head-line-so");
    assert!(leads_somewhere(&root().join("README.md"), "docs/no-such-page.md").is_err());
    assert!(leads_somewhere(&root().join("README.md"), "docs/tutorial.md#no-such-heading").is_err());
    assert!(leads_somewhere(&root().join("README.md"), "docs/tutorial.md#namespaces").is_ok());
}
