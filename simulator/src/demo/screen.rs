//! The live display: bars that are redrawn on a terminal, plain lines where there is none.

use std::convert::Infallible;
use std::io::{IsTerminal, stderr, stdout};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Deserialize;
use tokio::time::sleep;

use crate::ledger::DeviceLedger;
use crate::platform::Platform;

/// How often the figures are drawn on a terminal.
const REDRAW: Duration = Duration::from_millis(200);
/// How often they are printed where there is none.
const PRINT: Duration = Duration::from_secs(2);

/// Lines of figures; each fits a terminal of 80 columns.
const LINES: usize = 3;

/// Where the figures come from.
pub(super) struct Gauges<'a> {
    pub(super) devices: usize,
    pub(super) ledger: &'a DeviceLedger,
    pub(super) platform: &'a Platform,
    pub(super) http: reqwest::Client,
    pub(super) status_url: String,
}

#[derive(Deserialize)]
struct Status {
    pending_total: u64,
    pending: Pending,
    evidence: Option<Evidence>,
}

#[derive(Deserialize)]
struct Pending {
    /// Descriptions of photos, whose way to the platform is not built yet.
    evidence: u64,
}

#[derive(Deserialize)]
struct Evidence {
    complete: u64,
}

impl Gauges<'_> {
    /// Reports that wait at the gateway for the platform; `None` while it is dead.
    pub(super) async fn pending(&self) -> Option<u64> {
        let status = self.status().await?;
        Some(status.pending_total.saturating_sub(status.pending.evidence))
    }

    /// Photos that the gateway has whole; `None` while it is dead, or when it does not say.
    pub(super) async fn photos_complete(&self) -> Option<u64> {
        self.status().await?.evidence.map(|evidence| evidence.complete)
    }

    async fn status(&self) -> Option<Status> {
        let response = self.http.get(&self.status_url).send().await.ok()?;
        serde_json::from_slice(&response.bytes().await.ok()?).ok()
    }

    async fn lines(&self) -> [String; LINES] {
        let (devices, platform) = (self.ledger.counts(), self.platform.counts());
        let pending = self.pending().await.map_or_else(|| "-".to_owned(), |count| count.to_string());
        [
            format!(
                "设备 devices {}  产生 produced {}  已确认 acknowledged {}",
                self.devices, devices.produced, devices.acknowledged
            ),
            format!("网关待传 pending {pending}  已送达 delivered {}", platform.delivered),
            format!(
                "案卷 cases {}  去重 duplicates {}  回执 receipts {}  照片 photos {}/{}",
                platform.cases,
                platform.duplicates,
                devices.receipts,
                devices.photos_complete,
                devices.described
            ),
        ]
    }
}

/// The display.
pub(super) enum Screen {
    Terminal { all: MultiProgress, phase: ProgressBar, lines: [ProgressBar; LINES] },
    Plain,
}

impl Screen {
    pub(super) fn new() -> Screen {
        if !(stdout().is_terminal() && stderr().is_terminal()) {
            return Screen::Plain;
        }
        let all = MultiProgress::new();
        let spinner = ProgressStyle::with_template("{spinner} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let line =
            ProgressStyle::with_template("  {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        let phase = all.add(ProgressBar::new_spinner().with_style(spinner));
        phase.enable_steady_tick(Duration::from_millis(100));
        let lines = [(); LINES].map(|()| all.add(ProgressBar::new_spinner().with_style(line.clone())));
        Screen::Terminal { all, phase, lines }
    }

    /// A new phase begins.
    pub(super) fn phase(&self, words: &str) {
        match self {
            Screen::Terminal { phase, .. } => {
                self.note(&format!("▶ {words}"));
                phase.set_message(words.to_owned());
            }
            Screen::Plain => println!("▶ {words}"),
        }
    }

    /// Something worth a line that stays.
    pub(super) fn note(&self, words: &str) {
        match self {
            // A terminal that can't be written to any more has nobody to tell.
            Screen::Terminal { all, .. } => drop(all.println(words)),
            Screen::Plain => println!("  {words}"),
        }
    }

    /// Keeps the figures current until it is dropped.
    pub(super) async fn keep_current(&self, gauges: &Gauges<'_>) -> Infallible {
        loop {
            self.show(gauges).await;
            sleep(if matches!(self, Screen::Plain) { PRINT } else { REDRAW }).await;
        }
    }

    async fn show(&self, gauges: &Gauges<'_>) {
        let texts = gauges.lines().await;
        match self {
            Screen::Terminal { lines, .. } => {
                lines.iter().zip(texts).for_each(|(line, text)| line.set_message(text));
            }
            Screen::Plain => println!("  {}", texts.join("  ")),
        }
    }

    /// Shows the last figures for good.
    pub(super) async fn close(&self, gauges: &Gauges<'_>) {
        self.show(gauges).await;
        if let Screen::Terminal { phase, lines, .. } = self {
            phase.finish_and_clear();
            lines.iter().for_each(ProgressBar::abandon);
        }
    }
}
