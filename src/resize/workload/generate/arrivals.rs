//! Pods that come one after the other: what a loop sees that decides while they still come.

use super::usual::{Shape, usual};
use crate::random::Random;
use crate::resize::workload::{Event, Workload};

/// How pods come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// A thousand pods within a second.
    Second,
    /// At random, fifty a second, for a minute.
    Stream,
    /// Ten apps of twenty pods within a fifth of a second, as when a namespace is deployed.
    Deployments,
    /// The same, a hundred pods a second.
    Slow,
    /// Two hundred pods of one app, as fast as kube-controller-manager may write: thirty at once, then twenty a second.
    Controller,
}

impl Arrival {
    pub const ALL: [Self; 5] = [
        Self::Second,
        Self::Stream,
        Self::Deployments,
        Self::Slow,
        Self::Controller,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Second => "1,000 within a second",
            Self::Stream => "50 a second for 60 s, at random",
            Self::Deployments => "10 apps of 20 within 200 ms",
            Self::Slow => "10 apps of 20 within 2 s",
            Self::Controller => "1 app of 200, 30 of them at once, then 20 a second",
        }
    }

    /// Whether each class of pods is that of a ReplicaSet, which makes all that come of it.
    pub fn is_of_apps(self) -> bool {
        self.pods().1 > 1
    }

    /// Pods, and how many of each class come in a row.
    fn pods(self) -> (u32, u32) {
        match self {
            Self::Second => (1000, 1),
            Self::Stream => (3000, 1),
            Self::Deployments | Self::Slow => (10, 20),
            Self::Controller => (1, 200),
        }
    }

    /// Milliseconds from the pod of this number to the next one.
    fn pause(self, number: usize, random: &mut Random) -> f64 {
        match self {
            Self::Second | Self::Deployments => 1.0,
            Self::Stream => random.exponential(20.0),
            Self::Slow => 10.0,
            Self::Controller if number < 30 => 3.0,
            Self::Controller => 50.0,
        }
    }
}

/// Web services that come. Times are whole milliseconds.
pub fn arriving(arrival: Arrival, seed: u64) -> Workload {
    let mut random = Random::new(seed);
    let (pods, each) = arrival.pods();
    let mut workload = usual(Shape::Web, pods, Vec::new(), seed);
    let mut order: Vec<usize> = Vec::new();
    for group in std::mem::take(&mut workload.pending) {
        order.extend((0..group.pods).map(|_| group.class));
    }
    random.shuffle(&mut order);
    let mut at = 0.0;
    for class in order {
        for _ in 0..each {
            workload.events.push(Event {
                at_seconds: f64::round(at) / 1000.0,
                class,
                pods: 1,
                for_seconds: None,
            });
            at += arrival.pause(workload.events.len(), &mut random);
        }
    }
    workload
}
