//! The layout of values in the plan: fixed order and size, no padding, no pointers.

use crate::stage::Stage;
use crate::sys::abi::{LandlockRuleset, Rlimit64, SockFilter};
use core::marker::PhantomData;

/// Fails to compile for a struct with padding. The image is given all bytes of plan and wiring, and bytes of padding are
/// uninitialized memory. If a field leaves a gap, move it, or fill the gap with a reserved field.
macro_rules! without_padding {
    ($(#[$of:meta])* pub struct $name:ident $(<$rest:ident: ?Sized = $behind:ty>)? {
        $($(#[$about:meta])* $visible:vis $field:ident: $type:ty,)*
    }) => {
        $(#[$of])*
        pub struct $name $(<$rest: ?Sized = $behind>)? {
            $($(#[$about])* $visible $field: $type,)*
        }

        const _: () = {
            // While a plan is made, nothing is behind it.
            $(type $rest = ();)?
            impl Unpadded for $name $(<$rest>)? {
                const PROVEN: () = {
                    $(let () = <$type as Unpadded>::PROVEN;)*
                    let fields = 0 $(+ size_of::<$type>())*;
                    assert!(size_of::<$name $(<$rest>)?>() == fields, "padding: move a field or add a reserved one");
                };
            }
            let () = <$name $(<$rest>)? as Unpadded>::PROVEN;
        };
    };
}

/// Types that the child may be given: numbers, without padding between them.
pub trait Unpadded {
    /// Fails to compile if the type has padding.
    const PROVEN: ();
}

macro_rules! numbers {
    ($($type:ty)*) => { $(impl Unpadded for $type { const PROVEN: () = (); })* };
}

numbers! { () u8 i32 u32 u64 Stage }

impl<T: Unpadded, const N: usize> Unpadded for [T; N] {
    const PROVEN: () = T::PROVEN;
}

impl<T> Unpadded for List<T> {
    const PROVEN: () = assert!(size_of::<List<T>>() == 2 * size_of::<u32>());
}

impl<T: Unpadded> Unpadded for Maybe<T> {
    const PROVEN: () = {
        let () = T::PROVEN;
        assert!(size_of::<Maybe<T>>() == size_of::<T>() + 2 * size_of::<u32>());
    };
}

/// Structs of the kernel.
macro_rules! kernel_structs {
    ($($name:ident { $($type:ty),* })*) => {
        $(impl Unpadded for $name {
            const PROVEN: () = assert!(size_of::<$name>() == 0 $(+ size_of::<$type>())*);
        })*
        const _: () = { $(let () = $name::PROVEN;)* };
    };
}

kernel_structs! {
    SockFilter { u16, u8, u8, u32 }
    Rlimit64 { u64, u64 }
    LandlockRuleset { u64, u64, u64 }
}

/// A list in the plan.
#[repr(C)]
pub struct List<T> {
    pub offset: u32,
    pub len: u32,
    of: PhantomData<T>,
}

impl<T> List<T> {
    pub const EMPTY: List<T> = List::at(0, 0);

    pub const fn at(offset: u32, len: u32) -> List<T> {
        List { offset, len, of: PhantomData }
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<T> {}

/// A string in the plan: `len` bytes and a NUL. Offset 0: no string.
pub type Text = List<u8>;

/// An `Option` with a fixed layout.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Maybe<T> {
    value: T,
    set: u32,
    /// Without this field, four bytes of padding would follow `set` if the value has 8 bytes.
    reserved: u32,
}

impl<T: Copy + Default> Maybe<T> {
    pub fn get(&self) -> Option<T> {
        if self.set != 0 { Some(self.value) } else { None }
    }
}

impl<T: Default + Unpadded> From<Option<T>> for Maybe<T> {
    fn from(value: Option<T>) -> Maybe<T> {
        const {
            let () = Maybe::<T>::PROVEN;
        }
        match value {
            Some(value) => Maybe { value, set: 1, reserved: 0 },
            None => Maybe::default(),
        }
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        List::EMPTY
    }
}
