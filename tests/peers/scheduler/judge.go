package main

import (
	"context"
	"fmt"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/latest"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
	"k8s.io/kubernetes/pkg/scheduler/framework/runtime"
)

// judge asks the plugins of the default profile about one state.
type judge struct {
	state    *State
	plugins  framework.Framework
	snapshot *cache.Snapshot
}

func newJudge(ctx context.Context, state *State) (*judge, error) {
	profile, err := defaultProfile()
	if err != nil {
		return nil, err
	}
	for _, pod := range append(append([]*v1.Pod{}, state.Pods...), state.Pending...) {
		admit(pod)
	}
	nodes := sets.New[string]()
	for _, node := range state.Nodes {
		nodes.Insert(node.Name)
	}
	var assigned []*v1.Pod
	nominated := nominator{}
	for _, pod := range state.Pods {
		// The scheduler's own snapshots have no nodes that are gone.
		if nodes.Has(pod.Spec.NodeName) {
			assigned = append(assigned, pod)
		} else if node := pod.Status.NominatedNodeName; nodes.Has(node) {
			info, err := framework.NewPodInfo(pod)
			if err != nil {
				return nil, err
			}
			nominated[node] = append(nominated[node], info)
		}
	}
	client := fake.NewClientset()
	factory := informers.NewSharedInformerFactory(client, 0)
	if err := fill(factory, state); err != nil {
		return nil, err
	}
	snapshot := cache.NewSnapshot(assigned, state.Nodes)
	plugins, err := runtime.NewFramework(ctx, plugins.NewInTreeRegistry(), profile,
		runtime.WithClientSet(client),
		runtime.WithInformerFactory(filledFactory{factory}),
		runtime.WithSnapshotSharedLister(snapshot),
		runtime.WithPodNominator(nominated),
		runtime.WithParallelism(1),
		runtime.WithLogger(klog.FromContext(ctx)))
	if err != nil {
		return nil, err
	}
	return &judge{state, plugins, snapshot}, nil
}

// defaultProfile is that of the scheduler without a configuration, less the plugin for resource claims.
func defaultProfile() (*config.KubeSchedulerProfile, error) {
	defaults, err := latest.Default()
	if err != nil {
		return nil, err
	}
	profile := &defaults.Profiles[0]
	var enabled []config.Plugin
	for _, plugin := range profile.Plugins.MultiPoint.Enabled {
		if plugin.Name != names.DynamicResources {
			enabled = append(enabled, plugin)
		}
	}
	profile.Plugins.MultiPoint.Enabled = enabled
	return profile, nil
}

// verdict follows the scheduler's own order: gates, then what concerns the pod as a whole, then node by node.
func (j *judge) verdict(ctx context.Context, pod *v1.Pod) Verdict {
	for _, plugin := range j.plugins.PreEnqueuePlugins() {
		if status := plugin.PreEnqueue(ctx, pod); !status.IsSuccess() {
			return Verdict{Gated: status.Message()}
		}
	}
	cycle := framework.NewCycleState()
	among, status, unhappy := j.plugins.RunPreFilterPlugins(ctx, cycle, pod)
	diagnosis := framework.Diagnosis{NodeToStatus: framework.NewDefaultNodeToStatus()}
	if !status.IsSuccess() {
		if !status.IsRejected() {
			return Verdict{Failed: status.Message()}
		}
		diagnosis.NodeToStatus.SetAbsentNodesStatus(status)
		diagnosis.PreFilterMsg = status.Message()
		return Verdict{Refused: status.Message(), Message: j.message(pod, diagnosis)}
	}
	elsewhere := fwk.NewStatus(fwk.UnschedulableAndUnresolvable,
		fmt.Sprintf("node(s) didn't satisfy plugin(s) %v", sets.List(unhappy)))
	if !among.AllNodes() {
		diagnosis.NodeToStatus.SetAbsentNodesStatus(elsewhere)
	}
	return j.nodes(ctx, cycle, pod, among, elsewhere, diagnosis)
}

func (j *judge) nodes(ctx context.Context, cycle fwk.CycleState, pod *v1.Pod, among *framework.PreFilterResult,
	elsewhere *fwk.Status, diagnosis framework.Diagnosis) Verdict {
	verdict := Verdict{Nodes: [][]string{}}
	fits := false
	for _, node := range j.state.Nodes {
		if !among.AllNodes() && !among.NodeNames.Has(node.Name) {
			verdict.Nodes = append(verdict.Nodes, elsewhere.Reasons())
			continue
		}
		info, err := j.snapshot.Get(node.Name)
		if err != nil {
			return Verdict{Failed: err.Error()}
		}
		status := j.plugins.RunFilterPluginsWithNominatedPods(ctx, cycle, pod, info)
		if !status.IsSuccess() && !status.IsRejected() {
			return Verdict{Failed: status.Message()}
		}
		if status.IsSuccess() {
			fits = true
			verdict.Nodes = append(verdict.Nodes, []string{})
		} else {
			diagnosis.NodeToStatus.Set(node.Name, status)
			verdict.Nodes = append(verdict.Nodes, status.Reasons())
		}
	}
	if !fits {
		verdict.Message = j.message(pod, diagnosis)
	}
	return verdict
}

func (j *judge) message(pod *v1.Pod, diagnosis framework.Diagnosis) string {
	failure := framework.FitError{Pod: pod, NumAllNodes: len(j.state.Nodes), Diagnosis: diagnosis}
	return failure.Error()
}

// nominator has the pods that wait for room on a node.
type nominator map[string][]fwk.PodInfo

func (nominator) AddNominatedPod(klog.Logger, fwk.PodInfo, *framework.NominatingInfo) {}
func (nominator) DeleteNominatedPodIfExists(*v1.Pod)                                  {}
func (nominator) UpdateNominatedPod(klog.Logger, *v1.Pod, fwk.PodInfo)                {}
func (n nominator) NominatedPodsForNode(node string) []fwk.PodInfo                    { return n[node] }
