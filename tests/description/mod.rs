//! The C ABI as data, for the packages of other languages: `include/forkexec.json`, made of what the header is made of.

mod json;
mod layout;
mod prose;

pub use layout::layout;

use json::Json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use syn::{Attribute, Expr, Fields, FnArg, Item, Lit, Pat, ReturnType, Type};

/// An exported function, as C sees it.
pub struct Function {
    pub name: String,
    pub result: String,
    /// Type and name.
    pub arguments: Vec<(String, String)>,
    must_use: bool,
    chapter: String,
    comment: String,
}

/// A constant of the header.
struct Constant {
    name: String,
    kind: String,
    value: i128,
    /// The value as the sources write it.
    literal: String,
    comment: String,
}

/// A struct of the header; one that only the library looks into has no fields.
struct Struct {
    name: String,
    fields: Vec<Field>,
    comment: String,
}

struct Field {
    name: String,
    kind: String,
    count: Option<usize>,
    comment: String,
}

/// A step of a spawn.
struct Stage {
    constant: String,
    number: i128,
    name: String,
    comment: String,
}

/// All that the header says.
#[derive(Default)]
pub struct Description {
    pub functions: Vec<Function>,
    constants: Vec<Constant>,
    structs: Vec<Struct>,
    stages: Vec<Stage>,
}

impl Description {
    /// Reads the sources, in the order of the header. The modules of a file follow it.
    pub fn of(files: impl IntoIterator<Item = PathBuf>) -> Description {
        let mut description = Description::default();
        files.into_iter().for_each(|file| description.read(&file));
        description
    }

    fn read(&mut self, path: &Path) {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let chapter = layout::chapter_of(&path.file_stem().expect("a file").to_string_lossy()).to_owned();
        let names = stage_names(&text);
        for item in file.items {
            match item {
                Item::Fn(item) if has(&item.attrs, "unsafe") => self.functions.push(Function::of(&item, &chapter)),
                Item::Const(item) if item.ident.to_string().starts_with("FORKEXEC_") => {
                    self.constants.push(Constant {
                        name: item.ident.to_string(),
                        kind: c_type(&item.ty),
                        value: number(&item.expr),
                        literal: literal(&item.expr),
                        comment: comment(&item.attrs),
                    });
                }
                Item::Struct(item) if item.ident.to_string().starts_with("forkexec_") => {
                    self.structs.push(Struct::of(&item));
                }
                Item::Enum(item) if item.ident == "Stage" => {
                    self.stages.extend(item.variants.iter().map(|variant| Stage::of(variant, &names)));
                }
                Item::Mod(item) if item.content.is_none() && path.ends_with("mod.rs") => {
                    self.read(&path.with_file_name(format!("{}.rs", item.ident)));
                }
                _ => (),
            }
        }
    }

    /// The text of `include/forkexec.json`.
    pub fn to_json(&self) -> String {
        let list = |items: Vec<Json>| Json::List(items);
        let whole = Json::Object(vec![
            ("comment", "Generated from the comments in src/: see tests/header_is_current.rs.".into()),
            ("chapters", list(layout::SECTIONS.iter().map(chapter).collect())),
            ("functions", list(self.functions.iter().map(Function::to_json).collect())),
            ("constants", list(self.constants.iter().map(Constant::to_json).collect())),
            ("structs", list(self.structs.iter().map(Struct::to_json).collect())),
            ("stages", list(self.stages.iter().map(Stage::to_json).collect())),
        ]);
        format!("{whole}\n")
    }
}

fn chapter(section: &layout::Section) -> Json {
    Json::Line(vec![("name", section.chapter.into()), ("title", section.title.into())])
}

