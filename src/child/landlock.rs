//! Landlock.

use super::state::At;
use crate::sealed::LandlockRule;
use crate::sys::abi::{AT_FDCWD, O_CLOEXEC, O_PATH};
use crate::sys::{self, Answer};

/// landlock_create_ruleset(2), landlock_add_rule(2)
pub fn rules(at: &mut At) -> Answer {
    let Some(ruleset) = at.plan.ruleset.get() else { return Ok(()) };
    at.own_ruleset = sys::landlock_create_ruleset(&ruleset)?;
    for rule in at.plan.list(at.plan.landlock_rules) {
        at.index = rule.index;
        add(at, rule)?;
    }
    Ok(())
}

fn add(at: &At, rule: &LandlockRule) -> Answer {
    let Some(path) = at.plan.text(rule.path) else {
        return sys::landlock_add_port(at.own_ruleset, rule.access, rule.port);
    };
    // SAFETY: plan::lower guarantees a NUL-terminated path.
    let fd = unsafe { sys::openat(AT_FDCWD, path, O_PATH | O_CLOEXEC, 0)? };
    sys::landlock_add_path(at.own_ruleset, rule.access, fd)?;
    sys::close(fd)
}

/// landlock_restrict_self(2), by the caller's ruleset and by what was asked of ours; flags may do without any ruleset
pub fn restrict(at: &mut At) -> Answer {
    let flags = at.plan.ruleset_flags;
    if at.ruleset < 0 && at.own_ruleset < 0 && flags != 0 {
        return sys::landlock_restrict_self(-1, flags);
    }
    for (ruleset, flags) in [(at.ruleset, at.plan.ruleset_fd_flags), (at.own_ruleset, flags)] {
        if ruleset >= 0 {
            sys::landlock_restrict_self(ruleset, flags)?;
            sys::close(ruleset)?;
        }
    }
    Ok(())
}
