//! `patrol-gateway deadletter`: what platforms refused for good, and what is to be done with it.
//!
//! While the gateway runs it is asked; otherwise its store is opened.

use std::fmt::Write as _;
use std::io::Read;

use clap::{Args, Subcommand};

use super::human::{class_zh, table as table_of};
use super::local_api::ApiError;
use super::offline::Offline;
use super::reach::{ReachError, Reached};
use super::{Exit, print};
use crate::config::Config;
use crate::domain::report::Class;
use crate::http::deadletters::{Action, DeadLetterPage, ListedDeadLetter, PATH, Wish};
use crate::store::dead_letters::PAGE_MAX;
use crate::store::handle::{SettleError, Stopped};

/// Longest page that is read: 500 refusals with the longest reasons are well below.
const PAGE_BYTES_MAX: u64 = 16 << 20;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum DeadLetterCommand {
    /// 列出 List what platforms refused for good, and why
    List {
        /// Only those of this uplink
        #[arg(long, value_name = "NAME")]
        uplink: Option<String>,
        /// The answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// 重发 Send some again, to the uplinks whose platforms refused them
    Retry(Which),
    /// 丢弃 Delete some for good
    Discard(Which),
}

/// Which dead letters.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = true)]
pub struct Which {
    /// Their numbers, as listed
    #[arg(value_name = "NUMBER")]
    numbers: Vec<i64>,
    /// All of them, or all of one uplink
    #[arg(long, conflicts_with = "numbers")]
    all: bool,
    /// Only those of this uplink
    #[arg(long, value_name = "NAME", requires = "all")]
    uplink: Option<String>,
}

/// Why it can't be done.
#[derive(Debug, thiserror::Error)]
enum DeskError {
    #[error(transparent)]
    Api(#[from] ApiError),
    #[error("the gateway's answer is not understood: {0}")]
    Answer(#[from] serde_json::Error),
    #[error(transparent)]
    Reach(#[from] ReachError),
    #[error(transparent)]
    Stopped(#[from] Stopped),
    #[error(transparent)]
    Settle(#[from] SettleError),
    #[error("no such dead letter: {0}")]
    NoSuch(i64),
}

/// Does it.
pub fn run(config: &Config, command: &DeadLetterCommand) -> Exit {
    let done = match command {
        DeadLetterCommand::List { uplink, json } => list(config, uplink.as_deref(), *json),
        DeadLetterCommand::Retry(which) => act(config, which, Action::Retry),
        DeadLetterCommand::Discard(which) => act(config, which, Action::Discard),
    };
    match done {
        Ok(text) => print(&text),
        Err(error) => {
            eprintln!("未完成 Not done: {error}");
            Exit::Failure
        }
    }
}

/// The gateway that has them.
struct Desk(Reached);

impl Desk {
    /// All of them, or those of one uplink.
    fn all(&self, uplink: Option<&str>) -> Result<Vec<ListedDeadLetter>, DeskError> {
        let (mut letters, mut after) = (Vec::new(), 0);
        loop {
            let page = self.page(after)?;
            // A number that does not grow would never end.
            let Some(last) = page.last().map(|letter| letter.number).filter(|last| *last > after) else {
                return Ok(letters);
            };
            after = last;
            letters.extend(
                page.into_iter().filter(|letter| uplink.is_none_or(|uplink| letter.uplink == uplink)),
            );
        }
    }

    fn page(&self, after: i64) -> Result<Vec<ListedDeadLetter>, DeskError> {
        match &self.0 {
            Reached::Running(api, _) => {
                let body = api.get(&format!("{PATH}?after={after}&limit={PAGE_MAX}"))?.into_body();
                Ok(serde_json::from_reader::<_, DeadLetterPage>(body.take(PAGE_BYTES_MAX))?.deadletters)
            }
            Reached::Offline(Offline { runtime, store, .. }) => {
                let letters = runtime.block_on(store.dead_letters(after, PAGE_MAX))?;
                Ok(letters.iter().map(ListedDeadLetter::new).collect())
            }
        }
    }

    fn act(&self, wish: Wish) -> Result<(), DeskError> {
        match &self.0 {
            Reached::Running(api, _) => Ok(api.post(PATH, &serde_json::to_vec(&wish)?).map(drop)?),
            Reached::Offline(Offline { runtime, store, .. }) => {
                Ok(runtime.block_on(store.order_dead_letters(wish.into()))?)
            }
        }
    }
}

fn list(config: &Config, uplink: Option<&str>, json: bool) -> Result<String, DeskError> {
    let deadletters = Desk(Reached::to_read(config)?).all(uplink)?;
    match json {
        true => Ok(serde_json::to_string_pretty(&DeadLetterPage { deadletters })? + "\n"),
        false => Ok(table(&deadletters)),
    }
}

fn act(config: &Config, which: &Which, action: Action) -> Result<String, DeskError> {
    let desk = Desk(Reached::to_write(config)?);
    let known = desk.all(which.uplink.as_deref())?;
    let numbers: Vec<i64> = match which.all {
        true => known.iter().map(|letter| letter.number).collect(),
        false => which.numbers.clone(),
    };
    if let Some(unknown) = numbers.iter().find(|number| known.iter().all(|letter| letter.number != **number))
    {
        return Err(DeskError::NoSuch(*unknown));
    }
    for some in numbers.chunks(PAGE_MAX as usize) {
        desk.act(Wish { action, numbers: some.to_vec() })?;
    }
    let n = numbers.len();
    Ok(match action {
        Action::Retry => format!("{n} 条等待重发 · {n} wait to be sent again\n"),
        Action::Discard => format!("已丢弃 {n} 条 · {n} discarded\n"),
    })
}

const HEAD: [&str; 6] =
    ["编号 number", "时间 refused", "上行 uplink", "类别 class", "记录 record", "原因 reason"];

fn table(letters: &[ListedDeadLetter]) -> String {
    if letters.is_empty() {
        return "没有拒收记录 no dead letters\n".to_owned();
    }
    let line = |letter: &ListedDeadLetter| {
        let class = match Class::from_name(&letter.class) {
            Some(class) => format!("{} {class}", class_zh(class)),
            None => letter.class.clone(),
        };
        let refused_at = letter.refused_at.clone().unwrap_or_else(|| "-".to_owned());
        let (number, uplink) = (letter.number.to_string(), letter.uplink.clone());
        vec![number, refused_at, uplink, class, letter.id.clone(), letter.reason.clone()]
    };
    let head = std::iter::once(HEAD.map(str::to_owned).to_vec());
    let mut text = table_of(&head.chain(letters.iter().map(line)).collect::<Vec<_>>());
    _ = writeln!(text, "共 {n} 条 · {n} dead letters", n = letters.len());
    text
}
