//! A certificate that is renewed on disk is used for the next connection, without a restart.
//!
//! The files are looked at every second. When they have changed and then stayed as they are for a second, they are read; a
//! new certificate and its key come as two files, and the moment between them is no mistake. What can't be used is told
//! loudly, and the old certificate stays.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{self, Instant, MissedTickBehavior};
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;

use super::certificate::{self, CertificateError, Identity, TlsFiles};
use crate::clock;
use crate::metrics::Metrics;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often an end that is near is told.
const WARN_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// From so long before the end on, in seconds.
pub const WARN_BEFORE_S: i64 = 30 * 24 * 60 * 60;

/// The certificate that is in use. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Current(watch::Receiver<Arc<ServerConfig>>);

impl Current {
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        self.0.borrow().clone()
    }
}

/// What tells one version of a file from another.
type Stamp = Option<(u64, u64, i64, i64)>;

/// Watches the files.
#[derive(Debug)]
pub struct Renewal {
    files: TlsFiles,
    current: watch::Sender<Arc<ServerConfig>>,
    expires_unix_s: i64,
    /// The files as they were when they were last read, good or bad.
    read: Vec<Stamp>,
    /// The files as they were at the last look.
    seen: Vec<Stamp>,
    warned_at: Option<Instant>,
    metrics: Arc<Metrics>,
}

impl Renewal {
    /// Reads the certificate for the first time.
    ///
    /// # Errors
    /// [`CertificateError`]: there is none that could be used.
    pub fn begin(files: TlsFiles, metrics: Arc<Metrics>) -> Result<(Current, Renewal), CertificateError> {
        let stamps = stamps(&files);
        let identity = certificate::load(&files)?;
        let (current, using) = watch::channel(identity.config.clone());
        let (read, seen) = (stamps.clone(), stamps);
        let expires_unix_s = identity.expires_unix_s;
        let mut renewal = Renewal { files, current, expires_unix_s, read, seen, warned_at: None, metrics };
        renewal.adopt(&identity);
        Ok((Current(using), renewal))
    }

    /// Watches until told to stop.
    pub async fn run(mut self, stopping: CancellationToken) {
        let mut looks = time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                _ = looks.tick() => {}
            }
            self.warn();
            if self.has_changed() {
                self.renew();
            }
        }
    }

    /// True when the files are others than those that were read, and were the same at the last look.
    fn has_changed(&mut self) -> bool {
        let now = stamps(&self.files);
        let is_settled = now == self.seen;
        self.seen = now;
        is_settled && self.seen != self.read
    }

    fn renew(&mut self) {
        // Before they are read: what changes meanwhile is read again.
        self.read.clone_from(&self.seen);
        match certificate::load(&self.files) {
            Ok(identity) => {
                tracing::info!(subject = %identity.subject, "the listener has a new certificate");
                self.adopt(&identity);
                self.current.send_replace(identity.config);
            }
            Err(error) => {
                self.metrics.listener_certificate_failures.inc();
                tracing::error!(%error, "THE LISTENER'S NEW CERTIFICATE CAN'T BE USED, the old one stays");
            }
        }
    }

    fn adopt(&mut self, identity: &Identity) {
        self.expires_unix_s = identity.expires_unix_s;
        self.metrics.listener_certificate_expires.set(identity.expires_unix_s);
        self.warned_at = None;
        if let Some(file) = &identity.exposed {
            tracing::warn!(file = %file.display(), "others may read or write the listener's private key");
        }
        self.warn();
    }

    /// Tells, once a day, that the end is near or was.
    fn warn(&mut self) {
        let left_s = self.expires_unix_s - clock::unix_ms() / 1000;
        if left_s > WARN_BEFORE_S || self.warned_at.is_some_and(|at| at.elapsed() < WARN_EVERY) {
            return;
        }
        self.warned_at = Some(Instant::now());
        if left_s <= 0 {
            tracing::error!("THE LISTENER'S CERTIFICATE HAS EXPIRED: devices that check it stay away");
        } else {
            tracing::warn!(days = left_s / (24 * 60 * 60), "the listener's certificate expires soon");
        }
    }
}

fn stamps(files: &TlsFiles) -> Vec<Stamp> {
    files.paths().map(stamp).collect()
}

fn stamp(path: &Path) -> Stamp {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.ino(), metadata.size(), metadata.mtime(), metadata.mtime_nsec()))
}
