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
const MOST_WAITING: usize = 1024 * 1024;

/// How long the exit of the process waits for a reader that has stopped. A service manager kills after much longer.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// The sender of lines. Clones share one thread.
#[derive(Clone)]
pub struct Lines {
    to: Sender<Order>,
    shared: Arc<Shared>,
}

struct Shared {
    most_waiting: usize,
    /// In bytes.
    waiting: AtomicUsize,
    /// Lines since the last report.
    lost: AtomicU64,
}

enum Order {
    Write(Vec<u8>),
    /// Everything before it has been written when this sender is dropped.
    Reached(Sender<()>),
}

impl Lines {
    /// Starts the thread.
    pub fn to(out: impl Write + Send + 'static) -> io::Result<Self> {
        Self::bounded(out, MOST_WAITING)
    }

    fn bounded(mut out: impl Write + Send + 'static, most_waiting: usize) -> io::Result<Self> {
        let (to, orders) = mpsc::channel();
        let shared = Arc::new(Shared {
            most_waiting,
            waiting: AtomicUsize::new(0),
            lost: AtomicU64::new(0),
        });
        let counted = Arc::clone(&shared);
        let thread = thread::Builder::new().name("log".to_owned());
        thread.spawn(move || carry_out(&orders, &counted, &mut out))?;
        Ok(Self { to, shared })
    }

    /// Queues one or several lines, with their line breaks. Never blocks.
    fn hand_over(&self, line: &[u8]) {
        let before = self.shared.waiting.fetch_add(line.len(), Relaxed);
        let has_room = before.saturating_add(line.len()) <= self.shared.most_waiting;
        if !has_room || self.to.send(Order::Write(line.to_vec())).is_err() {
            self.shared.waiting.fetch_sub(line.len(), Relaxed);
            self.shared.lost.fetch_add(1, Relaxed);
        }
    }

    /// Waits until the queued lines are written. `false` if that takes too long.
    fn are_written_within(&self, limit: Duration) -> bool {
        let (reached, end) = mpsc::channel();
        // Without the thread nothing is written any more.
        if self.to.send(Order::Reached(reached)).is_err() {
            return false;
        }
        end.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Disconnected)
    }
}

/// The subscriber writes each line in one call.
impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.hand_over(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn carry_out(orders: &Receiver<Order>, shared: &Shared, out: &mut impl Write) {
    for order in orders {
        match order {
            Order::Write(line) => write_line(&line, shared, out),
            Order::Reached(end) => drop(end),
        }
    }
}

fn write_line(line: &[u8], shared: &Shared, out: &mut impl Write) {
    let outcome = out.write_all(line);
    let left = shared.waiting.fetch_sub(line.len(), Relaxed) - line.len();
    if outcome.is_err() {
        // A full disk, or a reader that has exited.
        shared.lost.fetch_add(1, Relaxed);
    } else if left <= shared.most_waiting / 2 {
        report(shared);
    }
}

/// Logs how many lines are missing, once lines are written again and the queue has capacity for this one.
fn report(shared: &Shared) {
    let lost = shared.lost.swap(0, Relaxed);
    if lost > 0 {
        tracing::warn!(
            lost,
            "lines of the log are missing before this one: they could not be written"
        );
    }
}

/// The log of this process. When dropped, it waits for the queued lines.
#[must_use]
pub struct Log(Lines);

impl Log {
    pub(super) const fn of(lines: Lines) -> Self {
        Self(lines)
    }

    /// Writes a line for the operator between those of the log, in any format.
    pub fn announce(&self, line: &str) {
        self.0.hand_over(format!("{line}\n").as_bytes());
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if self.0.are_written_within(DRAIN_TIMEOUT) {
            // The report of missing lines, which follows them.
            self.0.are_written_within(DRAIN_TIMEOUT);
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

    fn gated(most_waiting: usize) -> (Lines, Sender<io::Result<()>>, Written) {
        let (allow, allowed) = mpsc::channel();
        let written = Written::default();
        let gate = Gate {
            allowed,
            written: Arc::clone(&written),
        };
        (Lines::bounded(gate, most_waiting).unwrap(), allow, written)
    }

    #[test]
    fn the_queue_is_bounded_and_lost_lines_are_counted() {
        let (lines, allow, written) = gated(12);
        for line in ["first\n", "again\n", "third\n"] {
            lines.hand_over(line.as_bytes());
        }
        assert!(
            !lines.are_written_within(Duration::from_millis(50)),
            "nobody reads"
        );
        assert_eq!(lines.shared.waiting.load(Relaxed), 12);
        assert_eq!(lines.shared.lost.load(Relaxed), 1);
        drop(allow);
        assert!(lines.are_written_within(LONG));
        assert_eq!(written.lock().unwrap().as_slice(), b"first\nagain\n");
        assert_eq!(lines.shared.waiting.load(Relaxed), 0);
        assert_eq!(lines.shared.lost.load(Relaxed), 0, "it was reported");
        lines.hand_over(b"fourth\n");
        assert!(lines.are_written_within(LONG));
        assert!(written.lock().unwrap().ends_with(b"fourth\n"));
    }

    #[test]
    fn a_failed_line_is_counted_and_frees_its_bytes() {
        let (lines, allow, written) = gated(12);
        allow.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
        lines.hand_over(b"first\n");
        assert!(lines.are_written_within(LONG));
        assert_eq!(lines.shared.lost.load(Relaxed), 1);
        assert_eq!(lines.shared.waiting.load(Relaxed), 0);
        drop(allow);
        lines.hand_over(b"again\n");
        assert!(lines.are_written_within(LONG));
        assert_eq!(written.lock().unwrap().as_slice(), b"again\n");
        assert_eq!(lines.shared.lost.load(Relaxed), 0);
    }

    #[test]
    fn dropping_the_log_waits_for_its_lines_with_a_limit() {
        let (lines, allow, written) = gated(100);
        let log = Log::of(lines);
        log.announce("the last one");
        for _ in 0..2 {
            allow.send(Ok(())).unwrap();
        }
        drop(log);
        assert_eq!(written.lock().unwrap().as_slice(), b"the last one\n");
        let (lines, _allow, _) = gated(100);
        let log = Log::of(lines);
        log.announce("which nobody reads");
        drop(log);
    }
}
