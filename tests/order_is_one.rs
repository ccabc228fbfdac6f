//! There is one order of stages: `src/stage.rs`, the program of the child, the tests and the table of `docs/order.md` have
//! the same rows.

mod pages;

use std::fs;
use std::path::{Path, PathBuf};

fn source(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

/// A variant of `enum Stage`.
struct Stage {
    name: String,
    number: u32,
    /// Its comment: what happens and why here, then the manual pages.
    says: String,
}

impl Stage {
    /// As C has it.
    fn constant(&self) -> String {
        let mut constant = String::from("FORKEXEC_STAGE");
        for letter in self.name.chars() {
            if letter.is_uppercase() {
                constant.push('_');
            }
            constant.push(letter.to_ascii_uppercase());
        }
        constant
    }
}

fn stages() -> Vec<Stage> {
    let text = source("src/stage.rs");
    let (_, body) = text.split_once("pub enum Stage {\n").expect("an enum");
    let (body, _) = body.split_once("\n}\n").expect("its end");
    let (mut stages, mut says) = (Vec::new(), String::new());
    for line in body.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(comment) = line.strip_prefix("/// ") {
            says = [says.as_str(), comment].join(" ").trim_start().to_owned();
        } else {
            let (name, number) = line.trim_end_matches(',').split_once(" = ").expect("a name and a number");
            assert!(!says.is_empty(), "{name} says nothing");
            let number = number.parse().expect("a number");
            stages.push(Stage { name: name.into(), number, says: std::mem::take(&mut says) });
        }
    }
    assert!(stages.len() > 50, "the enum was read");
    stages
}

/// The first words of the lines between two lines, without their ends.
fn rows(path: &str, begin: &str, end: &str) -> Vec<String> {
    let text = source(path);
    let (_, body) = text.split_once(begin).expect(begin);
    let (body, _) = body.split_once(end).expect(end);
    let words = body.lines().filter_map(|line| line.split_whitespace().find(|word| *word != "|"));
    words.filter(|word| !word.starts_with("//")).map(String::from).collect()
}

#[test]
fn numbers_ascend() {
    let stages = stages();
    for pair in stages.windows(2) {
        let [one, next] = pair else { continue };
        assert!(one.number < next.number, "{} = {}, {} = {}", one.name, one.number, next.name, next.number);
    }
}

#[test]
fn every_stage_has_a_row() {
    let names: Vec<String> = stages().into_iter().map(|stage| stage.name).collect();
    assert_eq!(rows("src/stage.rs", "\nrows! {\n", "\n}\n"), names);
}

/// Every step of the child is at exactly one place.
#[test]
fn the_program_is_every_stage_of_the_child() {
    let names: Vec<String> = stages().into_iter().filter(|stage| stage.number >= 100).map(|stage| stage.name).collect();
    assert_eq!(rows("src/child/program.rs", "\nprogram! {\n", "\n}\n"), names);
}

/// A reader finds the system call of each step in the child.
#[test]
fn every_stage_names_its_manual_page() {
    for stage in stages().iter().filter(|stage| stage.number >= 100) {
        assert!(stage.says.ends_with(")."), "{}: {}", stage.name, stage.says);
    }
}

#[test]
fn every_stage_is_tested() {
    let tests: String = files_of_tests()
        .filter(|path| path.extension().is_some_and(|extension| extension == "c" || extension == "h"))
        .map(|path| fs::read_to_string(path).expect("readable"))
        .collect();
    let words: Vec<&str> = tests.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').collect();
    for stage in stages().iter().filter(|stage| stage.number > 0) {
        let constant = stage.constant();
        assert!(words.contains(&constant.as_str()), "no test in c-tests names {constant}");
    }
}

/// The files of the folders of c-tests.
fn files_of_tests() -> impl Iterator<Item = PathBuf> {
    let folders = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("c-tests")).expect("c-tests");
    folders
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.is_dir())
        .flat_map(|folder| fs::read_dir(folder).expect("a folder"))
        .map(|entry| entry.expect("readable").path())
}

/// A test program that c-tests/meson.build does not list under its folder is never built.
#[test]
fn every_file_of_tests_is_built() {
    let build = source("c-tests/meson.build");
    let mut count = 0;
    for path in files_of_tests().filter(|path| path.extension().is_some_and(|extension| extension == "c")) {
        let text = fs::read_to_string(&path).unwrap_or_default();
        if !text.lines().any(|line| line.starts_with("TEST(") || line.starts_with("TEST_BOTH(")) {
            continue;
        }
        let name = path.file_stem().expect("a name").to_string_lossy();
        let folder = path.parent().and_then(Path::file_name).expect("a folder").to_string_lossy();
        let (_, list) = build.split_once(&format!("'{folder}': ")).unwrap_or_else(|| panic!("{folder} is not listed"));
        let list = list.split(['}', ':']).next().expect("a list");
        let mut listed = list.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != '-');
        assert!(listed.any(|word| word == name), "c-tests/meson.build does not list {name} in {folder}");
        count += 1;
    }
    assert!(count > 80, "only {count} test programs found");
}

#[test]
fn the_page_has_the_same_order() {
    let mut table = String::from("| number | `FORKEXEC_STAGE_` | what happens, and why here |\n|---:|---|---|\n");
    for stage in stages().iter().filter(|stage| stage.number > 0) {
        let constant = stage.constant();
        let short = constant.trim_start_matches("FORKEXEC_STAGE_");
        table += &format!("| {} | `{short}` | {} |\n", stage.number, stage.says);
    }
    pages::is_current("docs/order.md", "stages", &table, "order_is_one");
}
