//! The maximum memory use of a server, compared with its limit.

use super::Config;
use crate::server::hashing::MEMORY_PER_THREAD;
use std::{fs, path::Path};

const MIB: u64 = 1024 * 1024;

/// The program with its threads and the pages that it renders, without what is counted below: 40 MiB at rest, and the
/// same again under load.
const PROGRAM: u64 = 80 * MIB;

/// The maximum of one connection: hyper's buffer, filled by a header that does not end, the parsed header, and the
/// task. 40 KiB were measured.
pub const MEMORY_PER_CONNECTION: u64 = 48 * 1024;

/// The page caches of SQLite's connections, or connections to PostgreSQL, with an ordinary database (ADR 28).
const DATABASE: u64 = 32 * MIB;

/// The control group of the unit in docs/systemd: `config check` runs outside of it.
const UNIT: &str = "system.slice/vestibule.service";

impl Config {
    /// The maximum memory use with this configuration, in bytes.
    pub fn max_memory(&self) -> u64 {
        let connections = to_u64(self.http.max_connections) * MEMORY_PER_CONNECTION;
        let hashing = to_u64(self.hashing.threads) * MEMORY_PER_THREAD;
        // A growing text is copied, and the body is also parsed into fields.
        let bodies = 2 * to_u64(self.http.body_budget());
        PROGRAM + DATABASE + connections + hashing + bodies
    }

    /// A warning if that exceeds the limit of the server.
    pub fn memory_warning(&self, root: &Path) -> Option<String> {
        let most = self.max_memory().div_ceil(MIB);
        let allowed = limit(root)? / MIB;
        (most > allowed).then(|| {
            format!(
                "at its worst the server takes {most} MiB, but it is allowed {allowed} MiB and would be killed: give \
                 it more (MemoryMax in the unit, the limit of the container), or set http.max_connections lower: \
                 each has {} KiB.",
                MEMORY_PER_CONNECTION / 1024
            )
        })
    }
}

fn to_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// The lowest limit of this process's control group and its ancestors, and of the unit's if it exists. `None` if
/// there is no limit, or none that can be read.
fn limit(root: &Path) -> Option<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let own = groups.lines().filter_map(|line| {
        // HIERARCHY:CONTROLLERS:PATH; version 2 names no controllers.
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?.trim_start_matches('/'));
        match controllers {
            "" => Some(("sys/fs/cgroup", "memory.max", path)),
            _ if controllers.split(',').any(|one| one == "memory") => {
                Some(("sys/fs/cgroup/memory", "memory.limit_in_bytes", path))
            }
            _ => None,
        }
    });
    let unit = ("sys/fs/cgroup", "memory.max", UNIT);
    own.chain([unit])
        .flat_map(|(mount, file, path)| {
            let mount = root.join(mount);
            let group = mount.join(path);
            let groups = group.ancestors().filter(|group| group.starts_with(&mount));
            let files: Vec<_> = groups.map(|group| group.join(file)).collect();
            files
        })
        .filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok())
        .min()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Environment, read},
        *,
    };

    struct Machine(std::path::PathBuf);

    impl Machine {
        fn new(files: &[(&str, &str)]) -> Self {
            let name = format!("vestibule_memory_{}", uuid::Uuid::new_v4().simple());
            let root = std::env::temp_dir().join(name);
            for (path, text) in files {
                let path = root.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Self(root)
        }
    }

    impl Drop for Machine {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    #[test]
    fn the_lowest_limit_of_the_control_groups_applies() {
        const GROUP: &str = "proc/self/cgroup";
        type Files = &'static [(&'static str, &'static str)];
        let machines: [(Files, Option<u64>); 6] = [
            (&[], None),
            (
                &[(GROUP, "0::/\n"), ("sys/fs/cgroup/memory.max", "max\n")],
                None,
            ),
            (
                &[
                    (GROUP, "0::/a/b\n"),
                    ("sys/fs/cgroup/a/b/memory.max", "700\n"),
                    ("sys/fs/cgroup/a/memory.max", "600\n"),
                ],
                Some(600),
            ),
            (
                &[
                    (GROUP, "0::/a\n"),
                    ("sys/fs/cgroup/a/memory.max", "max\n"),
                    ("sys/fs/cgroup/memory.max", "500\n"),
                ],
                Some(500),
            ),
            (
                &[
                    (GROUP, "4:memory:/a\n0::/\n"),
                    ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "400\n"),
                ],
                Some(400),
            ),
            (
                &[
                    (GROUP, "0::/user.slice\n"),
                    (
                        "sys/fs/cgroup/system.slice/vestibule.service/memory.max",
                        "300\n",
                    ),
                ],
                Some(300),
            ),
        ];
        for (files, expected) in machines {
            let machine = Machine::new(files);
            assert_eq!(limit(&machine.0), expected, "{files:?}");
        }
    }

    #[test]
    fn a_limit_below_the_maximum_use_is_a_warning() {
        let config = |text: &str| read(text, None, &Environment::default()).unwrap();
        let limited = |mib: u64| {
            let bytes = (mib * MIB).to_string();
            Machine::new(&[
                ("proc/self/cgroup", "0::/\n"),
                ("sys/fs/cgroup/memory.max", &bytes),
            ])
        };
        let warning = |text: &str, mib| config(text).memory_warning(&limited(mib).0);
        let small = warning("", 256).expect("a warning");
        assert!(small.contains("it is allowed 256 MiB"), "{small}");
        assert_eq!(warning("[http]\nmax_connections = 512", 256), None);
        assert!(warning("[http]\nmax_connections = 100000", 512).is_some());
    }
}
