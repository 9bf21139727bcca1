//! Whom files belong to. A command may be run by root on behalf of the gateway's user, who must be able to read what it makes.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

/// Gives what was just made at `path` to the owner of `like`. Only root can; for others it is theirs already.
pub(crate) fn give(path: &Path, like: &Metadata) {
    let Ok(own) = path.symlink_metadata() else { return };
    if (own.uid(), own.gid()) != (like.uid(), like.gid())
        && let Err(error) = chown(path, Some(like.uid()), Some(like.gid()))
    {
        tracing::debug!(path = %path.display(), %error, "the owner stays as it is");
    }
}
