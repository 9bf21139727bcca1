//! How far something long is: a bar on a terminal, nothing in a pipe.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often the bar is drawn anew while nothing comes.
const TICK: Duration = Duration::from_millis(250);

/// A bar on stderr.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Of so many records, of which some are done already.
    pub(super) fn of_records(what: &'static str, total: u64, done: u64) -> Progress {
        Progress::new(what, total, done, "{msg} {bar:30} {human_pos}/{human_len} 条 records  {eta}")
    }

    /// Of so many bytes.
    pub(super) fn of_bytes(what: &'static str, total: u64) -> Progress {
        Progress::new(what, total, 0, "{msg} {bar:30} {binary_bytes}/{binary_total_bytes}  {eta}")
    }

    fn new(what: &'static str, total: u64, done: u64, template: &str) -> Progress {
        // Draws nothing where stderr is no terminal.
        let bar = ProgressBar::new(total.max(done)).with_position(done).with_message(what);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(TICK);
        Progress(bar)
    }

    pub(super) fn add(&self, more: u64) {
        self.0.inc(more);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
