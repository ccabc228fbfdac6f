//! Links the code of the child alone into a static program, the image, which the library carries. If the child used a
//! function that it must not use, the link would fail.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

const SOURCES: [&str; 7] =
    ["src/base", "src/child", "src/image", "src/sys", "src/plan/sealed", "src/page.rs", "src/stage.rs"];

fn main() {
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    println!("cargo::rustc-check-cfg=cfg(forkexec_image, forkexec_nsexec)");
    let variable = |name| env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"));
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let image = PathBuf::from(variable("OUT_DIR")).join("image");
    let script = root.join("src/image/image.ld");
    let mut rustc = Command::new(variable("RUSTC"));
    rustc
        .args([
            "--edition",
            "2024",
            "--crate-type",
            "bin",
            "--crate-name",
            "forkexec_image",
            "--target",
            &variable("TARGET"),
        ])
        .args(["--cfg", "forkexec_image", "-C", "opt-level=s", "-C", "panic=abort", "-C", "strip=symbols"])
        .args(["-C", "relocation-model=static", "-C", "force-unwind-tables=no"])
        .args(["-C", "link-arg=-nostdlib", "-C", "link-arg=-static"])
        .args(["-C", "link-arg=-Wl,--gc-sections,--build-id=none,-z,norelro"])
        .arg("-C")
        .arg(format!("link-arg=-Wl,-T,{}", script.display()))
        .arg("-o")
        .arg(&image)
        .arg(root.join("src/image/main.rs"));
    if variable("CARGO_CFG_TARGET_ARCH") == "aarch64" {
        // Without it atomics are calls of functions that ask the C library about the processor.
        rustc.args(["-C", "target-feature=-outline-atomics"]);
    }
    if variable("CARGO_CFG_TARGET_ENV") == "musl" {
        // Without it rustc links the start files and the C library.
        rustc.args(["-C", "link-self-contained=no"]);
    }
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        rustc.arg("-C").arg(format!("linker={linker}"));
    }
    let status = rustc.status().unwrap_or_else(|error| panic!("rustc does not run: {error}"));
    assert!(status.success(), "the built-in image does not build");
    let size = fs::metadata(&image).map(|file| file.len()).unwrap_or(0);
    assert!(size > 0 && size < 128 * 1024, "the built-in image has {size} bytes");
}
