package main

import (
	"context"

	v1 "k8s.io/api/core/v1"
	genericrequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/kubernetes/pkg/apis/core"
	corev1 "k8s.io/kubernetes/pkg/apis/core/v1"
	"k8s.io/kubernetes/pkg/registry/core/pod"
)

// admit does to a pod what the API server does to a new one before the scheduler sees it: defaults, and the label keys
// of its affinity and spread rules merged into their selectors.
func admit(object *v1.Pod) {
	node, status := object.Spec.NodeName, object.Status
	corev1.SetObjectDefaults_Pod(object)
	var internal core.Pod
	if err := corev1.Convert_v1_Pod_To_core_Pod(object, &internal, nil); err != nil {
		panic(err)
	}
	ctx := genericrequest.WithNamespace(context.Background(), object.Namespace)
	pod.Strategy.PrepareForCreate(ctx, &internal)
	if err := corev1.Convert_core_Pod_To_v1_Pod(&internal, object, nil); err != nil {
		panic(err)
	}
	object.Spec.NodeName, object.Status = node, status
}
