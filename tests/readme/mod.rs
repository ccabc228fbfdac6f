//! The parts of README.md that are made from the sources, between `<!-- name -->` and `<!-- /name -->`.

use std::path::Path;
use std::{env, fs};

/// Compares a part, or writes it where FORKEXEC_REGEN is 1.
pub fn is_current(part: &str, should: &str, test: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).expect("README.md");
    let (begin, end) = (format!("<!-- {part} -->\n"), format!("<!-- /{part} -->\n"));
    let (before, rest) = readme.split_once(&begin).expect("where the part begins");
    let (is, after) = rest.split_once(&end).expect("where the part ends");
    if is != should && env::var_os("FORKEXEC_REGEN").is_some_and(|value| value == "1") {
        fs::write(&path, [before, &begin, should, &end, after].concat()).expect("README.md is writable");
        return;
    }
    assert!(
        is == should,
        "the {part} of README.md are not those of the sources: FORKEXEC_REGEN=1 cargo test --test {test}"
    );
}
