// The real scheduler's verdicts: reads cluster states with pending pods from standard input, one JSON document a line,
// and answers for every pending pod which nodes the default plugins of kube-scheduler refuse and why.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	v1 "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
)

// State is a cluster and the pods that it is asked about.
type State struct {
	Nodes       []*v1.Node
	Pods        []*v1.Pod
	Namespaces  []*v1.Namespace
	Claims      []*v1.PersistentVolumeClaim
	Volumes     []*v1.PersistentVolume
	Classes     []*storage.StorageClass
	Drivers     []*storage.CSIDriver
	DriverNodes []*storage.CSINode
	Attachments []*storage.VolumeAttachment
	Capacities  []*storage.CSIStorageCapacity
	Pending     []*v1.Pod
}

// Verdict is what the scheduler says about one pod.
type Verdict struct {
	// Gated: it is not looked at yet.
	Gated string `json:"gated,omitempty"`
	// Refused: no node is looked at.
	Refused string `json:"refused,omitempty"`
	// Nodes has the reasons of each node, in the order of the state; none where the pod fits.
	Nodes [][]string `json:"nodes,omitempty"`
	// Message is that of the FailedScheduling event, if no node is left.
	Message string `json:"message,omitempty"`
	// Failed: the plugins answer with an error, not a verdict.
	Failed string `json:"failed,omitempty"`
}

func main() {
	metrics.Register()
	klog.SetLogger(klog.Logger{})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	answers := bufio.NewWriter(os.Stdout)
	for lines.Scan() {
		verdicts, err := answer(lines.Bytes())
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := json.NewEncoder(answers).Encode(verdicts); err != nil || answers.Flush() != nil {
			os.Exit(1)
		}
	}
}

func answer(line []byte) ([]Verdict, error) {
	var state State
	if err := json.Unmarshal(line, &state); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	judge, err := newJudge(ctx, &state)
	if err != nil {
		return nil, err
	}
	verdicts := make([]Verdict, 0, len(state.Pending))
	for _, pod := range state.Pending {
		verdicts = append(verdicts, judge.verdict(ctx, pod))
	}
	return verdicts, nil
}
