//! Rulesets of Landlock. landlock(7)

use super::abi::*;
use super::answer::{Answer, answer};
use super::arch::{nr, syscall6};

/// landlock_create_ruleset(2), LANDLOCK_CREATE_RULESET_VERSION: returns the version of Landlock.
pub fn landlock_version() -> Answer<u32> {
    call!(LANDLOCK_CREATE_RULESET, 0, 0, LANDLOCK_CREATE_RULESET_VERSION).map(|version| version as u32)
}

/// landlock_create_ruleset(2). An older kernel accepts fields that it does not know if they are 0.
pub fn landlock_create_ruleset(ruleset: &LandlockRuleset) -> Answer<i32> {
    let size = size_of::<LandlockRuleset>();
    call!(LANDLOCK_CREATE_RULESET, ruleset as *const LandlockRuleset, size, 0).map(|fd| fd as i32)
}

/// landlock_add_rule(2), LANDLOCK_RULE_PATH_BENEATH
pub fn landlock_add_path(ruleset: i32, access: u64, fd: i32) -> Answer {
    let rule = LandlockPath { access, fd };
    call!(LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_PATH_BENEATH, &raw const rule, 0).map(drop)
}

/// landlock_add_rule(2), LANDLOCK_RULE_NET_PORT
pub fn landlock_add_port(ruleset: i32, access: u64, port: u64) -> Answer {
    let rule = LandlockPort { access, port };
    call!(LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_NET_PORT, &raw const rule, 0).map(drop)
}

/// landlock_restrict_self(2)
pub fn landlock_restrict_self(ruleset: i32, flags: u32) -> Answer {
    call!(LANDLOCK_RESTRICT_SELF, ruleset, flags).map(drop)
}
