// The real Karpenter's choice of machines: reads a workload (src/resize/workload.rs) as JSON from standard input, runs
// Karpenter's solver on it and prints one JSON document a run.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning/scheduling"
	"sigs.k8s.io/karpenter/pkg/operator/injection"
	"sigs.k8s.io/karpenter/pkg/operator/logging"
	"sigs.k8s.io/karpenter/pkg/operator/options"
)

// Answer is what came out of one run.
type Answer struct {
	// SetupNs covers the copy of the cluster's state, NewTopology and NewScheduler: Karpenter pays them in every loop.
	SetupNs int64 `json:"setup_ns"`
	SolveNs int64 `json:"solve_ns"`
	// ComputedNs is what the processors computed meanwhile.
	ComputedNs int64 `json:"computed_ns"`
	// Nodes that are new.
	Nodes int `json:"nodes"`
	// Hourly is the price of the new nodes, each at the cheapest offering that is left for it: what a launch takes.
	Hourly float64 `json:"hourly"`
	// Machines has how many of each type are bought, at that offering.
	Machines map[string]int `json:"machines"`
	// Existing has the pods that fit on nodes that are there.
	Existing    int `json:"existing"`
	Unscheduled int `json:"unscheduled"`
	// Why has the reasons of some that did not fit.
	Why []string `json:"why,omitempty"`
	// ReadBytes is the memory when all was read and nothing was solved yet, PeakBytes the most there was.
	ReadBytes int64 `json:"read_bytes"`
	PeakBytes int64 `json:"peak_bytes"`
}

func main() {
	runs := flag.Int("runs", 1, "how often to solve, each time from the start")
	ignore := flag.Bool("ignore-preferences", false, "run with Karpenter's preference policy Ignore")
	flag.Parse()
	log.SetLogger(logging.NopLogger)
	if err := run(os.Stdin, os.Stdout, *runs, *ignore); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, runs int, ignore bool) error {
	var workload Workload
	decoder := json.NewDecoder(in)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&workload); err != nil {
		return fmt.Errorf("reading the workload: %w", err)
	}
	ctx := options.ToContext(injection.WithControllerName(context.Background(), "provisioner"),
		&options.Options{IgnoreDRARequests: true})
	// Upstream's own benchmark solves with as many.
	opts := []scheduling.Options{scheduling.NumConcurrentReconciles(5)}
	if ignore {
		opts = append(opts, scheduling.IgnorePreferences)
	}
	cluster, err := newCluster(ctx, &workload)
	if err != nil {
		return err
	}
	read := memory("VmRSS")
	for range runs {
		answer, err := cluster.solve(ctx, opts)
		if err != nil {
			return err
		}
		answer.ReadBytes, answer.PeakBytes = read, memory("VmHWM")
		if err := json.NewEncoder(out).Encode(answer); err != nil {
			return err
		}
	}
	return nil
}

// computed is how long all threads have computed.
func computed() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

// memory reads a line of what the kernel says about this process; 0 where there is no such file.
func memory(field string) int64 {
	status, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer status.Close()
	var name, unit string
	var amount int64
	for {
		if _, err := fmt.Fscanf(status, "%s", &name); err == io.EOF {
			return 0
		}
		if name == field+":" {
			_, _ = fmt.Fscanf(status, "%d %s", &amount, &unit)
			return amount * 1024
		}
	}
}

// pending are the pods that wait, made of the workload's classes.
func (w *Workload) pending() ([]*corev1.Pod, error) {
	var pods []*corev1.Pod
	for _, group := range w.Pending {
		more, err := w.pods(group, fmt.Sprintf("pending-%d", len(pods)), "")
		if err != nil {
			return nil, err
		}
		pods = append(pods, more...)
	}
	return pods, nil
}
