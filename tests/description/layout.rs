//! The shape of the header: cbindgen writes each declaration with its comment, and this puts them in sections, with a table
//! of contents, so that a constant stands above the functions that take it.

use super::{Constant, Description};
use std::collections::BTreeMap;

/// A section of the header. What is in it: the functions of a chapter (a file of `src/capi`), below the constants whose
/// names begin so, and what else is named: types, and a macro.
pub struct Section {
    pub chapter: &'static str,
    pub title: &'static str,
    constants: &'static [&'static str],
    types: &'static [&'static str],
}

const fn section(chapter: &'static str, title: &'static str, constants: &'static [&'static str]) -> Section {
    Section { chapter, title, constants, types: &[] }
}

/// All sections, in the order of the header. Types come first: C wants them before the functions that take them.
pub const SECTIONS: &[Section] = &[
    Section {
        chapter: "types",
        title: "Types",
        constants: &[],
        types: &[
            "struct forkexec_attr",
            "struct forkexec_child",
            "struct forkexec_cgroup",
            "struct forkexec_root",
            "struct forkexec_error",
            "struct forkexec_status",
            "struct sock_filter",
        ],
    },
    Section {
        chapter: "stage",
        title: "Stages: the steps of a spawn",
        constants: &[],
        types: &["enum forkexec_stage"],
    },
    section("error", "Names and versions", &["FORKEXEC_VERSION_"]),
    section("mod", "Attrs", &[]),
    section("exec", "Program, working directory and memory", &["FORKEXEC_CWD_RIGHTS_", "FORKEXEC_MEMORY_"]),
    section("fds", "Descriptors", &[]),
    section("session", "Session, process group and terminal", &[]),
    Section {
        chapter: "signals",
        title: "Signals",
        constants: &["FORKEXEC_DEATH_OF_"],
        types: &["FORKEXEC_SIGNAL_BIT"],
    },
    section(
        "limits",
        "Limits, scheduling and process flags",
        &["FORKEXEC_RLIMIT_", "FORKEXEC_PROCESS_", "FORKEXEC_SPECULATION_", "FORKEXEC_SPECULATE_"],
    ),
    section("ids", "User and group ids", &[]),
    section("caps", "Capabilities", &["FORKEXEC_CAP_"]),
    section("ns", "Namespaces", &["FORKEXEC_NS_"]),
    section("mounts", "Mounts and root directory", &["FORKEXEC_MOUNT_", "FORKEXEC_ROOT_"]),
    section("security", "Keyrings and security labels", &[]),
    section("filters", "Seccomp filters", &["FORKEXEC_SECCOMP_"]),
    section("landlock", "Landlock", &["FORKEXEC_LANDLOCK_"]),
    section("handed", "Sockets, terminals and devices for the caller", &[]),
    section("spawn", "Spawn", &[]),
    section(
        "child",
        "Children",
        &["FORKEXEC_FOREVER", "FORKEXEC_WAIT_", "FORKEXEC_STATUS_", "FORKEXEC_RAN_", "FORKEXEC_ENDED_"],
    ),
    section("cgroup", "Cgroups", &[]),
    section("root", "Prepared roots", &[]),
    section("probe", "Probe", &["FORKEXEC_PROBE_"]),
];

const WIDTH: usize = 120;

/// Files of `src/capi` whose functions belong to the section of another file.
const SAME_SECTION: [(&str, &str); 4] =
    [("files", "mounts"), ("changes", "mounts"), ("root_directory", "mounts"), ("child_fds", "child")];

/// The chapter of a file's functions: its name, or that of the file whose section it shares.
pub fn chapter_of(file: &str) -> &str {
    SAME_SECTION.iter().find(|(part, _)| *part == file).map_or(file, |(_, chapter)| chapter)
}

/// The section in which a constant stands.
pub fn section_of(constant: &str) -> &'static Section {
    let holds = |section: &&Section| section.constants.iter().any(|prefix| constant.starts_with(prefix));
    SECTIONS.iter().find(holds).unwrap_or_else(|| panic!("{constant} belongs to no section of the header"))
}

