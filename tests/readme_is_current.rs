//! The program that README.md shows is the one that is built and run.

mod readme;

use std::fs;
use std::path::Path;

#[test]
fn the_demo_is_shown_whole() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/c/demo.c");
    let program = fs::read_to_string(demo).expect("examples/c/demo.c");
    readme::is_current("demo", &format!("```c\n{program}```\n"), "readme_is_current");
}
