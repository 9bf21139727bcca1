//! `import --to-platform`: the records of a file as events, straight to the platform.

mod delivery;

use std::path::Path;
use std::sync::Arc;

use self::delivery::{Delivery, DeliveryError};
use super::file::{self, Opened};
use super::journal::{Journal, Refused};
use crate::app::uplinks::by_https;
use crate::cli::progress::Progress;
use crate::cli::{Exit, print};
use crate::config::Config;
use crate::domain::report::Class;
use crate::transfer::format::Header;
use crate::uplink::https::Platform;

/// What became of a file, beside what its journal says.
#[derive(Debug, Default)]
struct Outcome {
    /// Records of the class evidence: there is no way for them yet.
    evidence: u64,
}

/// Sends a file's records.
pub(super) fn run(config: &Config, path: &Path, opened: Opened) -> Exit {
    let Some(uplink) = by_https(config) else {
        eprintln!("未配置平台 No platform: an uplink of the kind \"https\" must be in the configuration");
        return Exit::Failure;
    };
    // rustls wants one provider for the process; an error says that it already has one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let begin = || {
        let platform = Platform::new(uplink).map_err(|error| error.to_string())?;
        let journal = Journal::open(path, opened.header.export, uplink.url.as_str());
        let journal = journal.map_err(|error| error.to_string())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok::<_, String>((platform, journal, runtime.map_err(|error| error.to_string())?))
    };
    let (platform, journal, runtime) = match begin() {
        Ok(begun) => begun,
        Err(error) => {
            eprintln!("未发送 Nothing was sent: {error}");
            return Exit::Failure;
        }
    };
    let Opened { header, records, mut chunks } = opened;
    let mut delivery =
        Delivery::new(platform, (uplink, config.geography.coordinates()), header.gateway.clone(), journal);
    let mut outcome = Outcome::default();
    let sent = runtime.block_on(send(&mut delivery, records, &mut chunks, &mut outcome));
    let printed = print(&words(&header, &delivery.journal, &outcome));
    if let Err(error) = sent {
        eprintln!("发送未完成 Not all was sent: {error}");
        eprintln!("再次执行同一命令可继续 the same command goes on with it");
        return Exit::Failure;
    }
    if let Some(missing) = chunks.missing() {
        eprint!("{}", file::words(missing));
        return Exit::Failure;
    }
    if delivery.journal.rejected > 0 { Exit::Failure } else { printed }
}

async fn send(
    delivery: &mut Delivery,
    records: Option<u64>,
    chunks: &mut file::Chunks,
    outcome: &mut Outcome,
) -> Result<(), DeliveryError> {
    let progress = Progress::of_records("发送 send", records.unwrap_or(0), 0);
    while let Some((_, chunk)) = chunks.next()? {
        let count = chunk.records.len() as u64;
        if chunk.class == Class::Evidence {
            outcome.evidence += count;
            progress.add(count);
        } else {
            delivery.send(&chunk, &progress).await?;
        }
    }
    Ok(())
}

/// What became of the records, for people.
fn words(header: &Header, journal: &Journal, Outcome { evidence }: &Outcome) -> String {
    let (accepted, rejected) = (journal.accepted, journal.rejected);
    let gateway: &Arc<str> = &header.gateway;
    let mut text = format!(
        "平台已接收 Accepted by the platform: {accepted} 条 records of {gateway}; 拒收 rejected: {rejected}\n"
    );
    for Refused { source, id, reason } in &journal.shown {
        text.push_str(&format!("  {source} {id}: {reason}\n"));
    }
    if rejected > journal.shown.len() as u64 {
        text.push_str(&format!("  ... {}\n", journal.path().display()));
    }
    if *evidence > 0 {
        text.push_str(&format!(
            "{evidence} 条照片或视频记录未发送，仍在文件中 · {evidence} records of photos and clips were not sent: there is no \
             way for them to the platform yet; they stay in the file\n"
        ));
    }
    text
}
