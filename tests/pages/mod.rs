//! The parts of pages that are made from the sources, between `<!-- name -->` and `<!-- /name -->`.

use std::path::Path;
use std::{env, fs};

/// Compares a part of a page, or writes it where FORKEXEC_REGEN is 1.
pub fn is_current(page: &str, part: &str, should: &str, test: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = fs::read_to_string(&path).expect(page);
    let (begin, end) = (format!("<!-- {part} -->\n"), format!("<!-- /{part} -->\n"));
    let (before, rest) = text.split_once(&begin).expect("where the part begins");
    let (is, after) = rest.split_once(&end).expect("where the part ends");
    if is != should && env::var_os("FORKEXEC_REGEN").is_some_and(|value| value == "1") {
        fs::write(&path, [before, &begin, should, &end, after].concat()).expect("the page is writable");
        return;
    }
    assert!(
        is == should,
        "the {part} of {page} are not those of the sources: FORKEXEC_REGEN=1 cargo test --test {test}"
    );
}
