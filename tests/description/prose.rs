//! What the comment of a function says of its errors. All comments are written alike: "-EINVAL: cause; -EBADF: cause",
//! and "Fails later as FORKEXEC_STAGE_X (EPERM: cause), FORKEXEC_STAGE_Y or ...".

use super::json::Json;

/// An errno that the function itself returns, with its cause where the comment gives one.
pub fn errnos(comment: &str) -> Json {
    let flat = flat(comment);
    let (now, _) = flat.split_once("Fails later").unwrap_or((&flat, ""));
    let (mut rest, mut found) = (now, Vec::<(String, String)>::new());
    while let Some((_, after)) = rest.split_once("-E") {
        let length = after.find(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit()).unwrap_or(after.len());
        let (name, tail) = after.split_at(length);
        // "-EINVAL: cause; -EBADF: ...", "-EMFILE, -ENFILE: cause".
        let cause = tail.strip_prefix(": ").map_or("", |text| &text[..end_of_cause(text)]);
        let name = format!("E{name}");
        if length > 1 && !found.iter().any(|(known, known_cause)| *known == name && known_cause == cause) {
            found.push((name, cause.to_owned()));
        }
        rest = tail;
    }
    // "-EMFILE, -ENFILE: cause" is the cause of both.
    for i in (1..found.len()).rev() {
        if found[i - 1].1.is_empty() && now.contains(&format!("-{}, -{}", found[i - 1].0, found[i].0)) {
            found[i - 1].1 = found[i].1.clone();
        }
    }
    let pair = |(name, cause): &(String, String)| {
        Json::Line(vec![("name", name.as_str().into()), ("cause", cause.as_str().into())])
    };
    Json::List(found.iter().map(pair).collect())
}

/// The stages as which a later call fails because of this one, or the call itself, with what stands in brackets.
pub fn stages(comment: &str) -> Json {
    const PREFIX: &str = "FORKEXEC_STAGE_";
    let flat = flat(comment);
    let (mut rest, mut found) = (flat.as_str(), Vec::<(String, String)>::new());
    while let Some((_, after)) = rest.split_once(PREFIX) {
        let length = after.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(after.len());
        let (name, tail) = after.split_at(length);
        let why = tail.strip_prefix(" (").map_or("", |text| &text[..end_of_brackets(text)]);
        let name = format!("{PREFIX}{name}");
        match found.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known_why)) if known_why.is_empty() => *known_why = why.to_owned(),
            Some(_) => (),
            None => found.push((name, why.to_owned())),
        }
        rest = tail;
    }
    let pair =
        |(name, why): &(String, String)| Json::Line(vec![("name", name.as_str().into()), ("why", why.as_str().into())]);
    Json::List(found.iter().map(pair).collect())
}

fn flat(comment: &str) -> String {
    comment.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A cause ends at a semicolon or a full stop that stands in no brackets, or before the next errno.
fn end_of_cause(text: &str) -> usize {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        let ends = text[at..].starts_with("; ") || text[at..].starts_with(". ") || text[at..] == *".";
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 && (ends || text[at..].starts_with(", -E")) => return at,
            _ => (),
        }
    }
    text.len()
}

fn end_of_brackets(text: &str) -> usize {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' if depth == 0 => return at,
            ')' => depth -= 1,
            _ => (),
        }
    }
    text.len()
}
