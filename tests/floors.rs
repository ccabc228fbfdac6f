//! The files of a folder are in layers, called floors. A file imports only from floors below its own. So no two files need
//! each other, and a reader finds what a file needs further down. Nothing imports from a folder's mod.rs, which is the roof.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The modules that one file imports: by `super::`, or by the name of its own folder.
fn imports(text: &str, depth: usize, folder: &str) -> Vec<String> {
    let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or(line)).collect();
    let code = code.join("\n");
    // The modules of tests are a level deeper, and import from the file that they are in.
    let code = code.split("\nmod tests {").next().unwrap_or(&code);
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(place) = rest.find("super::") {
        rest = &rest[place..];
        let mut up = 0;
        while let Some(after) = rest.strip_prefix("super::") {
            (rest, up) = (after, up + 1);
        }
        if up == depth + 1 {
            found.extend(first_names(rest));
        }
    }
    for (place, path) in code.match_indices(&format!("crate::{folder}::")) {
        found.extend(first_names(&code[place + path.len()..]));
    }
    found
}

/// The first names of a path, or of each path of a group in braces.
fn first_names(path: &str) -> Vec<String> {
    let word =
        |text: &str| text.trim_start().split(|c: char| !c.is_alphanumeric() && c != '_').next().map(String::from);
    let Some(group) = path.strip_prefix('{') else { return word(path).into_iter().collect() };
    let (mut names, mut depth) = (Vec::new(), 0);
    names.extend(word(group));
    for (place, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.extend(word(&group[place + 1..])),
            _ => (),
        }
    }
    // A group may end with a comma.
    names.retain(|name| !name.is_empty());
    names
}

/// The modules of a folder, and what each imports. A module is a file, or a folder with all its files.
fn modules(folder: &str) -> BTreeMap<String, Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let name = path.file_name().and_then(|name| name.to_str()).expect("a folder").to_string();
    let mut modules = BTreeMap::new();
    read(&path, 0, &name, None, &mut modules);
    modules
}