/// What cbindgen has written, in sections.
pub fn layout(written: &str, description: &Description) -> String {
    let mut blocks = BTreeMap::new();
    let mut rest = Vec::new();
    for block in written.split("\n\n").map(|block| block.trim_matches('\n')).filter(|block| !block.is_empty()) {
        match item_of(block, description) {
            Some(item) => assert!(blocks.insert(item.clone(), block.to_owned()).is_none(), "{item} twice"),
            None if block.starts_with("#ifdef __cplusplus") => (),
            None => rest.push(block),
        }
    }
    let end = rest.pop().expect("the end of the include guard");
    let conventions = rest.remove(0).strip_suffix("\n */").expect("a comment").to_owned();
    let mut text = format!("{conventions}\n{} */\n\n{}\n", contents(), rest.join("\n\n"));
    text.push_str("\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n");
    for (number, section) in SECTIONS.iter().enumerate() {
        let (begin, end) = ("-".repeat(WIDTH - 3), "-".repeat(WIDTH - 6));
        text.push_str(&format!("\n/* {begin}\n * {}. {}\n * {end} */\n", number + 1, section.title));
        for item in items(section, description) {
            let block = blocks.remove(&item).unwrap_or_else(|| panic!("cbindgen has not written {item}"));
            text.push_str(&format!("\n{}\n", spelled(&block, &item, description)));
        }
    }
    assert!(blocks.is_empty(), "in no section: {:?}", blocks.keys());
    text.push_str(&format!("\n#ifdef __cplusplus\n}}\n#endif\n\n{end}\n"));
    text
}

fn contents() -> String {
    let row = |(number, section): (usize, &Section)| format!(" * {:3}. {}\n", number + 1, section.title);
    let rows: String = SECTIONS.iter().enumerate().map(row).collect();
    format!(" *\n * CONTENTS\n *\n{rows}")
}

/// What stands in a section, from top to bottom.
fn items(section: &Section, description: &Description) -> Vec<String> {
    let types = section.types.iter().map(|&name| name.to_owned());
    let constants = description.constants.iter().map(|constant| constant.name.clone());
    let constants = constants.filter(|name| section_of(name).chapter == section.chapter);
    let functions = description.functions.iter().filter(|function| function.chapter == section.chapter);
    types.chain(constants).chain(functions.map(|function| function.name.clone())).collect()
}

/// The name of what a block declares.
fn item_of(block: &str, description: &Description) -> Option<String> {
    let code = block.rsplit("*/").next()?.trim();
    let types = SECTIONS.iter().flat_map(|section| section.types);
    let constants = description.constants.iter().map(|constant| &constant.name);
    let functions = description.functions.iter().map(|function| &function.name);
    let declares = |name: &str| {
        let (opaque, with_arguments) = (format!("{name};"), format!("#define {name}("));
        block.contains(&format!("\n{name} {{")) || code == opaque || code.starts_with(&with_arguments)
    };
    let mut types = types.filter(|name| declares(name));
    let mut constants = constants.filter(|name| code.starts_with(&format!("#define {name} ")));
    let mut functions = functions.filter(|name| code.contains(&format!("{name}(")) && !code.starts_with('#'));
    let found = types.next().map(|name| (*name).to_owned());
    found.or_else(|| constants.next().cloned()).or_else(|| functions.next().cloned())
}

/// As C of 1989 has it: numbers as the sources write them, and no comma behind the last item of an enum.
fn spelled(block: &str, item: &str, description: &Description) -> String {
    let comments = block.matches("/*").count();
    assert_eq!(comments, block.matches("*/").count(), "a comment in the comment of {item}");
    match description.constants.iter().find(|constant| constant.name == item) {
        Some(constant) => {
            let (comment, _) = block.rsplit_once("#define").expect("a constant");
            let comment = short(comment);
            format!("{comment}\n#define {} {}", constant.name, c_literal(constant))
        }
        None => short(block).replace(",\n};", "\n};"),
    }
}

/// With each comment of one line on one line.
fn short(block: &str) -> String {
    let lines: Vec<_> = block.lines().collect();
    let (mut text, mut at) = (Vec::new(), 0);
    while at < lines.len() {
        let indent = &lines[at][..lines[at].len() - lines[at].trim_start().len()];
        let one = match lines[at..] {
            [begin, line, end, ..] if begin.trim() == "/**" && end.trim() == "*/" => {
                line.trim_start().strip_prefix("* ").map(|line| format!("{indent}/** {line} */"))
            }
            _ => None,
        };
        match one.filter(|line| line.len() <= WIDTH) {
            Some(line) => {
                text.push(line);
                at += 3;
            }
            None => {
                text.push(lines[at].to_owned());
                at += 1;
            }
        }
    }
    text.join("\n")
}

fn c_literal(constant: &Constant) -> String {
    match constant.literal.as_str() {
        negative if negative.starts_with('-') => format!("({negative})"),
        large if constant.value > i64::MAX.into() => format!("UINT64_C({large})"),
        literal => literal.to_owned(),
    }
}
