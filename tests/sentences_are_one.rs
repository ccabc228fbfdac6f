//! All messages of the library are in the table of `src/sentences.rs`: no other file has words in a string. That each row of
//! the table is said in some situation is proved by `c-tests/failures/sentences.c`.

use std::fs;
use std::path::{Path, PathBuf};

/// The files that make messages. The child and `sys` have none.
const SPEAKERS: [&str; 8] =
    ["src/attr", "src/bpf", "src/capi", "src/cgroup", "src/parent", "src/plan", "src/prepared.rs", "src/probe.rs"];

/// Messages for the person who builds the library.
const OTHERS: [&str; 1] = ["padding: move a field or add a reserved one"];

fn sources(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.into()];
    }
    let entries = fs::read_dir(path).expect("readable").map(|entry| entry.expect("readable").path());
    entries.flat_map(|path| sources(&path)).collect()
}

/// The strings of a source, without those of its comments, its tests, and those for C and of bytes.
fn strings(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = source.lines().map(|line| line.trim_start()).filter(|line| !line.starts_with("//"));
    let text = lines.collect::<Vec<_>>().join("\n").replace("'\"'", "").replace("\\\"", "");
    let pieces: Vec<_> = text.split('"').collect();
    assert!(pieces.len() % 2 == 1, "an odd number of quotation marks");
    let pairs = pieces.chunks(2).filter(|pair| pair.len() == 2 && !pair[0].ends_with(['c', 'b']));
    pairs.map(|pair| pair[1].replace("\\\n", "")).collect()
}

/// Two words with a blank between them, outside of what a format fills in.
fn has_words(string: &str) -> bool {
    let plain: String = string.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)).collect();
    plain.split_whitespace().filter(|word| word.contains(char::is_alphabetic)).count() > 1
}

#[test]
fn no_other_file_has_sentences() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for file in SPEAKERS.iter().flat_map(|path| sources(&root.join(path))) {
        let text = fs::read_to_string(&file).expect("readable");
        let strings = strings(&text);
        found.extend(
            strings
                .into_iter()
                .filter(|text| has_words(text) && !OTHERS.contains(&text.as_str()))
                .map(|text| format!("{}: {text:?}", file.display())),
        );
    }
    assert!(found.is_empty(), "to go to the table of src/sentences.rs:\n{}", found.join("\n"));
}

#[test]
fn sentences_are_told_from_names() {
    for sentence in ["needs {} bytes more", "a path", "{} of fd {}", "two \\\n words"] {
        assert_eq!(strings(&format!("f(\"{sentence}\")")).into_iter().filter(|text| has_words(text)).count(), 1);
    }
    for other in ["set_uid", "{} ({})", "mode={mode:04o}", "{step}: {errno}", "{:3} {}"] {
        assert_eq!(
            strings(&format!("f(\"{other}\")")).into_iter().filter(|text| has_words(text)).count(),
            0,
            "{other}"
        );
    }
    assert!(strings("// \"a path\"\n(c\"a path\", b\"a path\")").is_empty());
}
