//! The writer of log lines to standard error.
//!
//! One thread writes them. A reader that stops reading without closing (Ctrl-S in a terminal, a collector that hangs)
//! blocks that thread alone; requests continue.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

/// The capacity of the queue of lines, in bytes; further lines are lost. A thousand requests a second fill it in about
/// five seconds, so a reader may pause for that long.
const MAX_QUEUED: usize = 1024 * 1024;

/// How long the exit of the process waits for a reader that has stopped. A service manager kills after much longer.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// The sender of lines. Clones share one thread.
#[derive(Clone)]
pub struct LogWriter {
    sender: Sender<Message>,
    shared: Arc<Shared>,
}

struct Shared {
    max_queued: usize,
    /// In bytes.
    queued: AtomicUsize,
    /// Lines since the last report.
    lost: AtomicU64,
}

enum Message {
    Write(Vec<u8>),
    /// Everything before it has been written when this sender is dropped.
    Flush(Sender<()>),
}

impl LogWriter {
    /// Starts the thread.
    pub fn new(out: impl Write + Send + 'static) -> io::Result<Self> {
        Self::bounded(out, MAX_QUEUED)
    }

    fn bounded(mut out: impl Write + Send + 'static, max_queued: usize) -> io::Result<Self> {
        let (sender, messages) = mpsc::channel();
        let shared = Arc::new(Shared {
            max_queued,
            queued: AtomicUsize::new(0),
            lost: AtomicU64::new(0),
        });
        let counters = Arc::clone(&shared);
        let thread = thread::Builder::new().name("log".to_owned());
        thread.spawn(move || run(&messages, &counters, &mut out))?;
        Ok(Self { sender, shared })
    }

    /// Queues one or several lines, with their line breaks. Never blocks.
    fn enqueue(&self, line: &[u8]) {
        let before = self.shared.queued.fetch_add(line.len(), Relaxed);
        let fits = before.saturating_add(line.len()) <= self.shared.max_queued;
        if !fits || self.sender.send(Message::Write(line.to_vec())).is_err() {
            self.shared.queued.fetch_sub(line.len(), Relaxed);
            self.shared.lost.fetch_add(1, Relaxed);
        }
    }

    /// Waits until the queued lines are written. `false` if that takes too long.
    fn flush_within(&self, limit: Duration) -> bool {
        let (flushed, end) = mpsc::channel();
        // Without the thread nothing is written any more.
        if self.sender.send(Message::Flush(flushed)).is_err() {
            return false;
        }
        end.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Disconnected)
    }
}

/// The subscriber writes each line in one call.
impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.enqueue(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn run(messages: &Receiver<Message>, shared: &Shared, out: &mut impl Write) {
    for message in messages {
        match message {
            Message::Write(line) => write_line(&line, shared, out),
            Message::Flush(end) => drop(end),
        }
    }
}

fn write_line(line: &[u8], shared: &Shared, out: &mut impl Write) {
    let result = out.write_all(line);
    let left = shared.queued.fetch_sub(line.len(), Relaxed) - line.len();
    if result.is_err() {
        // A full disk, or a reader that has exited.
        shared.lost.fetch_add(1, Relaxed);
    } else if left <= shared.max_queued / 2 {
        report(shared);
    }
}

/// Logs how many lines are missing, once lines are written again and the queue has capacity for this one.
fn report(shared: &Shared) {
    let lost = shared.lost.swap(0, Relaxed);
    if lost > 0 {
        tracing::warn!(
            lost,
            "log lines before this one were lost: they could not be written"
        );
    }
}

/// The log of this process. When dropped, it waits for the queued lines.
#[must_use]
pub struct Log(LogWriter);

impl Log {
    pub(super) const fn of(writer: LogWriter) -> Self {
        Self(writer)
    }

    /// Writes a line for the operator between those of the log, in any format.
    pub fn announce(&self, line: &str) {
        self.0.enqueue(format!("{line}\n").as_bytes());
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if self.0.flush_within(DRAIN_TIMEOUT) {
            // The report of missing lines, which follows them.
            self.0.flush_within(DRAIN_TIMEOUT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    const LONG: Duration = Duration::from_secs(60);

    type Written = Arc<Mutex<Vec<u8>>>;

    /// A writer that blocks until it is released.
    struct Gate {
        allowed: Receiver<io::Result<()>>,
        written: Written,
    }

    impl Write for Gate {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.allowed.recv().unwrap_or(Ok(()))?;
            self.written.lock().unwrap().extend_from_slice(line);
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated(max_queued: usize) -> (LogWriter, Sender<io::Result<()>>, Written) {
        let (allow, allowed) = mpsc::channel();
        let written = Written::default();
        let gate = Gate {
            allowed,
            written: Arc::clone(&written),
        };
        (
            LogWriter::bounded(gate, max_queued).unwrap(),
            allow,
            written,
        )
    }

    #[test]
    fn the_queue_is_bounded_and_lost_lines_are_counted() {
        let (writer, allow, written) = gated(12);
        for line in ["first\n", "again\n", "third\n"] {
            writer.enqueue(line.as_bytes());
        }
        assert!(
            !writer.flush_within(Duration::from_millis(50)),
            "nobody reads"
        );
        assert_eq!(writer.shared.queued.load(Relaxed), 12);
        assert_eq!(writer.shared.lost.load(Relaxed), 1);
        drop(allow);
        assert!(writer.flush_within(LONG));
        assert_eq!(written.lock().unwrap().as_slice(), b"first\nagain\n");
        assert_eq!(writer.shared.queued.load(Relaxed), 0);
        assert_eq!(writer.shared.lost.load(Relaxed), 0, "it was reported");
        writer.enqueue(b"fourth\n");
        assert!(writer.flush_within(LONG));
        assert!(written.lock().unwrap().ends_with(b"fourth\n"));
    }

    #[test]
    fn a_failed_line_is_counted_and_frees_its_bytes() {
        let (writer, allow, written) = gated(12);
        allow.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
        writer.enqueue(b"first\n");
        assert!(writer.flush_within(LONG));
        assert_eq!(writer.shared.lost.load(Relaxed), 1);
        assert_eq!(writer.shared.queued.load(Relaxed), 0);
        drop(allow);
        writer.enqueue(b"again\n");
        assert!(writer.flush_within(LONG));
        assert_eq!(written.lock().unwrap().as_slice(), b"again\n");
        assert_eq!(writer.shared.lost.load(Relaxed), 0);
    }

    #[test]
    fn dropping_the_log_waits_for_its_lines_with_a_limit() {
        let (writer, allow, written) = gated(100);
        let log = Log::of(writer);
        log.announce("the last one");
        for _ in 0..2 {
            allow.send(Ok(())).unwrap();
        }
        drop(log);
        assert_eq!(written.lock().unwrap().as_slice(), b"the last one\n");
        let (writer, _allow, _) = gated(100);
        let log = Log::of(writer);
        log.announce("which nobody reads");
        drop(log);
    }
}
