//! `patrol-gateway import`: a file into a gateway, or straight to the platform.

mod file;
mod journal;
mod platform;
mod target;

use std::path::PathBuf;

use clap::Args;

use self::file::Opened;
use self::target::{Target, TargetError};
use super::progress::Progress;
use super::{Exit, print};
use crate::config::Config;
use crate::http::transfer::import::ImportAnswer;
use crate::transfer::format::{FormatError, Header};

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// A file that `export` has written
    file: PathBuf,
    /// Take what is whole of a damaged or incomplete file, and say what is missing
    #[arg(long)]
    partial: bool,
    /// Send the file's records to the configured platform instead, without a gateway; evidence is not sent
    #[arg(long)]
    to_platform: bool,
}

#[derive(Debug, thiserror::Error)]
enum ImportError {
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error("{0}")]
    File(#[from] FormatError),
}

/// Imports, and says what became of the file's records.
pub fn run(config: &Config, args: &ImportArgs) -> Exit {
    let opened = match file::open(&args.file, args.partial) {
        Ok(opened) => opened,
        Err(error) => {
            file::complain(&args.file, &error);
            return Exit::Failure;
        }
    };
    if args.to_platform {
        return platform::run(config, &args.file, opened);
    }
    let Opened { header, records, mut chunks } = opened;
    let mut sum = ImportAnswer { taken: 0, known: 0, unwanted: 0 };
    let imported = import(config, &header, records, &mut chunks, &mut sum);
    let is_begun = imported.is_ok() || sum.taken + sum.known + sum.unwanted > 0;
    let exit = if is_begun { print(&words(&header, sum)) } else { Exit::Ok };
    if let Err(error) = imported {
        eprintln!("导入未完成 The import is not complete: {error}");
        eprintln!("再次执行同一命令可继续 the same command goes on with it");
        return Exit::Failure;
    }
    match chunks.missing() {
        Some(missing) => {
            eprint!("{}", file::words(missing));
            Exit::Failure
        }
        None => exit,
    }
}

fn import(
    config: &Config,
    header: &Header,
    records: Option<u64>,
    chunks: &mut file::Chunks,
    sum: &mut ImportAnswer,
) -> Result<(), ImportError> {
    let target = Target::find(config, header)?;
    let taken_up_to = target.taken_up_to()?;
    let progress = Progress::of_records("导入 import", records.unwrap_or(0), 0);
    while let Some((raw, chunk)) = chunks.next()? {
        let count = chunk.records.len() as u64;
        if chunk.number <= taken_up_to {
            sum.known += count;
        } else {
            let answer = target.take(&raw, chunk)?;
            sum.taken += answer.taken;
            sum.known += answer.known;
            sum.unwanted += answer.unwanted;
        }
        progress.add(count);
    }
    Ok(())
}

/// What became of the records, for people.
fn words(header: &Header, sum: ImportAnswer) -> String {
    let ImportAnswer { taken, known, unwanted } = sum;
    let gateway = &header.gateway;
    let mut text =
        format!("已导入 Imported {taken} 条 records of {gateway}; {known} 条已有 were known already\n");
    if unwanted > 0 {
        text.push_str(&format!(
            "{unwanted} 个照片或视频片段未收 · {unwanted} parts of photos and clips were not taken: there is no room for their files \
             here, or they contradict what is known\n"
        ));
    }
    text
}
