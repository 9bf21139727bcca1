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

    /// Of rows; how many there are is told on the way.
    pub(super) fn of_rows(what: &'static str) -> Progress {
        Progress::new(what, 0, 0, "{msg} {bar:30} {human_pos}/{human_len} 行 rows  {eta}")
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

    /// So many of so many are done.
    pub(super) fn set(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
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
