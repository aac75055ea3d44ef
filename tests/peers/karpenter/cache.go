package main

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

// cache answers as Karpenter's client does, which reads from informers: pods and nodes from maps, without copying them;
// the few other objects from the fake client, which would take minutes for 100,000 pods.
type cache struct {
	client.Client
	nodes  map[string]*corev1.Node
	pods   map[string][]*corev1.Pod
	onNode map[string][]*corev1.Pod
}

func newCache(objects []unstructured.Unstructured) *cache {
	builder := fake.NewClientBuilder().WithScheme(scheme.Scheme)
	for i := range objects {
		builder = builder.WithObjects(&objects[i])
	}
	return &cache{
		builder.Build(), map[string]*corev1.Node{}, map[string][]*corev1.Pod{}, map[string][]*corev1.Pod{},
	}
}

func (c *cache) addPods(pods []*corev1.Pod) {
	for _, pod := range pods {
		c.pods[pod.Namespace] = append(c.pods[pod.Namespace], pod)
		c.onNode[pod.Spec.NodeName] = append(c.onNode[pod.Spec.NodeName], pod)
	}
}

func (c *cache) Get(ctx context.Context, key client.ObjectKey, object client.Object, opts ...client.GetOption) error {
	switch object.(type) {
	case *corev1.PersistentVolume, *storagev1.StorageClass:
		// Karpenter names them with the pod's namespace; a real client passes over it, the fake one does not.
		key.Namespace = ""
	}
	node, ok := object.(*corev1.Node)
	if !ok {
		return c.Client.Get(ctx, key, object, opts...)
	}
	found, ok := c.nodes[key.Name]
	if !ok {
		return apierrors.NewNotFound(corev1.Resource("nodes"), key.Name)
	}
	*node = *found
	return nil
}

func (c *cache) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	pods, ok := list.(*corev1.PodList)
	if !ok {
		return c.Client.List(ctx, list, opts...)
	}
	options := (&client.ListOptions{}).ApplyOptions(opts)
	pods.Items = nil
	for _, pod := range c.among(options) {
		if options.LabelSelector == nil || options.LabelSelector.Matches(labels.Set(pod.Labels)) {
			pods.Items = append(pods.Items, *pod)
		}
	}
	return nil
}

// among are the pods that a list looks at: those on a node, of a namespace, or all.
func (c *cache) among(options *client.ListOptions) []*corev1.Pod {
	if options.FieldSelector != nil {
		if node, ok := options.FieldSelector.RequiresExactMatch("spec.nodeName"); ok {
			return c.onNode[node]
		}
		if options.FieldSelector.String() != fields.Everything().String() {
			panic("no index for " + options.FieldSelector.String())
		}
	}
	if options.Namespace != "" {
		return c.pods[options.Namespace]
	}
	var all []*corev1.Pod
	for _, pods := range c.pods {
		all = append(all, pods...)
	}
	return all
}
