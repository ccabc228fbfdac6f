//! Landlock: the accesses that the ruleset handles, and which of them this kernel knows.

use super::draft::Draft;
use super::fault::{Fault, Step};
use super::request::Request;
use super::sealed::{LandlockRule, Plan, Text};
use crate::attr::landlock::{Handled, Landlock, Rule, access, flag};
use crate::fallible::push;
use crate::sentences::{self, Sentence};
use crate::stage::Stage;
use crate::sys::abi::LandlockRuleset;
use crate::sys::{self, Errno};
use alloc::vec::Vec;

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.landlock;
    if let Some(fd) = asked.ruleset_fd {
        draft.plan.ruleset_fd = draft.need(fd, "set_landlock_ruleset")?;
    }
    let Handled { fs, net } = handled(asked);
    let wanted = LandlockRuleset { fs, net, scopes: asked.scopes };
    if wanted == LandlockRuleset::default() && asked.flags == 0 {
        return Ok(());
    }
    let version = match sys::landlock_version() {
        // The kernel has no Landlock, it is off, or a filter forbids it: all of them are version 0.
        Err(Errno(libc::ENOSYS | libc::EOPNOTSUPP | libc::EPERM)) => 0,
        Err(Errno(code)) => return Err(Fault::unresolved(sentences::ABOUT_LANDLOCK.text()).code(code)),
        Ok(version) => version,
    };
    let known = known(version);
    let ruleset = wanted.both(known);
    if ruleset != wanted && !asked.partial {
        return Err(unknown(wanted.but(known), version));
    }
    draft.plan.ruleset_lacks = wanted.but(ruleset);
    let flags = asked.flags & known_flags(version);
    if flags != asked.flags && !asked.partial {
        return Err(unsupported(if version == 0 { sentences::NO_LANDLOCK } else { sentences::LANDLOCK_WITHOUT_FLAGS }));
    }
    draft.plan.ruleset_lacks_flags = asked.flags & !flags;
    put_on_with(flags, ruleset != LandlockRuleset::default(), &mut draft.plan);
    if ruleset == LandlockRuleset::default() {
        return Ok(());
    }
    draft.plan.ruleset = Some(ruleset).into();
    let mut rules: Vec<LandlockRule> = Vec::new();
    for (index, rule) in asked.rules.iter().enumerate() {
        let rule = match rule {
            Rule::Path { path, access } => {
                let path = draft.arena.text(path.as_cstr())?;
                LandlockRule { access: access & ruleset.fs, port: 0, path, index: index as i32, reserved: 0 }
            }
            Rule::Port { port, access } => LandlockRule {
                access: access & ruleset.net,
                port: *port as u64,
                path: Text::EMPTY,
                index: index as i32,
                reserved: 0,
            },
        };
        // The kernel refuses a rule that grants nothing.
        if rule.access != 0 {
            push(&mut rules, rule)?;
        }
    }
    draft.plan.landlock_rules = draft.arena.list(&rules)?;
    Ok(())
}

/// The flags for each of the two rulesets. With LOG_SUBDOMAINS_OFF for the first, denials by the second would not be logged.
fn put_on_with(flags: u32, own: bool, plan: &mut Plan<()>) {
    if plan.ruleset_fd >= 0 {
        plan.ruleset_fd_flags = if own { flags & !flag::LOG_SUBDOMAINS_OFF } else { flags };
    }
    if own || plan.ruleset_fd < 0 {
        plan.ruleset_flags = flags;
    }
}

/// The accesses that are denied unless a rule grants them. Accesses of newer kernels are handled only if a rule grants them:
/// a request means the same on every kernel and with every version of this library.
pub fn handled(asked: &Landlock) -> Handled {
    asked.handled.unwrap_or_else(|| {
        asked.rules.iter().fold(Handled { fs: 0, net: 0 }, |handled, rule| match rule {
            Rule::Path { access, .. } => Handled { fs: handled.fs | access::FS | access, ..handled },
            Rule::Port { access, .. } => Handled { net: handled.net | access::NET | access, ..handled },
        })
    })
}

/// The newest version of Landlock whose accesses and scopes this library knows.
const NEWEST: u32 = 10;

/// The accesses and scopes that a version of Landlock knows. Version 0: there is no Landlock.
fn known(version: u32) -> LandlockRuleset {
    if version > NEWEST {
        return LandlockRuleset { fs: u64::MAX, net: u64::MAX, scopes: u64::MAX };
    }
    LandlockRuleset {
        fs: match version {
            0 => 0,
            1 => 0x1fff,
            2 => 0x3fff,
            3 | 4 => 0x7fff,
            5..=8 => access::FS,
            _ => access::FS | access::FS_UNIX,
        },
        net: match version {
            0..=3 => 0,
            4..=9 => access::NET,
            _ => access::NET | access::NET_UDP,
        },
        scopes: if version >= 6 { access::SCOPES } else { 0 },
    }
}

/// The flags that a version of Landlock knows. For newer ones the kernel itself answers.
fn known_flags(version: u32) -> u32 {
    match version {
        ..7 => 0,
        7 => flag::LOGS,
        _ => u32::MAX,
    }
}

fn unknown(lacking: LandlockRuleset, version: u32) -> Fault {
    let why = if version == 0 {
        sentences::NO_LANDLOCK
    } else if lacking.scopes & access::SCOPES != 0 {
        sentences::LANDLOCK_WITHOUT_SCOPES
    } else if lacking.net & access::NET != 0 {
        sentences::LANDLOCK_WITHOUT_PORTS
    } else if lacking.fs & access::FS != 0 {
        sentences::LANDLOCK_WITHOUT_ACCESS
    } else {
        sentences::LANDLOCK_TOO_OLD
    };
    unsupported(why)
}

fn unsupported(why: Sentence) -> Fault {
    Fault { stage: Stage::Landlock, ..Fault::invalid("", why) }.code(libc::EOPNOTSUPP)
}
