//! The calls that change what is on a disk, or what of it is durable.

use std::fmt;

/// A file's number; the name it was made under may go to another one later.
pub type Inode = usize;

/// A call that changes what is on the disk, or what of it is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// A new, empty file gets this name.
    Create {
        /// Its name.
        name: String,
        /// Its number.
        inode: Inode,
    },
    /// The name goes; who has the file open still reads and writes it.
    Delete {
        /// The name.
        name: String,
    },
    /// Makes the names durable.
    SyncDirectory,
    /// Bytes are written over what is there; the file grows when they reach beyond its end.
    Write {
        /// The file.
        inode: Inode,
        /// Where they begin.
        at: usize,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// The file gets this length.
    Truncate {
        /// The file.
        inode: Inode,
        /// Its length in bytes.
        len: usize,
    },
    /// Makes the content and length of a file durable.
    Sync {
        /// The file.
        inode: Inode,
    },
}

impl Call {
    /// The name that it makes or deletes.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Call::Create { name, .. } | Call::Delete { name } => Some(name),
            _ => None,
        }
    }

    /// The file whose content or length it changes.
    pub(crate) fn changes(&self) -> Option<Inode> {
        match self {
            Call::Write { inode, .. } | Call::Truncate { inode, .. } => Some(*inode),
            _ => None,
        }
    }

    /// Does to a file's content what the call does; calls on names do nothing to it.
    pub(crate) fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Call::Write { at, bytes, .. } => {
                let end = at + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*at..end].copy_from_slice(bytes);
            }
            Call::Truncate { len, .. } => content.resize(*len, 0),
            _ => {}
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Call::Create { name, inode } => write!(f, "create {name} as file {inode}"),
            Call::Delete { name } => write!(f, "delete {name}"),
            Call::SyncDirectory => write!(f, "sync the directory"),
            Call::Write { inode, at, bytes } => {
                write!(f, "write {} bytes at {at} of file {inode}", bytes.len())
            }
            Call::Truncate { inode, len } => write!(f, "truncate file {inode} to {len} bytes"),
            Call::Sync { inode } => write!(f, "sync file {inode}"),
        }
    }
}