impl Function {
    fn of(item: &syn::ItemFn, chapter: &str) -> Function {
        let argument = |argument: &FnArg| {
            let FnArg::Typed(typed) = argument else { panic!("{}: self", item.sig.ident) };
            let Pat::Ident(name) = &*typed.pat else { panic!("{}: not a name", item.sig.ident) };
            (c_type(&typed.ty), c_name(&name.ident.to_string()))
        };
        Function {
            name: item.sig.ident.to_string(),
            result: match &item.sig.output {
                ReturnType::Default => "void".into(),
                ReturnType::Type(_, kind) => c_type(kind),
            },
            arguments: item.sig.inputs.iter().map(argument).collect(),
            must_use: has(&item.attrs, "must_use"),
            chapter: chapter.into(),
            comment: comment(&item.attrs),
        }
    }

    /// As it stands in the header, with one space wherever there is any.
    pub fn declaration(&self) -> String {
        let arguments: Vec<_> = self.arguments.iter().map(|(kind, name)| declared(kind, name)).collect();
        let arguments = if arguments.is_empty() { "void".into() } else { arguments.join(", ") };
        format!("{}({arguments});", declared(&self.result, &self.name))
    }

    fn to_json(&self) -> Json {
        let argument = |(kind, name): &(String, String)| {
            Json::Line(vec![("name", name.as_str().into()), ("type", kind.as_str().into())])
        };
        Json::Object(vec![
            ("name", self.name.as_str().into()),
            ("chapter", self.chapter.as_str().into()),
            ("arguments", Json::List(self.arguments.iter().map(argument).collect())),
            ("result", self.result.as_str().into()),
            ("must_use", Json::Bool(self.must_use)),
            ("comment", self.comment.as_str().into()),
            ("errnos", prose::errnos(&self.comment)),
            ("stages", prose::stages(&self.comment)),
        ])
    }
}

impl Constant {
    fn to_json(&self) -> Json {
        Json::Object(vec![
            ("name", self.name.as_str().into()),
            ("chapter", layout::section_of(&self.name).chapter.into()),
            ("type", self.kind.as_str().into()),
            ("value", Json::Number(self.value)),
            ("comment", self.comment.as_str().into()),
        ])
    }
}

impl Struct {
    fn of(item: &syn::ItemStruct) -> Struct {
        let field = |field: &syn::Field| {
            let (kind, count) = match &field.ty {
                Type::Array(array) => (&*array.elem, Some(number(&array.len) as usize)),
                kind => (kind, None),
            };
            Field {
                name: field.ident.as_ref().expect("a name").to_string(),
                kind: c_type(kind),
                count,
                comment: comment(&field.attrs),
            }
        };
        let fields = match &item.fields {
            Fields::Named(fields) if has(&item.attrs, "repr") => fields.named.iter().map(field).collect(),
            _ => Vec::new(),
        };
        Struct { name: item.ident.to_string(), fields, comment: comment(&item.attrs) }
    }

    fn to_json(&self) -> Json {
        let (mut end, mut fields) = (0, Vec::new());
        for Field { name, kind, count, comment } in &self.fields {
            let size = size_of_type(kind);
            assert!(end % size == 0, "{}.{name} has padding before it", self.name);
            let whole = size * count.unwrap_or(1);
            fields.push(Json::Object(vec![
                ("name", name.as_str().into()),
                ("type", kind.as_str().into()),
                ("count", count.map_or(Json::Null, |count| Json::Number(count as i128))),
                ("offset", Json::Number(end as i128)),
                ("size", Json::Number(whole as i128)),
                ("comment", comment.as_str().into()),
            ]));
            end += whole;
        }
        Json::Object(vec![
            ("name", self.name.as_str().into()),
            ("opaque", Json::Bool(self.fields.is_empty())),
            ("size", Json::Number(end as i128)),
            ("comment", self.comment.as_str().into()),
            ("fields", Json::List(fields)),
        ])
    }
}

impl Stage {
    fn of(variant: &syn::Variant, names: &BTreeMap<String, String>) -> Stage {
        let variant_name = variant.ident.to_string();
        let mut constant = String::from("FORKEXEC_STAGE");
        for letter in variant_name.chars() {
            if letter.is_uppercase() {
                constant.push('_');
            }
            constant.push(letter.to_ascii_uppercase());
        }
        let (_, value) = variant.discriminant.as_ref().expect("a number");
        let name = names.get(&variant_name).unwrap_or_else(|| panic!("{variant_name} has no row"));
        Stage { constant, number: number(value), name: name.clone(), comment: comment(&variant.attrs) }
    }

