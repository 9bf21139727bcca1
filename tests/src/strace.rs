//! `strace` around the gateway: what it really asks of the kernel, and faults put in between.

use std::path::{Path, PathBuf};

/// The program, from Debian's package of the same name.
const STRACE: &str = "/usr/bin/strace";

/// How a gateway is traced. The tracer runs beside it: the gateway keeps its process id, signals reach it directly.
#[derive(Debug, Clone)]
pub struct Strace {
    arguments: Vec<String>,
    output: PathBuf,
}

impl Strace {
    /// Traces these system calls of all threads into `output`: file descriptors with path or address and port, all
    /// strings whole and in hexadecimal.
    ///
    /// # Panics
    /// When strace is not installed.
    pub fn calls(calls: &[&str], output: &Path) -> Strace {
        assert!(
            Path::new(STRACE).is_file(),
            "there is no {STRACE}: `tests/run` installs it, or apt-get install strace"
        );
        let arguments = ["-D", "-f", "-yy", "-xx", "-s", "1048576", "-e", "signal=none"].map(str::to_owned);
        let mut strace = Strace { arguments: arguments.to_vec(), output: output.to_owned() };
        strace.arguments.extend(["-e".to_owned(), format!("trace={}", calls.join(","))]);
        strace
    }

    /// Puts a fault in, as in strace's manual: `fdatasync:error=EIO:when=20+`.
    #[must_use]
    pub fn inject(mut self, fault: &str) -> Strace {
        self.arguments.extend(["-e".to_owned(), format!("inject={fault}")]);
        self
    }

    /// Kills the gateway in place of the n-th call of this kind that one of its threads makes; strace counts each thread by
    /// itself. The calls are traced without what they carry, which is faster.
    pub fn killing_at(call: &str, n: u32, output: &Path) -> Strace {
        let mut strace = Strace::calls(&[call], output);
        strace.arguments.extend(["-s", "0"].map(str::to_owned));
        strace.inject(&format!("{call}:signal=KILL:when={n}"))
    }

    /// The words of the command line before the program's own.
    pub(crate) fn words(&self) -> impl Iterator<Item = String> + '_ {
        let output = ["-o".to_owned(), self.output.display().to_string(), "--".to_owned()];
        std::iter::once(STRACE.to_owned()).chain(self.arguments.iter().cloned()).chain(output)
    }
}
