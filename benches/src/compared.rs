//! Alternating loads within one run, so that other work on the machine affects all of them.

use crate::{
    CONNECTIONS, Failure, ROUND, ROUNDS,
    load::{Load, throughput},
    median,
    program::Server,
    report::{Figure, Goal},
};

pub type Target<'a> = (&'a Server, Load);

/// This number of loads, alternating.
pub struct Compared<const LOADS: usize> {
    /// Requests a second of each round.
    rates: [Vec<f64>; LOADS],
    /// Milliseconds of processor time that each server used for a request.
    pub costs: [f64; LOADS],
}

impl<const LOADS: usize> Compared<LOADS> {
    pub async fn measure(targets: [&Target<'_>; LOADS]) -> Result<Self, Failure> {
        let mut rates = [const { Vec::new() }; LOADS];
        let mut costs = [const { Vec::new() }; LOADS];
        for _ in 0..ROUNDS {
            for (index, (server, load)) in targets.into_iter().enumerate() {
                let before = server.processor_seconds()?;
                let rate = throughput(load, CONNECTIONS, ROUND).await?;
                let used = server.processor_seconds()? - before;
                rates[index].push(rate);
                costs[index].push(used * 1e3 / (rate * ROUND.as_secs_f64()));
            }
        }
        Ok(Self {
            rates,
            costs: costs.map(median),
        })
    }

    /// Requests a second of each, in the middle round.
    pub fn medians(&self) -> [f64; LOADS] {
        self.rates.clone().map(median)
    }

    /// The ratios of the requests a second of two loads, smallest first.
    pub fn ratios(&self, one: usize, other: usize) -> Vec<f64> {
        let rounds = self.rates[one].iter().zip(&self.rates[other]);
        let mut ratios: Vec<_> = rounds.map(|(one, other)| one / other).collect();
        ratios.sort_by(f64::total_cmp);
        ratios
    }
}

impl Compared<2> {
    pub fn figure(&self, name: &str, goal: Goal) -> Figure {
        let ratios = self.ratios(0, 1);
        let [one, other] = self.medians();
        Figure {
            name: name.to_owned(),
            value: ratios[ROUNDS / 2],
            unit: "",
            goal,
            remark: format!(
                "{one:.0} ÷ {other:.0} a second; {:.2} to {:.2} in {ROUNDS} rounds; {:.3} and {:.3} ms of processor time each",
                ratios[0],
                ratios[ROUNDS - 1],
                self.costs[0],
                self.costs[1],
            ),
        }
    }
}
