//! The replay against the plainest model: what was seen at the last sync is durable, and nothing else is.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::FLASH_PAGE_BYTES;
use crate::disk::Disk;

const NAMES: [&str; 3] = ["db", "log", "journal"];
const FILE_BYTES: usize = 3 * FLASH_PAGE_BYTES;

#[derive(Debug, Clone)]
enum Step {
    Create(usize),
    Delete(usize),
    Write { name: usize, at: usize, len: usize },
    Truncate { name: usize, len: usize },
    Sync(usize),
    SyncDirectory,
}

fn write() -> impl Strategy<Value = Step> {
    (0..NAMES.len(), 0..FILE_BYTES - 5000, 1..5000usize).prop_map(|(name, at, len)| Step::Write {
        name,
        at,
        len,
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let name = || 0..NAMES.len();
    let step = prop_oneof![
        2 => name().prop_map(Step::Create),
        1 => name().prop_map(Step::Delete),
        8 => write(),
        1 => (name(), 0..FILE_BYTES).prop_map(|(name, len)| Step::Truncate { name, len }),
        2 => name().prop_map(Step::Sync),
        1 => Just(Step::SyncDirectory),
    ];
    prop::collection::vec(step, 1..40)
}

/// Takes the steps that are possible; every write has a byte of its own.
fn run(disk: &Disk, steps: &[Step]) {
    for (number, step) in (1..).zip(steps) {
        let inode = |name: &usize| disk.find(NAMES[*name]);
        match step {
            Step::Create(name) if inode(name).is_none() => drop(disk.create(NAMES[*name])),
            Step::Create(_) => {}
            Step::Delete(name) => drop(disk.delete(NAMES[*name])),
            Step::Write { name, at, len } => {
                inode(name).into_iter().for_each(|inode| disk.write(inode, *at, &vec![number; *len]));
            }
            Step::Truncate { name, len } => {
                inode(name).into_iter().for_each(|inode| disk.truncate(inode, *len));
            }
            Step::Sync(name) => inode(name).into_iter().for_each(|inode| disk.sync(inode)),
            Step::SyncDirectory => disk.sync_directory(),
        }
    }
}

/// What programs see on the disk.
fn seen(disk: &Disk) -> Image {
    let content = |inode| {
        let mut content = vec![0; disk.len(inode)];
        assert_eq!(disk.read(inode, 0, &mut content), content.len());
        content
    };
    let inodes = NAMES.iter().filter_map(|name| Some((name, disk.find(name)?)));
    inodes.map(|(name, inode)| ((*name).to_owned(), content(inode))).collect()
}

/// What is durable after these calls on an empty disk, by the words of the rule.
fn durable(log: &[Call]) -> Image {
    let (mut contents, mut synced) = (BTreeMap::<Inode, Vec<u8>>::new(), BTreeMap::<Inode, Vec<u8>>::new());
    let (mut names, mut synced_names) = (BTreeMap::new(), BTreeMap::new());
    for call in log {
        match call {
            Call::Create { name, inode } => drop(names.insert(name.clone(), *inode)),
            Call::Delete { name } => drop(names.remove(name)),
            Call::SyncDirectory => synced_names = names.clone(),
            Call::Write { inode, .. } | Call::Truncate { inode, .. } => {
                call.apply(contents.entry(*inode).or_default());
            }
            Call::Sync { inode } => {
                synced.insert(*inode, contents.get(inode).cloned().unwrap_or_default());
            }
        }
    }
    synced_names.into_iter().map(|(name, inode)| (name, synced.remove(&inode).unwrap_or_default())).collect()
}

fn replayed<'a>(image: &Image, log: &'a [Call]) -> Replay<'a> {
    let mut replay = Replay::new(image);
    log.iter().for_each(|call| replay.advance(call));
    replay
}

fn cut(replay: &Replay<'_>, fate: Fate, seed: u64) -> Image {
    replay.cut(fate, &mut fastrand::Rng::with_seed(seed))
}

