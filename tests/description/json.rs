//! JSON, written so that a change of one comment is a change of one line.

use std::fmt::{self, Display, Formatter};

pub enum Json {
    Null,
    Bool(bool),
    Number(i128),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
    /// A list on one line.
    Inline(Vec<Json>),
    /// An object on one line.
    Line(Vec<(&'static str, Json)>),
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::Text(text.into())
    }
}

impl Display for Json {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        self.write(f, 0)
    }
}

impl Json {
    fn write(&self, f: &mut Formatter, depth: usize) -> fmt::Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Bool(value) => write!(f, "{value}"),
            Json::Number(value) => write!(f, "{value}"),
            Json::Text(text) => quoted(text, f),
            Json::List(items) if items.is_empty() => f.write_str("[]"),
            Json::List(items) => block(f, depth, '[', ']', items, |item, f| item.write(f, depth + 1)),
            Json::Object(members) => block(f, depth, '{', '}', members, |(name, value), f| {
                write!(f, "\"{name}\": ")?;
                value.write(f, depth + 1)
            }),
            Json::Inline(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    f.write_str(if i > 0 { ", " } else { "" })?;
                    item.write(f, depth)?;
                }
                f.write_str("]")
            }
            Json::Line(members) => {
                f.write_str("{")?;
                for (i, (name, value)) in members.iter().enumerate() {
                    write!(f, "{}\"{name}\": ", if i > 0 { ", " } else { "" })?;
                    value.write(f, depth)?;
                }
                f.write_str("}")
            }
        }
    }
}

fn block<T>(
    f: &mut Formatter,
    depth: usize,
    open: char,
    close: char,
    items: &[T],
    each: impl Fn(&T, &mut Formatter) -> fmt::Result,
) -> fmt::Result {
    write!(f, "{open}")?;
    for (i, item) in items.iter().enumerate() {
        write!(f, "{}\n{:width$}", if i > 0 { "," } else { "" }, "", width = depth + 1)?;
        each(item, f)?;
    }
    write!(f, "\n{:depth$}{close}", "")
}

fn quoted(text: &str, f: &mut Formatter) -> fmt::Result {
    f.write_str("\"")?;
    for letter in text.chars() {
        match letter {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            letter if letter.is_control() => write!(f, "\\u{:04x}", letter as u32)?,
            letter => write!(f, "{letter}")?,
        }
    }
    f.write_str("\"")
}
