//! What is wrong with a table that an operator wrote, line by line: everything is told at once.

use std::fmt;

/// Lines that are told; the others are counted.
const TOLD_MAX: usize = 20;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, what stood there, what was expected.
    pub told: String,
}

/// Everything that is wrong with a table. The operator corrects the lines.
#[derive(Debug, Clone, PartialEq, Eq, Default, thiserror::Error)]
pub struct BadLines {
    told: Vec<BadLine>,
    more: usize,
}

impl BadLines {
    /// A table that can't be read at all.
    pub(super) fn one(line: usize, told: String) -> BadLines {
        BadLines { told: vec![BadLine { line, told }], more: 0 }
    }

    pub(super) fn push(&mut self, line: usize, told: String) {
        match self.told.len() < TOLD_MAX {
            true => self.told.push(BadLine { line, told }),
            false => self.more += 1,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// The first of them, in the order in which they were found.
    pub fn told(&self) -> &[BadLine] {
        &self.told
    }
}

impl fmt::Display for BadLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, BadLine { line, told }) in self.told.iter().enumerate() {
            let gap = if at > 0 { "; " } else { "" };
            write!(f, "{gap}line {line}: {told}")?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}
