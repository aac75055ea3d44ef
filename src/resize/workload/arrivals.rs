//! Pods that keep coming, at random: what a file says by a rate becomes events, the same ones for the same seed.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use super::{Event, Workload};
use crate::random::Random;

const HOUR: f64 = 3600.0;

/// So many an hour on average, each second as likely as any other, each for a while between two lengths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Arrivals {
    pub class: usize,
    /// How many come together.
    #[serde(default = "one")]
    pub pods: u32,
    pub per_hour: f64,
    /// From the start if it is absent, and to the end of what is simulated.
    #[serde(default)]
    pub from_seconds: f64,
    #[serde(default)]
    pub until_seconds: Option<f64>,
    pub shortest_seconds: f64,
    pub longest_seconds: f64,
}

fn one() -> u32 {
    1
}

impl Workload {
    /// The events of so many seconds, those included that come of rates.
    pub fn all_events(&self, seed: u64, seconds: f64) -> Result<Vec<Event>> {
        let mut events = self.events.clone();
        let mut random = Random::new(seed);
        for (place, arrivals) in self.arrivals.iter().enumerate() {
            arrivals.check(place)?;
            let until = arrivals.until_seconds.unwrap_or(seconds).min(seconds);
            // Each has its own numbers: what one says does not change the others.
            let mut own = Random::new(random.number());
            let mut at = arrivals.from_seconds;
            while at < until {
                events
                    .extend((0..arrivals.at_once(&mut own)).map(|_| arrivals.event(at, &mut own)));
                at += 1.0;
            }
        }
        events.sort_by(|one, other| one.at_seconds.total_cmp(&other.at_seconds));
        Ok(events)
    }
}

impl Arrivals {
    fn check(&self, place: usize) -> Result<()> {
        let Self {
            per_hour,
            from_seconds,
            shortest_seconds,
            longest_seconds,
            ..
        } = *self;
        ensure!(
            (0.0..=1e6).contains(&per_hour),
            "arrivals[{place}].perHour: is {per_hour}; expected 0 to a million"
        );
        let times = [Some(from_seconds), self.until_seconds];
        let mut times = times.into_iter().flatten();
        ensure!(
            times.all(|time| time >= 0.0 && time.is_finite()),
            "arrivals[{place}]: times are seconds, from 0 on"
        );
        ensure!(
            shortest_seconds >= 0.0 && shortest_seconds <= longest_seconds && longest_seconds < 1e9,
            "arrivals[{place}]: shortestSeconds is {shortest_seconds} and longestSeconds {longest_seconds}; expected 0 or \
             more, the shortest first"
        );
        Ok(())
    }

    /// In one second.
    fn at_once(&self, random: &mut Random) -> u32 {
        let mean = self.per_hour / HOUR;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most a million an hour"
        )]
        let sure = mean as u32;
        sure + u32::from(random.fraction() < mean - f64::from(sure))
    }

    fn event(&self, at_seconds: f64, random: &mut Random) -> Event {
        let span = self.longest_seconds - self.shortest_seconds;
        Event {
            at_seconds,
            class: self.class,
            pods: self.pods,
            for_seconds: Some(self.shortest_seconds + span * random.fraction()),
        }
    }
}

#[cfg(test)]
mod tests;
