//! The numbers of rows: none is ever given twice, not even after another database took the place of a damaged one.
//!
//! ```text
//! generation of the database (31 bits) | class, from 1 (4 bits) | count (28 bits)
//! ```
//! Whoever still holds a number of the database before finds nothing under it. And a page whose place in its tree is lost tells
//! by its numbers which class it is of. Rows from before this have small numbers, class 0.

use crate::domain::report::Class;

const GENERATION_SHIFT: u32 = 32;
const CLASS_SHIFT: u32 = 28;
const CLASS_MASK: i64 = 0xF;

/// Numbers that say nothing about a class are above this one, in a database of this generation.
pub(super) fn floor(generation: u32) -> i64 {
    i64::from(generation & 0x7FFF_FFFF) << GENERATION_SHIFT
}

/// The numbers of a class's rows are above this one.
pub(super) fn floor_of(generation: u32, class: Class) -> i64 {
    floor(generation) | (class as i64 + 1) << CLASS_SHIFT
}

/// Whether a row of the class can have this number.
pub(super) fn fits(id: i64, class: Class) -> bool {
    is_of(id, class) || id > 0 && id >> CLASS_SHIFT & CLASS_MASK == 0
}

/// Whether this number is one of a row of the class, and of no other.
pub(super) fn is_of(id: i64, class: Class) -> bool {
    id > 0 && id >> CLASS_SHIFT & CLASS_MASK == class as i64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_and_classes_have_numbers_of_their_own() {
        let mut floors = vec![0, floor(1), floor(2)];
        for generation in [0, 1, 2] {
            for class in Class::ALL {
                let id = floor_of(generation, class) + 1;
                floors.push(floor_of(generation, class));
                let fitting: Vec<_> = Class::ALL.into_iter().filter(|class| fits(id, *class)).collect();
                assert_eq!(fitting, [class], "{id:x}");
            }
        }
        floors.sort_unstable();
        assert!(floors.windows(2).all(|pair| pair[1] - pair[0] >= 1 << CLASS_SHIFT), "{floors:x?}");
        assert!(Class::ALL.into_iter().all(|class| fits(1, class) && !fits(-1, class)));
    }
}
