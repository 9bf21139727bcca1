//! Reads the log and verifies the chain.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use super::chain::{self, Line, Link};
use super::log::{FILES_MAX, head, lock, newest, older};

/// All lines up to the first fault, and the fault.
#[derive(Debug)]
pub struct Reading {
    /// The lines, oldest first.
    pub lines: Vec<Line>,
    /// Where the chain is broken.
    pub fault: Option<Fault>,
}

/// Where and how the chain is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: PathBuf,
    /// The line in it, from 1.
    pub line: usize,
    /// What is wrong there.
    pub kind: FaultKind,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The line is not as it was written.
    Changed,
    /// Lines before this one are missing, or were put between.
    Gap,
    /// The last lines are missing.
    End,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            FaultKind::Changed => "此行被改动 this line is not as it was written",
            FaultKind::Gap => "此行之前不连续 lines before this one are missing or were put there",
            FaultKind::End => "末尾缺失 lines after this one are missing",
        };
        write!(f, "{}:{}: {what}", self.file.display(), self.line)
    }
}

/// Reads the log in this folder; one that is not there is empty.
///
/// # Errors
/// A file can't be read.
pub fn read(folder: &Path) -> io::Result<Reading> {
    if !folder.exists() {
        return Ok(Reading { lines: Vec::new(), fault: None });
    }
    let _lock = lock(folder, FlockOperation::LockShared)?;
    let mut files: Vec<(Option<u64>, PathBuf)> =
        older(folder)?.into_iter().map(|(first, path)| (Some(first), path)).collect();
    files.push((None, newest(folder)));
    let mut walk = Walk { lines: Vec::new(), files: files.len(), last_place: (newest(folder), 0) };
    for (first, path) in files {
        let text = match fs::read(&path) {
            Ok(text) => String::from_utf8_lossy(&text).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if let Err(fault) = walk.file(first, &path, &text) {
            return Ok(Reading { lines: walk.lines, fault: Some(fault) });
        }
    }
    let fault = walk.check_end(head(folder)).err();
    Ok(Reading { lines: walk.lines, fault })
}

struct Walk {
    lines: Vec<Line>,
    /// How many files there are.
    files: usize,
    last_place: (PathBuf, usize),
}

impl Walk {
    fn file(&mut self, first: Option<u64>, path: &Path, text: &str) -> Result<(), Fault> {
        for (index, text) in text.lines().enumerate() {
            let fault = |kind| Fault { file: path.to_owned(), line: index + 1, kind };
            let line = chain::open(text).ok_or(fault(FaultKind::Changed))?;
            let is_named = index > 0 || first.is_none_or(|first| first == line.link.seq);
            if !is_named || !self.follows(&line) {
                return Err(fault(FaultKind::Gap));
            }
            self.lines.push(line);
            self.last_place = (path.to_owned(), index + 1);
        }
        Ok(())
    }

    /// The first line of all begins the chain, unless so many files are there that older ones have left.
    fn follows(&self, line: &Line) -> bool {
        match self.lines.last() {
            Some(last) => line.previous == last.link.hash && line.link.seq == last.link.seq + 1,
            None => {
                let start = Link::start();
                self.files >= FILES_MAX || line.link.seq == 1 && line.previous == start.hash
            }
        }
    }

    /// The line where the chain stood when something was last written must be there.
    fn check_end(&self, head: Option<Link>) -> Result<(), Fault> {
        let (file, line) = self.last_place.clone();
        let fault = |kind| Fault { file, line, kind };
        match (head, self.lines.last()) {
            (None, None) => Ok(()),
            // The process was killed between the lines and the head: it may be behind.
            (Some(head), Some(last)) if head.seq <= last.link.seq => {
                let back = usize::try_from(last.link.seq - head.seq).unwrap_or(usize::MAX);
                let at_head = self.lines.iter().rev().nth(back);
                match at_head.is_none_or(|line| line.link == head) {
                    true => Ok(()),
                    false => Err(fault(FaultKind::Changed)),
                }
            }
            _ => Err(fault(FaultKind::End)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::event::Event;
    use super::super::folding::Noted;
    use super::super::log::Log;
    use super::*;

    fn noted(number: usize) -> Noted {
        let event =
            Event::RegistryChanged { change: "add", kind: "device", account: format!("car-{number}") };
        Noted::once(event, 1_785_000_000_000)
    }

    /// A log of so many lines, written in pieces by several writers.
    fn written(lines: usize, piece: usize) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let mut writers = [Log::new(dir.path().to_owned()), Log::new(dir.path().to_owned())];
        let all: Vec<_> = (0..lines).map(noted).collect();
        for (index, piece) in all.chunks(piece).enumerate() {
            writers[index % 2].append(piece).unwrap();
        }
        dir
    }

    fn verdict(dir: &tempfile::TempDir) -> (usize, Option<FaultKind>) {
        let reading = read(dir.path()).unwrap();
        (reading.lines.len(), reading.fault.map(|fault| fault.kind))
    }

    #[test]
    fn several_writers_make_one_chain_and_it_goes_on_over_the_files() {
        let dir = written(40_000, 1000);
        let (lines, fault) = verdict(&dir);
        assert_eq!(fault, None);
        let files = older(dir.path()).unwrap();
        assert!(files.len() == FILES_MAX - 1 && lines < 40_000, "{} files, {lines} lines", files.len());
        let bytes: u64 = files.iter().map(|(_, path)| fs::metadata(path).unwrap().len()).sum();
        assert!(bytes <= (FILES_MAX as u64) << 20, "{bytes}");
        // A whole file that is gone is a gap, the oldest one too.
        fs::remove_file(&files[0].1).unwrap();
        assert_eq!(verdict(&dir), (0, Some(FaultKind::Gap)));
    }

    #[test]
    fn a_torn_line_is_cut_off_and_lines_that_are_gone_stay_a_gap() {
        let dir = written(10, 10);
        let path = newest(dir.path());
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}{{\"seq\":11,\"at")).unwrap();
        Log::new(dir.path().to_owned()).append(&[noted(11)]).unwrap();
        assert_eq!(verdict(&dir), (11, None));
        let kept: Vec<_> = text.lines().take(5).collect();
        fs::write(&path, kept.join("\n") + "\n").unwrap();
        assert_eq!(verdict(&dir), (5, Some(FaultKind::End)));
        Log::new(dir.path().to_owned()).append(&[noted(12)]).unwrap();
        assert_eq!(verdict(&dir), (5, Some(FaultKind::Gap)), "the next start does not heal it");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever byte is changed, whichever lines are removed, doubled or exchanged: it is noticed.
        #[test]
        fn any_changed_removed_or_moved_line_is_noticed(
            lines in 2..12_usize, at in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(), how in 0..4_u8,
            bit in 0..8_u8,
        ) {
            let dir = written(lines, 3);
            prop_assert_eq!(verdict(&dir), (lines, None));
            let path = newest(dir.path());
            let before = fs::read(&path).unwrap();
            let mut after: Vec<Vec<u8>> = before.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            let (at, other) = (at.index(lines), other.index(lines));
            match how {
                0 => drop(after.remove(at)),
                1 => after.insert(other, after[at].clone()),
                2 => after.swap(at, other),
                _ => {
                    let byte = other * 17 % (after[at].len() - 1);
                    after[at][byte] ^= 1 << bit;
                }
            }
            let after = after.concat();
            prop_assume!(after != before);
            fs::write(&path, after).unwrap();
            prop_assert!(verdict(&dir).1.is_some());
        }
    }
}
