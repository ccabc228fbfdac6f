//! The child allocates nothing, takes no lock, calls no libc and cannot panic. Compiled alone, its code leaves no function
//! undefined but the four that every compiler may call.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The functions that a compiler may call by itself. The image has its own ones. Any other name is a dependency by accident.
const ALLOWED: [&str; 4] = ["memcpy", "memset", "memmove", "memcmp"];

/// Words that do not occur in the files of the child, besides those that clippy refuses there.
const FORBIDDEN: [&str; 22] = [
    "alloc::",
    "std::",
    "libc::",
    "nix::",
    "fmt::",
    "format!",
    "print!",
    "println!",
    "panic!",
    "todo!",
    "unreachable!",
    ".unwrap()",
    ".expect(",
    "&mut Plan",
    "static mut",
    "thread_local",
    "Mutex",
    "impl Drop",
    "Vec<",
    "Box<",
    "String",
    "extern \"C\" {",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Compiles one source file as `build.rs` compiles the image. Returns the object and its undefined symbols.
fn undefined(source: &Path, name: &str, optimized: &str) -> Vec<String> {
    let object = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{optimized}.o"));
    let rustc = Command::new(env::var_os("RUSTC").unwrap_or("rustc".into()))
        .args(["--edition", "2024", "--crate-type", "bin", "--crate-name", "forkexec_image", "--emit=obj"])
        .args(["--cfg", "forkexec_image", "-C", "panic=abort", "-C", "relocation-model=static"])
        .args(["-C", "codegen-units=1", "-C", "force-unwind-tables=no", "-A", "warnings"])
        .arg(format!("-Copt-level={optimized}"))
        .arg("-o")
        .args([&object, source])
        .output()
        .expect("rustc runs");
    assert!(rustc.status.success(), "{}", String::from_utf8_lossy(&rustc.stderr));
    let nm = Command::new("nm").arg("--undefined-only").arg(&object).output().expect("nm runs");
    assert!(nm.status.success(), "{}", String::from_utf8_lossy(&nm.stderr));
    let text = String::from_utf8(nm.stdout).expect("names are text");
    text.lines().filter_map(|line| line.split_whitespace().last()).map(String::from).collect()
}

#[test]
fn nothing_is_undefined() {
    for optimized in ["3", "s"] {
        let mut missing = undefined(&root().join("src/image/main.rs"), "child", optimized);
        missing.retain(|name| !ALLOWED.contains(&name.as_str()));
        assert!(missing.is_empty(), "at opt-level {optimized} the child needs {missing:?}");
    }
}

/// The test above can fail: one index that may be out of bounds is enough.
#[test]
fn an_impure_child_is_seen() {
    let source = Path::new(env!("CARGO_TARGET_TMPDIR")).join("impure.rs");
    let text = "#![no_std]\n#![no_main]\n\
        #[panic_handler] fn panic(_: &core::panic::PanicInfo) -> ! { loop {} }\n\
        #[unsafe(no_mangle)] pub fn pick(of: &[u8], i: usize) -> u8 { of[i] }\n";
    fs::write(&source, text).expect("writable");
    for optimized in ["3", "s"] {
        let missing = undefined(&source, "impure", optimized);
        assert!(missing.iter().any(|name| name.contains("panic_bounds_check")), "{missing:?}");
    }
}

#[test]
fn no_forbidden_word() {
    let mut files = sources(&root().join("src/child"));
    assert!(files.len() > 8, "the child has chapters");
    files.extend(sources(&root().join("src/base")));
    files.extend(sources(&root().join("src/image")));
    for file in files {
        let text = fs::read_to_string(&file).expect("readable");
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        for (number, line) in code {
            for word in FORBIDDEN {
                assert!(!line.contains(word), "{}:{}: {word}", file.display(), number + 1);
            }
        }
    }
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("readable").map(|entry| entry.expect("readable").path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// elf(5)
mod elf {
    pub const PT_LOAD: u64 = 1;
    pub const PT_DYNAMIC: u64 = 2;
    pub const PT_INTERP: u64 = 3;
    pub const PT_GNU_STACK: u64 = 0x6474_e551;
    pub const EXECUTABLE: u64 = 1;
    pub const WRITABLE: u64 = 2;

    pub struct Segment {
        pub kind: u64,
        pub flags: u64,
    }

    pub fn number(file: &[u8], at: usize, bytes: usize) -> u64 {
        file[at..at + bytes].iter().rev().fold(0, |value, byte| value << 8 | *byte as u64)
    }

    pub fn segments(file: &[u8]) -> Vec<Segment> {
        assert_eq!(&file[..6], b"\x7fELF\x02\x01", "a 64-bit little-endian program");
        let first = number(file, 32, 8) as usize;
        let size = number(file, 54, 2) as usize;
        let count = number(file, 56, 2) as usize;
        let at = (0..count).map(|i| first + i * size);
        at.map(|at| Segment { kind: number(file, at, 4), flags: number(file, at + 4, 4) }).collect()
    }
}

/// The image that the library carries is a static program with one segment, which is not writable.
#[test]
fn the_image_is_small_and_static() {
    const ET_EXEC: u64 = 2;
    let image = fs::read(Path::new(env!("OUT_DIR")).join("image")).expect("build.rs links it");
    assert!(image.len() < 64 * 1024, "{} bytes", image.len());
    assert_eq!(elf::number(&image, 16, 2), ET_EXEC);
    let segments = elf::segments(&image);
    let count = |kind| segments.iter().filter(|segment| segment.kind == kind).count();
    assert_eq!(count(elf::PT_LOAD), 1, "the less there is to map, the faster the exec");
    assert_eq!(count(elf::PT_INTERP), 0, "it asks for no loader");
    assert_eq!(count(elf::PT_DYNAMIC), 0, "it is linked with nothing");
    assert_eq!(count(elf::PT_GNU_STACK), 1);
    for segment in &segments {
        let [writable, executable] = [elf::WRITABLE, elf::EXECUTABLE].map(|flag| segment.flags & flag != 0);
        match segment.kind {
            elf::PT_GNU_STACK => assert!(!executable, "the stack is executable"),
            _ => assert!(!writable, "a segment is writable"),
        }
    }
}