    fn to_json(&self) -> Json {
        Json::Object(vec![
            ("constant", self.constant.as_str().into()),
            ("number", Json::Number(self.number)),
            ("name", self.name.as_str().into()),
            ("comment", self.comment.as_str().into()),
        ])
    }
}

/// The short name of each stage, as `rows!` has it: a macro's tokens, which are no item.
fn stage_names(text: &str) -> BTreeMap<String, String> {
    let rows = text.split_once("\nrows! {\n").and_then(|(_, rest)| rest.split_once("\n}")).map_or("", |(rows, _)| rows);
    let row = |line: &str| {
        let (variant, name) = line.trim().trim_end_matches(',').split_once(' ')?;
        Some((variant.to_owned(), name.trim_matches('"').to_owned()))
    };
    rows.lines().filter_map(row).collect()
}

fn declared(kind: &str, name: &str) -> String {
    if kind.ends_with('*') { format!("{kind}{name}") } else { format!("{kind} {name}") }
}

/// cbindgen writes a name that C or C++ keeps for itself with a line below it.
fn c_name(name: &str) -> String {
    name.trim_start_matches("r#").into()
}

/// What C writes for a type of the ABI, with a `*` at its end for a pointer.
fn c_type(kind: &Type) -> String {
    match kind {
        Type::Ptr(pointer) => {
            let inner = c_type(&pointer.elem);
            // `*const *mut c_char` is char *const *: what is const stands before its star.
            let constant = pointer.const_token.is_some();
            match (inner.ends_with('*'), constant) {
                (true, true) => format!("{inner}const *"),
                (true, false) => format!("{inner}*"),
                (false, true) => format!("const {inner} *"),
                (false, false) => format!("{inner} *"),
            }
        }
        Type::Path(path) => {
            let name = path.path.segments.last().expect("a name").ident.to_string();
            match name.as_str() {
                "c_char" => "char".into(),
                "c_void" => "void".into(),
                "c_int" => "int".into(),
                "usize" => "size_t".into(),
                "u8" | "u16" | "u32" | "u64" => format!("uint{}_t", &name[1..]),
                "i8" | "i16" | "i32" | "i64" => format!("int{}_t", &name[1..]),
                _ => format!("struct {name}"),
            }
        }
        _ => panic!("a type that C does not have"),
    }
}

fn size_of_type(kind: &str) -> usize {
    match kind {
        "char" | "uint8_t" | "int8_t" => 1,
        "uint16_t" | "int16_t" => 2,
        "uint32_t" | "int32_t" => 4,
        "uint64_t" | "int64_t" => 8,
        _ => panic!("a field of type {kind}"),
    }
}

fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident(name))
}

/// The lines of a comment, without the space that each begins with.
fn comment(attributes: &[Attribute]) -> String {
    let line = |attribute: &Attribute| {
        let pair = attribute.meta.require_name_value().ok().filter(|pair| pair.path.is_ident("doc"))?;
        let Expr::Lit(literal) = &pair.value else { return None };
        let Lit::Str(text) = &literal.lit else { return None };
        let text = text.value();
        Some(text.strip_prefix(' ').unwrap_or(&text).to_owned())
    };
    attributes.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}

fn number(value: &Expr) -> i128 {
    match value {
        Expr::Lit(literal) => {
            let Lit::Int(number) = &literal.lit else { panic!("not a number") };
            number.base10_digits().parse().expect("a number")
        }
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Neg(_)) => -number(&unary.expr),
        _ => panic!("not a literal"),
    }
}

fn literal(value: &Expr) -> String {
    match value {
        Expr::Lit(literal) => {
            let Lit::Int(number) = &literal.lit else { panic!("not a number") };
            number.to_string().replace('_', "")
        }
        Expr::Unary(unary) => format!("-{}", literal(&unary.expr)),
        _ => panic!("not a literal"),
    }
}
