//! What is drawn over time, thinned as it grows: a day of changes becomes a thousand points.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

/// With more points than this, neighbours become one until it is half as many.
const MOST: usize = 1200;

/// Values from a moment on until the next point.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Point {
    pub at: Timestamp,
    /// The most that waited at a time.
    pub pending: u32,
    /// Machines by group, those on their way too.
    pub machines: BTreeMap<String, u32>,
    /// An hour, in units of the currency.
    pub cost: f64,
}

#[derive(Debug)]
pub(super) struct Series {
    points: Vec<Point>,
    step: SignedDuration,
}

impl Default for Series {
    fn default() -> Self {
        Self {
            points: Vec::new(),
            step: SignedDuration::from_millis(250),
        }
    }
}

impl Series {
    /// Whether a new point is due. Values between two points are lost but for the highest number of pods that wait.
    pub(super) fn is_due(&self, at: Timestamp) -> bool {
        let last = self.points.last();
        last.is_none_or(|last| at.duration_since(last.at) >= self.step)
    }

    pub(super) fn push(&mut self, point: Point) {
        self.points.push(point);
        if self.points.len() > MOST {
            self.thin();
        }
    }

    pub(super) fn points(&self) -> &[Point] {
        &self.points
    }

    /// Points that are closer together than a longer step become one.
    fn thin(&mut self) {
        while self.points.len() > MOST / 2 {
            self.step = self.step.saturating_mul(2);
            let mut kept: Vec<Point> = Vec::with_capacity(self.points.len());
            for point in self.points.drain(..) {
                match kept.last_mut() {
                    Some(last) if point.at.duration_since(last.at) < self.step => {
                        let pending = last.pending.max(point.pending);
                        let at = last.at;
                        *last = Point {
                            at,
                            pending,
                            ..point
                        };
                    }
                    _ => kept.push(point),
                }
            }
            self.points = kept;
        }
    }
}
