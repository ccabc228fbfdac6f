//! The bootstrap of runc is a library without a Rust runtime. Compiled alone, it leaves undefined only the functions that
//! compilers may call, and two of libc.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

const ALLOWED: [&str; 8] = ["bcmp", "memcmp", "memcpy", "memmove", "memset", "strlen", "getenv", "strerror"];

/// Symbols of the object that tools/nsexec-build puts into the archive: "type name".
fn symbols() -> Vec<String> {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libforkexec-nsexec.a");
    let made = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/nsexec-build"))
        .args([env!("CARGO_MANIFEST_DIR").as_ref(), out.as_path(), &out.with_extension("d")])
        .args(["host", "ar", "objcopy", "false"])
        .output()
        .expect("it runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let size = fs::metadata(&out).expect("an archive").len();
    assert!(size < 128 * 1024, "{size} bytes");
    let nm = Command::new("nm").args(["--extern-only", "--format=posix"]).arg(&out).output().expect("nm runs");
    let text = String::from_utf8(nm.stdout).expect("names are text");
    let names = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (name, kind) = (words.next()?, words.next()?);
        Some(format!("{kind} {name}"))
    });
    names.collect()
}

#[test]
fn one_name_and_no_runtime() {
    let symbols = symbols();
    let defined: Vec<_> = symbols.iter().filter(|symbol| !symbol.starts_with("U ")).collect();
    assert_eq!(defined, ["T nsexec"]);
    let wanted = symbols.iter().filter_map(|symbol| symbol.strip_prefix("U "));
    let strange: Vec<_> = wanted.filter(|name| !ALLOWED.contains(name)).collect();
    assert!(strange.is_empty(), "{strange:?}");
}
