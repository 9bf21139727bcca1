//! How many bytes a value takes on the wire, at least and at most, known at compile time.

/// The length of a type's encoding, for buffers of the right size and for refusing bodies that are too short.
pub trait Wire {
    /// Bytes of the shortest encoding: that of the all-zero value.
    const MIN_LEN: usize;
    /// Bytes of the longest encoding an encoder of this crate makes.
    const MAX_LEN: usize;
}

/// Bytes a varint of `bits` payload bits takes at most: 7 bits a byte.
const fn varint_len_max(bits: u32) -> usize {
    bits.div_ceil(7) as usize
}

/// Bytes of the varint of a length.
pub(crate) const fn length_prefix_len(len: usize) -> usize {
    if len == 0 { 1 } else { varint_len_max(usize::BITS - len.leading_zeros()) }
}

macro_rules! varint {
    ($($int:ty),+) => {
        $(impl Wire for $int {
            const MIN_LEN: usize = 1;
            const MAX_LEN: usize = varint_len_max(<$int>::BITS);
        })+
    };
}

varint!(u16, u32, u64, i16, i32, i64);

macro_rules! one_byte {
    ($($int:ty),+) => {
        $(impl Wire for $int {
            const MIN_LEN: usize = 1;
            const MAX_LEN: usize = 1;
        })+
    };
}

one_byte!(u8, i8);

impl<const N: usize> Wire for [u8; N] {
    const MIN_LEN: usize = N;
    const MAX_LEN: usize = N;
}

/// Sums the lengths of a struct's fields. A field that is missing here, or has another type, does not compile.
macro_rules! wire_fields {
    ($body:ident $(<$life:lifetime>)? { $($field:ident: $kind:ty),+ $(,)? }) => {
        impl $(<$life>)? $crate::wire::Wire for $body $(<$life>)? {
            const MIN_LEN: usize = 0 $(+ <$kind as $crate::wire::Wire>::MIN_LEN)+;
            const MAX_LEN: usize = 0 $(+ <$kind as $crate::wire::Wire>::MAX_LEN)+;
        }

        const _: () = {
            #[allow(dead_code)]
            fn every_field_is_counted $(<$life>)? (body: &$body $(<$life>)?) {
                let $body { $($field),+ } = body;
                $(let _: &$kind = $field;)+
            }
        };
    };
}
pub(crate) use wire_fields;
