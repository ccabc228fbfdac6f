//! The built-in image: the child's code alone, and how a plan is put behind it.

use crate::plan::Sealed;
use crate::sealed::{PLAN_ADDRESS, PLAN_OFFSET, Piece, Wiring};
use static_assertions::const_assert_eq;

static IMAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/image"));

/// elf(5): the file header and, right behind it, the program headers of code, plan and stack.
const FILE_HEADER: usize = 64;
const PROGRAM_HEADER: usize = 56;
const CODE: usize = FILE_HEADER;
const PLAN: usize = CODE + PROGRAM_HEADER;
const HEADERS: usize = PLAN + 2 * PROGRAM_HEADER;
const P_OFFSET: usize = 8;
const P_VADDR: usize = 16;
const P_FILESZ: usize = 32;
const P_MEMSZ: usize = 40;

const fn word(at: usize) -> u64 {
    match IMAGE.split_at(at).1.first_chunk() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => 0,
    }
}

const CODE_LENGTH: u64 = word(CODE + P_FILESZ);
const PLAN_AT: u64 = word(PLAN + P_OFFSET);

const_assert_eq!(word(32), FILE_HEADER as u64);
const_assert_eq!(word(CODE + P_OFFSET), 0);
const_assert_eq!(word(PLAN + P_VADDR), PLAN_ADDRESS as u64);

/// The headers of an image with a plan of a certain size.
pub struct Headers([u8; HEADERS]);

impl Headers {
    pub fn for_plan(plan: &Sealed) -> Headers {
        let mut headers = [0; HEADERS];
        headers.iter_mut().zip(IMAGE).for_each(|(to, from)| *to = *from);
        let length = ((PLAN_OFFSET + plan.as_bytes().len()) as u64).to_le_bytes();
        for field in [P_FILESZ, P_MEMSZ] {
            headers.iter_mut().skip(PLAN + field).zip(length).for_each(|(to, from)| *to = from);
        }
        Headers(headers)
    }
}

/// Tells a wiring what the child writes to become the image: itself as the image is to find it, and the plan.
pub fn wire(launching: &mut Wiring, headers: &Headers, in_image: &Wiring, plan: &Sealed) {
    let piece = |address: *const u8, length: usize| Piece { address: address as u64, length: length as u64 };
    let code = IMAGE.get(HEADERS..CODE_LENGTH as usize).unwrap_or_default();
    launching.image = [
        piece(headers.0.as_ptr(), HEADERS),
        piece(code.as_ptr(), code.len()),
        piece((&raw const *in_image).cast(), PLAN_OFFSET),
        piece(plan.as_bytes().as_ptr(), plan.as_bytes().len()),
    ];
    launching.image_plan_at = PLAN_AT;
}
