package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/record"
	"k8s.io/utils/clock"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning/scheduling"
	"sigs.k8s.io/karpenter/pkg/controllers/state"
	"sigs.k8s.io/karpenter/pkg/events"
	karpscheduling "sigs.k8s.io/karpenter/pkg/scheduling"
)

// cluster is what Karpenter has in memory when it begins to solve.
type cluster struct {
	catalog *catalog
	client  *cache
	state   *state.Cluster
	pending []*corev1.Pod
	daemons []*corev1.Pod
}

func newCluster(ctx context.Context, workload *Workload) (*cluster, error) {
	catalog, err := newCatalog(workload.Types)
	if err != nil {
		return nil, err
	}
	c := &cluster{catalog: catalog, client: newCache(workload.Objects)}
	for i := range workload.DaemonSets {
		c.daemons = append(c.daemons, daemon(&workload.DaemonSets[i]))
	}
	if c.pending, err = workload.pending(); err != nil {
		return nil, err
	}
	// Of the provider it only wants to know about drift, which nobody asks for here.
	var provider cloudprovider.CloudProvider
	c.state = state.NewCluster(clock.RealClock{}, c.client, provider)
	return c, c.addNodes(ctx, workload)
}

func (c *cluster) addNodes(ctx context.Context, workload *Workload) error {
	types := map[string]*Type{}
	for i := range workload.Types {
		types[workload.Types[i].Name] = &workload.Types[i]
	}
	for _, node := range workload.Nodes {
		machine, ok := types[node.Type]
		if !ok {
			return fmt.Errorf("node %s: there is no type %s", node.Name, node.Type)
		}
		object := machine.node(node.Name)
		c.client.nodes[node.Name] = object
		pods := c.daemonsOn(object)
		for place, group := range node.Pods {
			more, err := workload.pods(group, fmt.Sprintf("%s-%d", node.Name, place), node.Name)
			if err != nil {
				return err
			}
			pods = append(pods, more...)
		}
		c.client.addPods(pods)
		if err := c.state.UpdateNode(ctx, object); err != nil {
			return err
		}
		for _, pod := range pods {
			if err := c.state.UpdatePod(ctx, pod); err != nil {
				return err
			}
		}
	}
	return nil
}

// daemonsOn are the pods of DaemonSets that run on a node.
func (c *cluster) daemonsOn(node *corev1.Node) []*corev1.Pod {
	labels := karpscheduling.NewLabelRequirements(node.Labels)
	var pods []*corev1.Pod
	for _, daemon := range c.daemons {
		tolerated := karpscheduling.Taints(node.Spec.Taints).ToleratesPod(daemon) == nil
		if !tolerated || labels.Compatible(karpscheduling.NewStrictPodRequirements(daemon)) != nil {
			continue
		}
		pod := daemon.DeepCopy()
		pod.Name = daemon.Name + "-" + node.Name
		pod.UID = types.UID(pod.Name)
		pod.Spec.NodeName = node.Name
		pod.Status.Phase = corev1.PodRunning
		yes := true
		pod.OwnerReferences = []metav1.OwnerReference{
			{APIVersion: "apps/v1", Kind: "DaemonSet", Name: daemon.Name, UID: daemon.UID, Controller: &yes},
		}
		pods = append(pods, pod)
	}
	return pods
}

// node is one that Karpenter did not make itself, as every node is that Cluster API made.
func (t *Type) node(name string) *corev1.Node {
	labels := map[string]string{corev1.LabelHostname: name}
	for key, value := range t.Labels {
		labels[key] = value
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec:       corev1.NodeSpec{ProviderID: name, Taints: t.Taints},
		Status: corev1.NodeStatus{
			Capacity: t.Allocatable, Allocatable: t.Allocatable, Phase: corev1.NodeRunning,
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		},
	}
}

// solve does what Karpenter's provisioner does between its batching window and the launch.
func (c *cluster) solve(ctx context.Context, opts []scheduling.Options) (*Answer, error) {
	begun, before := time.Now(), computed()
	nodes := c.state.DeepCopyNodes().Active()
	volumes, err := c.volumes(ctx)
	if err != nil {
		return nil, err
	}
	topology, err := scheduling.NewTopology(ctx, c.client, c.state, nodes, c.catalog.pools, c.catalog.types, c.pending, opts...)
	if err != nil {
		return nil, fmt.Errorf("creating the topology: %w", err)
	}
	scheduler := scheduling.NewScheduler(ctx, c.client, c.catalog.pools, c.state, nodes, topology, c.catalog.types,
		c.daemons, events.NewRecorder(&record.FakeRecorder{}), clock.RealClock{}, volumes, nil, opts...)
	ready := time.Now()
	results, err := scheduler.Solve(ctx, c.pending)
	if err != nil {
		return nil, fmt.Errorf("solving: %w", err)
	}
	answer := answer(&results)
	answer.SetupNs, answer.SolveNs = ready.Sub(begun).Nanoseconds(), time.Since(ready).Nanoseconds()
	answer.ComputedNs = computed() - before
	return answer, nil
}

// volumes has where the volumes of pods can be.
func (c *cluster) volumes(ctx context.Context) (map[types.UID][]karpscheduling.Requirements, error) {
	topology := scheduling.NewVolumeTopology(c.client)
	all := map[types.UID][]karpscheduling.Requirements{}
	for _, pod := range c.pending {
		requirements, err := topology.GetRequirements(ctx, pod)
		if err != nil {
			return nil, err
		}
		if len(requirements) > 0 {
			all[pod.UID] = requirements
		}
	}
	return all, nil
}

func answer(results *scheduling.Results) *Answer {
	answer := &Answer{
		Nodes: len(results.NewNodeClaims), Unscheduled: len(results.PodErrors), Machines: map[string]int{},
	}
	for _, claim := range results.NewNodeClaims {
		name, price := cheapest(claim.InstanceTypeOptions, claim.Requirements)
		answer.Machines[name]++
		answer.Hourly += price
	}
	for _, node := range results.ExistingNodes {
		answer.Existing += len(node.Pods)
	}
	for _, err := range results.PodErrors {
		if len(answer.Why) < 5 {
			answer.Why = append(answer.Why, err.Error())
		}
	}
	return answer
}
