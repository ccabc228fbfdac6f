//! `include/forkexec.h` and `include/forkexec.json` are as the comments in `src/` say.

mod description;

use description::Description;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The sources of the header. Its functions stand in this order.
const FILES: [&str; 11] = [
    "src/stage.rs",
    "src/capi/constants.rs",
    "src/capi/error.rs",
    "src/capi/attr/mod.rs",
    "src/capi/spawn.rs",
    "src/capi/child.rs",
    "src/capi/status.rs",
    "src/capi/child_fds.rs",
    "src/capi/cgroup.rs",
    "src/capi/root.rs",
    "src/capi/probe.rs",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn generate() -> String {
    let config = cbindgen::Config::from_file(root().join("include/cbindgen.toml")).expect("include/cbindgen.toml");
    let builder = cbindgen::Builder::new().with_config(config);
    let files = FILES.iter().map(|file| root().join(file)).filter(|file| file.exists());
    let bindings = files.fold(builder, cbindgen::Builder::with_src).generate().expect("cbindgen reads the sources");
    let mut header = Vec::new();
    bindings.write(&mut header);
    let header = String::from_utf8(header).expect("the header is text");
    description::layout(&header, &describe())
}

fn describe() -> Description {
    Description::of(FILES.iter().map(|file| root().join(file)))
}

/// Writes the file if FORKEXEC_REGEN is set, and compares it.
fn is_current(name: &str, text: &str) {
    let path = root().join(name);
    if env::var_os("FORKEXEC_REGEN").is_some_and(|value| value == "1") {
        fs::write(&path, text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let line = committed.lines().zip(text.lines()).take_while(|(old, new)| old == new).count() + 1;
    assert!(
        committed == text,
        "{name} differs from the sources from line {line} on: FORKEXEC_REGEN=1 cargo test --test header_is_current"
    );
}

#[test]
fn header_is_current() {
    is_current("include/forkexec.h", &generate());
}

#[test]
fn description_is_current() {
    is_current("include/forkexec.json", &describe().to_json());
}

/// The header is made by cbindgen, the description by this test: both declare the same functions.
#[test]
fn description_agrees_with_the_header() {
    let header = generate().split_whitespace().collect::<Vec<_>>().join(" ");
    let description = describe();
    for function in &description.functions {
        let declaration = function.declaration();
        assert!(header.contains(&declaration), "not in the header: {declaration}");
    }
}

/// Every function that is exported, wherever it stands in `src/capi`, is in the header.
#[test]
fn nothing_is_missing() {
    let header = generate();
    let description = describe();
    for file in sources(&root().join("src/capi")) {
        let source = fs::read_to_string(&file).expect("readable");
        for export in source.split("#[unsafe(no_mangle)]").skip(1) {
            let name = export.split_once("fn ").and_then(|(_, rest)| rest.split('(').next()).expect("a function");
            assert!(header.contains(&format!("{name}(")), "{name} of {} is not in the header", file.display());
            let described = description.functions.iter().any(|function| function.name == name);
            assert!(described, "{name} of {} is not in the description", file.display());
        }
    }
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("readable").map(|entry| entry.expect("readable").path());
    entries
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}
