//! Runs steps in the order that a plan allows, side by side where it can.

use std::time::Instant;

use anyhow::Result;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::failure::{Exit, Failure};
use crate::plan::{Action, Plan, Step};
use crate::progress::{Event, Reporter};

/// Runs `plan` by calling `perform` for each step when the steps it waits for are done.
///
/// After a failure or a cancellation nothing new starts; steps that only wait are dropped, steps that write are
/// awaited, so that what they leave behind is whole.
pub(super) async fn run<P, F>(
    plan: &Plan,
    events: &UnboundedSender<Event>,
    cancel: &CancellationToken,
    perform: P,
) -> Result<()>
where
    P: Fn(Action, Reporter) -> F,
    F: Future<Output = Result<()>>,
{
    let stop = cancel.child_token();
    let mut state = State::new(plan);
    let mut running = FuturesUnordered::new();
    let mut failure = None;
    loop {
        if !stop.is_cancelled() {
            for (index, step) in state.startable() {
                let reporter = Reporter::new(index, events.clone());
                let work = perform(step.action.clone(), reporter.clone());
                running.push(timed(
                    index,
                    step.action.to_string(),
                    step.action.only_waits(),
                    work,
                    reporter,
                    stop.clone(),
                ));
            }
        }
        let Some(finished) = running.next().await else {
            break;
        };
        match finished {
            (index, Some(Ok(()))) => state.done[index] = true,
            (_, None) => {}
            (_, Some(Err(error))) => {
                stop.cancel();
                keep_first(&mut failure, error);
            }
        }
    }
    match failure {
        Some(error) => Err(error),
        None if state.done.iter().all(|done| *done) => Ok(()),
        None => Err(state.interrupted().into()),
    }
}

fn keep_first(failure: &mut Option<anyhow::Error>, error: anyhow::Error) {
    if failure.is_some() {
        tracing::warn!("another step failed too: {error:#}");
    } else {
        *failure = Some(error);
    }
}

/// `None` when the step was dropped because the run is stopping.
async fn timed(
    index: usize,
    title: String,
    only_waits: bool,
    work: impl Future<Output = Result<()>>,
    reporter: Reporter,
    stop: CancellationToken,
) -> (usize, Option<Result<()>>) {
    reporter.started(title);
    let begun = Instant::now();
    let result = if only_waits {
        tokio::select! {
            result = work => Some(result),
            () = stop.cancelled() => None,
        }
    } else {
        Some(work.await)
    };
    match result {
        Some(Ok(())) => reporter.finished(begun.elapsed()),
        Some(Err(_)) => reporter.failed(begun.elapsed()),
        None => {}
    }
    (index, result)
}

struct State<'plan> {
    plan: &'plan Plan,
    started: Vec<bool>,
    done: Vec<bool>,
}

impl<'plan> State<'plan> {
    fn new(plan: &'plan Plan) -> Self {
        let count = plan.steps.len();
        Self {
            plan,
            started: vec![false; count],
            done: vec![false; count],
        }
    }

    /// Marks and returns the steps whose predecessors are done.
    fn startable(&mut self) -> Vec<(usize, &'plan Step)> {
        let ready: Vec<(usize, &Step)> = self
            .plan
            .steps
            .iter()
            .enumerate()
            .filter(|(index, step)| {
                !self.started[*index] && step.after.iter().all(|before| self.done[*before])
            })
            .collect();
        for (index, _) in &ready {
            self.started[*index] = true;
        }
        ready
    }

    fn interrupted(&self) -> Failure {
        let done = self.done.iter().filter(|done| **done).count();
        let next = self
            .plan
            .steps
            .iter()
            .zip(&self.done)
            .find(|(_, done)| !**done);
        let next = next.map_or_else(String::new, |(step, _)| {
            format!("; next would be: {}", step.action)
        });
        Failure::new(
            Exit::Interrupted,
            format!(
                "stopped after {done} of {} steps{next}",
                self.plan.steps.len()
            ),
        )
        .hint("run the same command again to go on where this one stopped")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    fn plan(after: &[&[usize]]) -> Plan {
        let steps = after.iter().enumerate().map(|(index, after)| Step {
            action: Action::ScalePool {
                group: index.to_string(),
                from: 0,
                to: 0,
            },
            reason: String::new(),
            after: after.to_vec(),
        });
        Plan {
            steps: steps.collect(),
        }
    }

    fn pool_of(action: &Action) -> String {
        match action {
            Action::ScalePool { group: name, .. } | Action::WaitForPool { pool: name, .. } => {
                name.clone()
            }
            other => panic!("unexpected {other}"),
        }
    }

    async fn order(plan: &Plan, fail_at: Option<&str>) -> (Result<()>, Vec<String>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (events, _keep) = tokio::sync::mpsc::unbounded_channel();
        let result = run(plan, &events, &CancellationToken::new(), |action, _| {
            let name = pool_of(&action);
            let fails = fail_at == Some(name.as_str());
            let seen = Arc::clone(&seen);
            async move {
                seen.lock().unwrap().push(name);
                anyhow::ensure!(!fails, "planted");
                Ok(())
            }
        })
        .await;
        let seen = seen.lock().unwrap().clone();
        (result, seen)
    }

    #[tokio::test]
    async fn a_step_starts_only_after_those_it_waits_for() {
        let (result, seen) = order(&plan(&[&[], &[0], &[0], &[1, 2]]), None).await;
        assert!(result.is_ok());
        assert_eq!(seen.first().map(String::as_str), Some("0"));
        assert_eq!(seen.last().map(String::as_str), Some("3"));
        assert_eq!(seen.len(), 4);
    }

    #[tokio::test]
    async fn nothing_starts_after_a_failure() {
        let (result, seen) = order(&plan(&[&[], &[0], &[1]]), Some("1")).await;
        assert_eq!(result.unwrap_err().to_string(), "planted");
        assert_eq!(seen, ["0", "1"]);
    }

    #[tokio::test]
    async fn a_cancelled_run_drops_its_waits_and_says_what_comes_next() {
        let mut plan = plan(&[&[], &[0]]);
        plan.steps[0].action = Action::WaitForPool {
            pool: "0".into(),
            groups: Vec::new(),
            replicas: 1,
            or_more: false,
        };
        let cancel = CancellationToken::new();
        let (events, _keep) = tokio::sync::mpsc::unbounded_channel();
        let inside = cancel.clone();
        let error = run(&plan, &events, &cancel, |_, _| {
            let cancel = inside.clone();
            async move {
                cancel.cancel();
                std::future::pending().await
            }
        })
        .await
        .unwrap_err();
        let report = crate::failure::report(&error);
        assert_eq!(report.exit, Exit::Interrupted);
        assert_eq!(
            report.message,
            "stopped after 0 of 2 steps; next would be: wait for 1 worker ready in 0"
        );
    }

    #[tokio::test]
    async fn a_cancelled_run_finishes_the_step_that_writes() {
        let cancel = CancellationToken::new();
        let (events, _keep) = tokio::sync::mpsc::unbounded_channel();
        let finished = Arc::new(Mutex::new(false));
        let (inside, flag) = (cancel.clone(), Arc::clone(&finished));
        let result = run(&plan(&[&[], &[0]]), &events, &cancel, |_, _| {
            let (cancel, flag) = (inside.clone(), Arc::clone(&flag));
            async move {
                cancel.cancel();
                tokio::task::yield_now().await;
                *flag.lock().unwrap() = true;
                Ok(())
            }
        })
        .await;
        assert!(result.is_err());
        assert!(*finished.lock().unwrap());
    }
}
