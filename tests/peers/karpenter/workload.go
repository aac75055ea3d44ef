package main

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// Workload is a cluster and what waits, as src/resize/workload.rs has it. Events are not looked at.
type Workload struct {
	Name       string                         `json:"name"`
	Types      []Type                         `json:"types"`
	Classes    []corev1.Pod                   `json:"classes"`
	Pending    []Group                        `json:"pending"`
	Nodes      []Node                         `json:"nodes"`
	Budgets    []policyv1.PodDisruptionBudget `json:"budgets"`
	DaemonSets []appsv1.DaemonSet             `json:"daemonSets"`
	Objects    []unstructured.Unstructured    `json:"objects"`
	Events     []any                          `json:"events"`
}

// Type is a machine that can be had in one place.
type Type struct {
	Name        string              `json:"name"`
	Hourly      float64             `json:"hourly"`
	Allocatable corev1.ResourceList `json:"allocatable"`
	Labels      map[string]string   `json:"labels"`
	Taints      []corev1.Taint      `json:"taints"`
	Limit       *int                `json:"limit"`
}

// Group is so many pods of a class.
type Group struct {
	Class int `json:"class"`
	Pods  int `json:"pods"`
}

// Node is there at the start.
type Node struct {
	Name string  `json:"name"`
	Type string  `json:"type"`
	Pods []Group `json:"pods"`
}

// pods makes the pods of a group. Karpenter tells them apart by their uids.
func (w *Workload) pods(group Group, prefix, node string) ([]*corev1.Pod, error) {
	if group.Class < 0 || group.Class >= len(w.Classes) {
		return nil, fmt.Errorf("class %d is named, but there are %d", group.Class, len(w.Classes))
	}
	pods := make([]*corev1.Pod, 0, group.Pods)
	for number := range group.Pods {
		pod := w.Classes[group.Class].DeepCopy()
		pod.Name = fmt.Sprintf("%s-%d-%d", prefix, group.Class, number)
		pod.UID = types.UID(pod.Name)
		pod.Spec.NodeName = node
		pod.Status.Phase = corev1.PodPending
		if node != "" {
			pod.Status.Phase = corev1.PodRunning
		}
		pods = append(pods, pod)
	}
	return pods, nil
}

// daemon is the pod that a DaemonSet makes. Karpenter itself lets it onto nodes that are not ready yet.
func daemon(set *appsv1.DaemonSet) *corev1.Pod {
	template := set.Spec.Template.DeepCopy()
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	pod.Namespace, pod.Name, pod.UID = set.Namespace, set.Name, types.UID(set.Name)
	return pod
}