proptest! {
    #[test]
    fn kept_is_what_programs_saw_and_dropped_is_what_was_synced(steps in steps()) {
        let disk = Disk::new(Image::new());
        run(&disk, &steps);
        let log = disk.log();
        let replay = replayed(&Image::new(), &log);
        prop_assert_eq!(cut(&replay, Fate::Kept, 0), seen(&disk));
        prop_assert_eq!(cut(&replay, Fate::Dropped, 0), durable(&log));
        prop_assert_eq!(seen(&Disk::kept_running(&replay)), seen(&disk));
    }

    #[test]
    fn what_is_synced_stands_whatever_the_fate(steps in steps(), seed: u64) {
        let disk = Disk::new(Image::new());
        run(&disk, &steps);
        NAMES.iter().filter_map(|name| disk.find(name)).for_each(|inode| disk.sync(inode));
        disk.sync_directory();
        let log = disk.log();
        for fate in Fate::ALL {
            prop_assert_eq!(cut(&replayed(&Image::new(), &log), fate, seed), seen(&disk), "{:?}", fate);
        }
    }

    /// On a lying disk the same steps leave what was there before.
    #[test]
    fn a_disk_that_lies_makes_nothing_durable(steps in steps()) {
        let image = Image::from([("db".to_owned(), vec![255; 100])]);
        let disk = Disk::lying(image.clone());
        run(&disk, &steps);
        prop_assert_eq!(cut(&replayed(&image, &disk.log()), Fate::Dropped, 0), image);
    }

    /// Writes within a file that is there: each of its sectors is as before or as one of them left it, but for what is garbage.
    #[test]
    fn a_cut_leaves_sectors_of_old_and_new_and_garbage_within_one_page_of_flash(
        writes in prop::collection::vec(write(), 1..12),
        seed: u64,
    ) {
        let image: Image = NAMES.iter().map(|name| ((*name).to_owned(), vec![255; FILE_BYTES])).collect();
        let disk = Disk::new(image.clone());
        run(&disk, &writes);
        let log = disk.log();
        for fate in [Fate::Subset, Fate::Torn, Fate::Garbled] {
            let left = cut(&replayed(&image, &log), fate, seed);
            let garbage = garbage(&log, &left);
            let pages = garbage.iter().map(|(file, at)| (file, at / FLASH_PAGE_BYTES)).collect::<Vec<_>>();
            prop_assert!(pages.windows(2).all(|pair| pair[0] == pair[1]), "{:?}: {:?}", fate, garbage);
            prop_assert!(garbage.is_empty() || fate == Fate::Garbled, "{:?}: {:?}", fate, garbage);
        }
    }
}

/// The bytes that are neither as before nor as a write would leave them.
fn garbage(log: &[Call], left: &Image) -> Vec<(usize, usize)> {
    let mut garbage = Vec::new();
    // An image's files are numbered in the order of their names.
    for (file, content) in left.values().enumerate() {
        for (at, &byte) in content.iter().enumerate() {
            let is_written = log.iter().any(|call| match call {
                Call::Write { inode, at: from, bytes } => {
                    *inode == file && at.checked_sub(*from).and_then(|at| bytes.get(at)) == Some(&byte)
                }
                _ => false,
            });
            if byte != 255 && !is_written {
                garbage.push((file, at));
            }
        }
    }
    garbage
}

#[test]
fn every_fate_that_chooses_also_chooses_otherwise() {
    let disk = Disk::new(Image::from([("db".to_owned(), vec![255; FILE_BYTES])]));
    for number in 0..3 {
        disk.write(0, number * FLASH_PAGE_BYTES, &[number as u8; FLASH_PAGE_BYTES]);
    }
    let log = disk.log();
    let replay = replayed(&Image::from([("db".to_owned(), vec![255; FILE_BYTES])]), &log);
    for fate in [Fate::Subset, Fate::Torn, Fate::Garbled] {
        let outcomes: std::collections::BTreeSet<_> = (0..100).map(|seed| cut(&replay, fate, seed)).collect();
        let enough = if fate == Fate::Subset { 8 } else { 50 };
        assert!(outcomes.len() >= enough, "{fate:?}: {} outcomes", outcomes.len());
    }
}
