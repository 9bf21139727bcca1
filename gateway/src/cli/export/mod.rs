//! `patrol-gateway export`: the backlog into a file. Nothing leaves the gateway by it.

mod part_file;
mod source;

use std::path::PathBuf;

use clap::Args;

use self::part_file::{PartError, PartFile};
use self::source::{Source, SourceError};
use super::human::bytes;
use super::progress::Progress;
use super::{Exit, class_named, print};
use crate::clock;
use crate::config::Config;
use crate::domain::report::Class;
use crate::http::transfer::export::ExportQuery;
use crate::transfer::export::behind;
use crate::transfer::format::{Classes, ExportId, Header, Totals};

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The file to write; an interrupted export to the same file goes on
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Only this class (may be given several times): incident, task, evidence, status, reading, telemetry
    #[arg(long = "class", value_name = "CLASS", value_parser = class_named)]
    classes: Vec<Class>,
}

#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Part(#[from] PartError),
}

/// Exports, and says what the file has.
pub fn run(config: &Config, args: &ExportArgs) -> Exit {
    match export(config, args) {
        Ok((header, totals, bytes)) => print(&words(args, &header, &totals, bytes)),
        Err(error) => {
            eprintln!("导出未完成 The export is not complete: {error}");
            let part = part_file::part_path(&args.to);
            if part.exists() {
                let part = part.display();
                eprintln!("再次执行同一命令可续传 {part} stays: the same command goes on with it");
            }
            Exit::Failure
        }
    }
}

fn export(config: &Config, args: &ExportArgs) -> Result<(Header, Totals, u64), ExportError> {
    let source = Source::find(config)?;
    if !source.is_whole() {
        eprintln!(
            "部分记录仍在损坏的数据库中 Some records are still in the damaged database, and will not be in the file"
        );
    }
    let classes = if args.classes.is_empty() { Classes::ALL } else { Classes::of(args.classes.clone()) };
    let header = Header {
        gateway: source.gateway(),
        export: ExportId::new(&mut fastrand::Rng::new()),
        created_at_ms: clock::unix_ms(),
        classes,
    };
    let mut file = PartFile::open(&args.to, header)?;
    let header = file.header().clone();
    let (left, cursor) = behind(classes.iter(), file.last());
    let number = file.totals().chunks + 1;
    let query = ExportQuery { export: header.export, classes: left.collect(), cursor, number };

    let waiting = classes.iter().map(|class| source.pending(class)).sum();
    let progress = Progress::of_records("导出 export", waiting, file.totals().sum().records);
    let mut chunks = source.chunks(query);
    while let Some((raw, chunk)) = chunks.next()? {
        file.push(&raw, &chunk)?;
        progress.add(chunk.records.len() as u64);
    }
    drop(progress);
    let (totals, bytes) = file.finish()?;
    Ok((header, totals, bytes))
}

/// What was exported, for people.
fn words(args: &ExportArgs, header: &Header, totals: &Totals, file_bytes: u64) -> String {
    let (path, sum) = (args.to.display(), totals.sum());
    let (count, size) = (sum.records, bytes(file_bytes));
    let mut text = format!("已导出 Exported {count} 条 records of {} to {path} ({size})\n", header.gateway);
    for class in header.classes.iter() {
        let records = totals.class(class).records;
        if records > 0 {
            text.push_str(&format!("  {class}  {records}\n"));
        }
    }
    if sum.unreadable > 0 {
        let unreadable = sum.unreadable;
        text.push_str(&format!(
            "注意 {unreadable} 条记录已损坏，未导出 · {unreadable} records are damaged in the gateway's store and not \
             in the file\n"
        ));
    }
    text.push_str("网关中的记录保持不变 The gateway keeps its records until the platform has them\n");
    text
}
