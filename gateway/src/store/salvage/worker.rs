//! The thread that salvages, one damaged database after the other, the oldest first.

mod pace;
mod salvaging;
mod surplus;

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use tokio::sync::watch;

use self::salvaging::Salvaging;
use crate::store::clock::Clock;
use crate::store::damage::folders::{Folder, Folders};
use crate::store::handle::Stopped;
use crate::store::handle::blocking::WeakStore;
use crate::store::snapshot::DamageFigures;
use crate::store::writer::StoreOptions;

/// How the sources of what is salvaged begin: `salvage/<number of the folder>/<table>`.
pub(in crate::store) const SOURCE: &str = "salvage/";

/// The writer's end of it: says when there is something to salvage, and reads how far it has come.
#[derive(Debug)]
pub(in crate::store) struct Salvager {
    folders: Folders,
    store: Arc<WeakStore>,
    clock: Clock,
    figures: Arc<watch::Sender<DamageFigures>>,
    /// Wakes the thread, once there is one.
    looks: Option<SyncSender<()>>,
}

impl Salvager {
    pub(in crate::store) fn new(options: &StoreOptions, store: WeakStore) -> Salvager {
        let clock = Clock::starting(options.started_at_ms);
        let figures = Arc::new(watch::Sender::new(DamageFigures::default()));
        Salvager {
            folders: Folders::of(&options.data_dir),
            store: Arc::new(store),
            clock,
            figures,
            looks: None,
        }
    }

    /// Looks whether there is a damaged database that was not yet salvaged, and has it salvaged.
    pub(in crate::store) fn look(&mut self) {
        if !count(&self.folders, &self.figures).is_ok_and(|unsalvaged| unsalvaged > 0) {
            return;
        }
        if self.looks.is_none() {
            self.looks =
                self.spawn().inspect_err(|error| tracing::error!(%error, "no thread to salvage")).ok();
        }
        if let Some(looks) = &self.looks {
            // Full: it is about to look anyway.
            let _ = looks.try_send(());
        }
    }

    fn spawn(&self) -> io::Result<SyncSender<()>> {
        let (wake, looks) = sync_channel(1);
        let worker = Worker {
            folders: self.folders.clone(),
            store: self.store.clone(),
            clock: self.clock,
            figures: self.figures.clone(),
            given_up: HashSet::new(),
        };
        thread::Builder::new().name("salvage".into()).spawn(move || worker.run(&looks))?;
        Ok(wake)
    }

    /// How far it has come.
    pub(in crate::store) fn figures(&self) -> DamageFigures {
        *self.figures.borrow()
    }
}

/// Counts the folders. Returns how many are not yet salvaged.
fn count(folders: &Folders, figures: &watch::Sender<DamageFigures>) -> io::Result<usize> {
    let all = folders.list()?;
    let unsalvaged = all.iter().filter(|folder| !folder.is_salvaged).count();
    figures.send_modify(|figures| {
        (figures.databases, figures.unsalvaged) = (all.len() as u32, unsalvaged as u32);
    });
    Ok(unsalvaged)
}

/// Why the thread leaves a damaged database alone.
#[derive(Debug, thiserror::Error)]
enum SalvageError {
    /// The store ends: the next start goes on.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// Its folder can't be read or written.
    #[error(transparent)]
    Folder(#[from] io::Error),
}

struct Worker {
    folders: Folders,
    store: Arc<WeakStore>,
    clock: Clock,
    figures: Arc<watch::Sender<DamageFigures>>,
    /// Folders that can't be read: the next start tries again.
    given_up: HashSet<u32>,
}

impl Worker {
    /// Ends with the writer, which holds the other end of `looks`.
    fn run(mut self, looks: &Receiver<()>) {
        while looks.recv().is_ok() {
            while let Some(folder) = self.next() {
                match self.salvage(&folder) {
                    Ok(()) => {}
                    Err(SalvageError::Stopped(Stopped)) => return,
                    Err(SalvageError::Folder(error)) => {
                        tracing::error!(folder = folder.number, %error, "a damaged database can't be salvaged");
                        self.given_up.insert(folder.number);
                        self.figures.send_modify(|figures| figures.unreadable += 1);
                    }
                }
            }
        }
    }

    fn next(&self) -> Option<Folder> {
        let all =
            self.folders.list().inspect_err(|error| tracing::error!(%error, "the data directory")).ok()?;
        all.into_iter().find(|folder| !folder.is_salvaged && !self.given_up.contains(&folder.number))
    }

    fn salvage(&self, folder: &Folder) -> Result<(), SalvageError> {
        // Held while there is work only: whoever waits for the store's end must not wait for this thread's next look.
        let store = self.store.upgrade().ok_or(Stopped)?;
        tracing::warn!(folder = folder.number, "salvaging a damaged database");
        self.figures.send_modify(|figures| figures.begin(folder.number));
        let salvaging = Salvaging::new(&store, &self.folders, folder, self.clock, &self.figures);
        let summary = salvaging.run()?;
        self.folders.note_salvaged(folder, &summary)?;
        tracing::warn!(folder = folder.number, summary, "salvaged");
        surplus::remove(&store, &self.folders, None, self.clock)?;
        self.figures.send_modify(|figures| figures.is_done = true);
        count(&self.folders, &self.figures)?;
        Ok(store.publish_blocking()?)
    }
}
