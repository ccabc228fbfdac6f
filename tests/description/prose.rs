//! What the comment of a function says of its errors. All comments are written alike: below a line that ends with a colon,
//! each item has a line of its own, "-EBADF: cause." for what the function returns, "FORKEXEC_STAGE_X, EPERM: cause." for
//! the stage as which it or a later spawn fails. An item that is too long for its line goes on behind two spaces.

use super::json::Json;

const STAGE: &str = "FORKEXEC_STAGE_";

/// An item of such a list: the names before the first colon or full stop, and the cause.
struct Item {
    stage: Option<String>,
    errnos: Vec<String>,
    cause: String,
}

impl Item {
    fn of(text: &str) -> Item {
        let is_letter = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let (stage, mut rest) = match text.strip_prefix(STAGE) {
            Some(tail) => {
                let (name, rest) = tail.split_at(tail.find(|c: char| !is_letter(c)).unwrap_or(tail.len()));
                (Some(format!("{STAGE}{name}")), rest)
            }
            None => (None, text),
        };
        let mut errnos = Vec::new();
        loop {
            let next = [", or ", ", ", " or ", " and "].iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest);
            let name = next.strip_prefix('-').unwrap_or(next);
            let name = &name[..name.find(|c: char| !is_letter(c)).unwrap_or(name.len())];
            if name.len() < 3 || !name.starts_with('E') {
                break;
            }
            errnos.push(name.to_owned());
            rest = &next[next.find(name).expect("in it") + name.len()..];
        }
        let cause = rest.trim_start_matches([':', ' ', ',']).trim_end_matches('.');
        Item { stage, errnos, cause: cause.to_owned() }
    }
}

/// The items of all lists of a comment.
fn items(comment: &str) -> Vec<Item> {
    let (mut listed, mut texts) = (false, Vec::<String>::new());
    for line in comment.lines() {
        match texts.last_mut() {
            _ if listed && (line.starts_with("-E") || line.starts_with(STAGE)) => texts.push(line.to_owned()),
            Some(text) if listed && line.starts_with("  ") => text.push_str(&format!(" {}", line.trim())),
            _ => listed = line.ends_with(':'),
        }
    }
    texts.iter().map(|text| Item::of(text)).collect()
}

/// Each errno that the function itself returns, with its cause where the comment gives one.
pub fn errnos(comment: &str) -> Json {
    let own = items(comment).into_iter().filter(|item| item.stage.is_none());
    let each = own.flat_map(|item| item.errnos.into_iter().map(move |errno| (errno, item.cause.clone())));
    let pair = |(name, cause): (String, String)| {
        Json::Line(vec![("name", name.as_str().into()), ("cause", cause.as_str().into())])
    };
    Json::List(each.map(pair).collect())
}

/// The stages as which a later spawn fails because of this call, or the call itself, with errnos and causes.
pub fn stages(comment: &str) -> Json {
    let row = |item: Item| {
        let errnos = item.errnos.iter().map(|errno| errno.as_str().into()).collect();
        let name = item.stage.as_deref()?;
        Some(Json::Line(vec![
            ("name", name.into()),
            ("errnos", Json::Inline(errnos)),
            ("why", item.cause.as_str().into()),
        ]))
    };
    Json::List(items(comment).into_iter().filter_map(row).collect())
}