fn read(path: &Path, depth: usize, folder: &str, module: Option<&str>, into: &mut BTreeMap<String, Vec<String>>) {
    for entry in fs::read_dir(path).unwrap_or_else(|error| panic!("{path:?}: {error}")) {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_string();
        let module = module.unwrap_or(&stem);
        if path.is_dir() {
            read(&path, depth + 1, folder, Some(module), into);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !(depth == 0 && stem == "mod") {
            // In the mod.rs of a folder within this one, `super` is this folder.
            let depth = if stem == "mod" { depth - 1 } else { depth };
            let text = fs::read_to_string(&path).expect("the text of a file");
            into.entry(module.into()).or_default().extend(imports(&text, depth, folder));
        }
    }
}

/// Compares the imports with the floors, which are listed from the ground up. Returns a sentence for each fault.
fn faults(modules: &BTreeMap<String, Vec<String>>, floors: &[&[&str]]) -> Vec<String> {
    let mut faults = Vec::new();
    let floor_of = |name: &str| floors.iter().position(|floor| floor.contains(&name));
    for name in floors.iter().copied().flatten() {
        if !modules.contains_key(*name) {
            faults.push(format!("{name} is on a floor, and is no module"));
        }
        if floors.iter().copied().flatten().filter(|other| *other == name).count() > 1 {
            faults.push(format!("{name} is on two floors"));
        }
    }
    for (module, imports) in modules {
        let Some(floor) = floor_of(module) else {
            faults.push(format!("{module} is on no floor"));
            continue;
        };
        for import in imports.iter().filter(|import| *import != module) {
            match floor_of(import) {
                Some(below) if below < floor => (),
                Some(_) => faults.push(format!("{module} imports {import}, which is not below it")),
                None if import == "self" => (),
                None => faults.push(format!("{module} imports {import} from mod.rs, which is the roof")),
            }
        }
    }
    faults
}

/// Fails if an import of this folder does not lead to a floor below.
fn stand(folder: &str, floors: &[&[&str]]) {
    let faults = faults(&modules(folder), floors);
    assert!(faults.is_empty(), "{folder}:\n{}", faults.join("\n"));
}

#[test]
fn src_base() {
    stand("src/base", &[&["decimal", "join_order", "kernel_file", "namespaces"], &["bounded_text"]]);
}

#[test]
fn src_sys() {
    stand(
        "src/sys",
        &[
            &["abi"],
            &["answer", "arch"],
            &["clone", "credentials", "descriptors", "files", "futex", "landlock", "memory", "namespaces"],
            &["nsexec", "processes", "scheduling", "seccomp", "signals", "sockets", "wait", "ways"],
            &["mounts"],
            // Compares the constants with those of libc.
            &["pinned"],
        ],
    );
}

#[test]
fn src_attr() {
    stand(
        "src/attr",
        &[
            &["instructions", "topic", "refusal", "mount_item"],
            &["terminal_injection", "user_namespaces"],
            &[
                "exec", "fds", "session", "signals", "limits", "cgroup", "ids", "caps", "ns", "security", "landlock",
                "handed",
            ],
            &["filters", "prepared"],
            &["mounts"],
        ],
    );
}

#[test]
fn src_plan() {
    stand(
        "src/plan",
        &[
            &["sealed", "fault", "strings"],
            &["arena", "caller", "request"],
            &["draft"],
            // A topic each.
            &[
                "session", "signals", "ids", "security", "filters", "landlock", "handed", "exec", "fds", "limits",
                "cgroup",
            ],
            &["caps", "mounts", "subordinate", "memory_mode"],
            // Topics that contradict each other.
            &["check"],
            &["ns"],
            // The plan in words.
            &["acts", "words"],
            &["describe"],
        ],
    );
}

#[test]
fn src_plan_sealed() {
    stand(
        "src/plan/sealed",
        &[
            &["layout"],
            &["caps", "exec", "fds", "filters", "handed", "landlock", "limits", "mounts", "ns", "security", "wiring"],
        ],
    );
}

#[test]
fn src_nsexec() {
    stand(
        "src/nsexec",
        &[
            &["log"],
            &["channel", "environment", "memory"],
            &["message"],
            &["join", "start"],
            &["maps"],
            // The three processes.
            &["child", "init", "parent"],
            // The library by itself.
            &["lib"],
        ],
    );
}

#[test]
fn src_bpf() {
    stand("src/bpf", &[&["instruction"], &["answers"], &["evaluate"], &["accept"]]);
}

#[test]
fn src_child() {
    stand(
        "src/child",
        &[
            &["exit", "state", "created", "init_filter", "proc_files", "open_fds"],
            &["channel", "descriptors", "listener", "resolve"],
            &["channel_ends", "cwd", "follow_links", "submounts"],
            &["fds", "mount_flags", "target"],
            &["bind", "files", "image", "root"],
            &["in_memory"],
            &["mounts", "signals"],
            &["filters"],
            &["caps", "security", "session", "exec", "handed", "ids", "landlock", "limits", "ns", "second_process"],
            &["init"],
            &["program"],
        ],
    );
}

#[test]
fn src_capi() {
    stand(
        "src/capi",
        &[
            &["constants", "entry", "guard"],
            &["error"],
            &["answer", "attr", "probe", "status"],
            &["child", "cgroup", "root"],
            &["spawn", "child_fds"],
        ],
    );
}

#[test]
fn src_parent() {
    stand(
        "src/parent",
        &[
            // This process, and a child by its pid.
            &["this_process", "blocked_signals", "stack", "process", "usage", "memfd", "confine", "hint"],
            &["thread_stack", "deferred_reap", "trial", "procfs"],
            &["file_size", "cgroup_members", "chroot", "host", "ways"],
            // What connects a child with the caller.
            &["channel", "channel_wait", "image", "strings_file", "fd_socket"],
            &["listener"],
            &["channel_ends"],
            // A failure, and its sentence.
            &["starter"],
            &["new_root"],
            &["reason"],
            &["failure"],
            &["message", "cgroup"],
            // The clone.
            &["pid_variable", "clone"],
            &["layout", "keeper"],
            &["launched"],
            &["launch", "retry"],
            &["parent_death"],
            // What becomes of the child until its program runs.
            &["evidence", "second_process"],
            &["hear", "give_up"],
            &["serve"],
            &["outcome"],
            // The handle.
            &["waited"],
            &["child"],
            &["wait", "tree", "detach"],
            &["start"],
            &["map_helper"],
        ],
    );
}

#[test]
fn what_does_not_stand_is_told() {
    let folder = |files: &[(&str, &str)]| {
        files.iter().map(|(name, text)| (name.to_string(), imports(text, 0, "folder"))).collect::<BTreeMap<_, _>>()
    };
    let floors: &[&[&str]] = &[&["ground"], &["left", "right"], &["top"]];
    let ground = ("ground", "use crate::sys; // super::top");
    let top = ("top", "use super::{ground::{self, Thing}, left, right::*};");
    let (left, right) = (("left", "use super::ground;"), ("right", "fn f() { super::ground::g() }"));
    assert_eq!(faults(&folder(&[ground, left, right, top]), floors), [""; 0]);
    for (wrong, says) in [
        (("left", "use super::top;"), "left imports top, which is not below it"),
        (("left", "use super::{\n    ground, right,\n};"), "left imports right, which is not below it"),
        (("left", "fn f() { super::top::g() }"), "left imports top, which is not below it"),
        (("left", "use crate::folder::top::g;"), "left imports top, which is not below it"),
        (("left", "use super::Thing;"), "left imports Thing from mod.rs, which is the roof"),
    ] {
        assert_eq!(faults(&folder(&[ground, wrong, right, top]), floors), [says]);
    }
    assert_eq!(faults(&folder(&[ground, left, right]), floors), ["top is on a floor, and is no module"]);
    assert_eq!(faults(&folder(&[ground, left, right, top, ("new", "")]), floors), ["new is on no floor"]);
}
