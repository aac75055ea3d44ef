use std::fs::{self, File};
use std::io::BufReader;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::resize::history::Entries;
use crate::resize::model::Cluster;
use crate::resize::policy::Policy;
use crate::resize::prices::PriceList;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn options() -> Options {
    Options {
        cluster: "bex".into(),
        namespace: "default".into(),
        identity: "test".into(),
        lease: None,
        prices: PriceList::default(),
        policy: Policy::default(),
        drain_within: Duration::from_mins(1),
        now: Arc::new(|| at(1)),
        sink: Arc::new(|_| {}),
    }
}

fn tell(sink: &Sink) {
    let pod = json!({
        "metadata": {"name": "web", "resourceVersion": "7"},
        "spec": {"containers": [{"name": "web", "env": [{"name": "PASSWORD", "value": "secret"}]}]},
    });
    let json = pod.to_string();
    sink(&Seen::Change {
        at: at(2),
        cluster: Cluster::App,
        resource: "pods",
        namespace: "default",
        name: "web",
        json: Some(json.as_bytes()),
    });
    sink(&Seen::Decision {
        at: at(3),
        decision: &Decision::default(),
        took: Duration::from_millis(1),
    });
    sink(&Seen::Act {
        at: at(4),
        what: "machinedeployments bex-worker-0",
        result: &Ok("1 -> 3".into()),
    });
    sink(&Seen::Request {
        verb: "patch",
        resource: "machinedeployments",
        code: 200,
    });
    sink(&Seen::Leads(&Leader::Us));
}

#[test]
fn what_the_loop_sees_is_in_the_log_without_secrets_and_in_the_metrics() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let recorder = Recorder::new(&options(), Some(path.clone())).unwrap();
    let sink = recorder.sink();
    tell(&sink);
    drop(sink);
    let metrics = recorder.metrics.clone();
    recorder.finish();
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("secret"), "{text}");
    let entries: Result<Vec<_>> =
        Entries::new(BufReader::new(File::open(&path).unwrap())).collect();
    let times = entries.unwrap().into_iter().map(|(_, entry)| entry.at());
    assert_eq!(times.collect::<Vec<_>>(), [1, 2, 3, 4].map(at));
    let text = metrics.lock().unwrap().text(at(5));
    for line in [
        "bex_resize_pending_pods 1",
        "bex_resize_leader 1",
        "bex_resize_acts_total{result=\"done\"} 1",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn without_a_log_there_are_metrics_all_the_same() {
    let recorder = Recorder::new(&options(), None).unwrap();
    tell(&recorder.sink());
    let metrics = recorder.metrics.clone();
    recorder.finish();
    let text = metrics.lock().unwrap().text(at(5));
    assert!(text.contains("bex_resize_log_failed 0"), "{text}");
    assert!(text.contains("bex_resize_pending_pods 1"), "{text}");
}

#[test]
fn a_log_that_cannot_be_opened_is_told_before_the_loop_begins() {
    let path = PathBuf::from("/nowhere/log");
    let error = Recorder::new(&options(), Some(path))
        .unwrap_err()
        .to_string();
    assert_eq!(error, "opening the log /nowhere/log");
}
