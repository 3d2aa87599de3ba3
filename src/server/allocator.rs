//! The allocator of the program: jemalloc, by the figures of ADR 41.

use tikv_jemallocator::Jemalloc;

/// Threads of its own give back what lies unused for ten seconds: with glibc's, one piece at the end of the
/// heap keeps all that a crowd took. SQLite is C and keeps to glibc's.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;
