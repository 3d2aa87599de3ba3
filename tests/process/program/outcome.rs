//! The result of a command.

/// The output of a command.
#[derive(Debug)]
pub struct Outcome {
    pub(super) arguments: String,
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert_eq!(self.status, Some(0), "{}", self.report());
        self
    }

    /// Fails with this status, and with these words on standard error.
    #[track_caller]
    pub fn fails(self, status: i32, words: &[&str]) -> Self {
        assert_eq!(self.status, Some(status), "{}", self.report());
        let report = self.report();
        assert_eq!(self.stdout, "", "data comes with success only: {report}");
        words
            .iter()
            .fold(self, |outcome, words| outcome.reports(words))
    }

    #[track_caller]
    pub fn reports(self, words: &str) -> Self {
        let found = self.stderr.contains(words);
        assert!(found, "{words:?} is missing: {}", self.report());
        self
    }

    fn report(&self) -> String {
        let Self {
            arguments,
            status,
            stdout,
            stderr,
        } = self;
        format!("vestibule {arguments}: {status:?}\n{stdout}\n{stderr}")
    }

    /// One JSON object on each line.
    #[track_caller]
    pub fn json(&self) -> Vec<serde_json::Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect()
    }
}
