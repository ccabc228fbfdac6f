//! How values lie in the plan: in an order and a size that are fixed, without padding, and without pointers.

use crate::stage::Stage;
use crate::sys::abi::{LandlockRuleset, Rlimit64, SockFilter};
use core::marker::PhantomData;

/// Structs without padding, or the library does not compile. An image is given all bytes of plan and wiring, and the bytes of
/// padding are not initialized. Where a field leaves a gap, move it, or fill the gap with a reserved field.
macro_rules! without_padding {
    ($(#[$of:meta])* pub struct $name:ident $(<$rest:ident: ?Sized = $behind:ty>)? {
        $($(#[$about:meta])* $visible:vis $field:ident: $type:ty,)*
    }) => {
        $(#[$of])*
        pub struct $name $(<$rest: ?Sized = $behind>)? {
            $($(#[$about])* $visible $field: $type,)*
        }

        const _: () = {
            // Behind a plan that is being made there is nothing.
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

/// What may cross into the child: numbers, without padding between them.
pub trait Unpadded {
    /// Compiles for a type without padding.
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

/// Structs of the kernel's.
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

/// A string in the plan: `len` bytes and a NUL. Offset 0 is no string at all.
pub type Text = List<u8>;

/// A value that was asked for, or not.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Maybe<T> {
    value: T,
    set: u32,
    /// With an 8-byte value, four bytes of padding would follow `set`.
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
