//! What child, image and the bootstrap of runc have in common, below all of them: like them without an allocation, a call of
//! libc, a lock or a panic.
#![cfg_attr(
    not(test),
    deny(
        clippy::disallowed_types,
        clippy::disallowed_methods,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

pub mod bounded_text;
pub mod decimal;
pub mod join_order;
pub mod namespaces;
pub mod kernel_file;
