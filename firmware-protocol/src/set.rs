//! Sets that grow over the years, as numbers with constants: a value this version does not know survives.

/// Declares an open set: a number (one byte unless said otherwise), its known values and their names.
macro_rules! open_set {
    (
        $(#[$meta:meta])*
        pub struct $set:ident {
            $($values:tt)*
        }
    ) => {
        open_set! {
            $(#[$meta])*
            pub struct $set: u8 {
                $($values)*
            }
        }
    };
    (
        $(#[$meta:meta])*
        pub struct $set:ident: $repr:ty {
            $($(#[$value_meta:meta])* $value:ident = $number:literal $name:literal,)+
        }
    ) => {
        $(#[$meta])*
        ///
        /// An open set: other values than the constants are legal and survive.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
        pub struct $set(pub $repr);

        impl $set {
            $($(#[$value_meta])* pub const $value: Self = Self($number);)+

            /// The value's name in lower case; `None` for a value this version does not know.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($name),)+
                    _ => None,
                }
            }
        }

        impl core::fmt::Display for $set {
            /// The name, or the number of a value this version does not know.
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "{}", self.0),
                }
            }
        }

        impl $crate::wire::Wire for $set {
            const MIN_LEN: usize = <$repr as $crate::wire::Wire>::MIN_LEN;
            const MAX_LEN: usize = <$repr as $crate::wire::Wire>::MAX_LEN;
        }
    };
}

/// Declares an open set of bits over an unsigned integer; the number behind a name is the bit's position.
macro_rules! bit_set {
    (
        $(#[$meta:meta])*
        pub struct $set:ident: $repr:ty {
            $($(#[$bit_meta:meta])* $bit:ident = $position:literal,)+
        }
    ) => {
        $(#[$meta])*
        ///
        /// An open set: unknown bits are legal and survive.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
        pub struct $set(pub $repr);

        impl $set {
            /// No bit set.
            pub const EMPTY: Self = Self(0);
            $($(#[$bit_meta])* pub const $bit: Self = Self(1 << $position);)+

            /// Whether all bits of `bits` are set.
            pub const fn contains(self, bits: Self) -> bool {
                self.0 & bits.0 == bits.0
            }

            /// This set with the bits of `bits` added when `on`, else unchanged.
            #[must_use]
            pub const fn with(self, bits: Self, on: bool) -> Self {
                if on { Self(self.0 | bits.0) } else { self }
            }
        }

        impl core::ops::BitOr for $set {
            type Output = Self;

            fn bitor(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }

        impl $crate::wire::Wire for $set {
            const MIN_LEN: usize = <$repr as $crate::wire::Wire>::MIN_LEN;
            const MAX_LEN: usize = <$repr as $crate::wire::Wire>::MAX_LEN;
        }
    };
}
