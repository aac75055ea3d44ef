package main

import (
	"fmt"
	"math"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	corev1 "k8s.io/api/core/v1"
	v1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/scheduling"
)

// catalog is the workload's types as Karpenter has them: a NodePool for each set of taints, an instance type for each
// size, an offering for each place.
type catalog struct {
	pools []*v1.NodePool
	types map[string][]*cloudprovider.InstanceType
}

// offered are the labels by which offerings of one instance type differ.
var offered = []string{corev1.LabelTopologyZone, v1.CapacityTypeLabelKey}

func newCatalog(of []Type) (*catalog, error) {
	catalog := &catalog{types: map[string][]*cloudprovider.InstanceType{}}
	for _, machine := range of {
		if machine.Limit != nil {
			return nil, fmt.Errorf("type %s has a limit; Karpenter knows none", machine.Name)
		}
		pool := catalog.pool(machine.Taints)
		instance, err := catalog.instanceType(pool.Name, &machine)
		if err != nil {
			return nil, err
		}
		instance.Offerings = append(instance.Offerings, &cloudprovider.Offering{
			Available:    true,
			Price:        machine.Hourly,
			Requirements: scheduling.NewLabelRequirements(place(machine.Labels)),
		})
	}
	return catalog, nil
}

func (c *catalog) pool(taints []corev1.Taint) *v1.NodePool {
	for _, pool := range c.pools {
		if equality.Semantic.DeepEqual(pool.Spec.Template.Spec.Taints, taints) {
			return pool
		}
	}
	name := fmt.Sprintf("pool-%d", len(c.pools))
	pool := &v1.NodePool{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name)}}
	pool.Spec.Template.Spec.NodeClassRef = &v1.NodeClassReference{Group: "bex.test", Kind: "Any", Name: "any"}
	pool.Spec.Template.Spec.Taints = taints
	c.pools = append(c.pools, pool)
	return pool
}

// instanceType finds the size that a type is of, or makes it. Values of labels join those that it can have already.
func (c *catalog) instanceType(pool string, machine *Type) (*cloudprovider.InstanceType, error) {
	name := machine.Labels[corev1.LabelInstanceTypeStable]
	if name == "" {
		return nil, fmt.Errorf("type %s has no label %s", machine.Name, corev1.LabelInstanceTypeStable)
	}
	for _, known := range c.types[pool] {
		if known.Name != name {
			continue
		}
		if !equality.Semantic.DeepEqual(known.Capacity, machine.Allocatable) {
			return nil, fmt.Errorf("type %s: machines of %s differ in what they can hold", machine.Name, name)
		}
		for key, value := range machine.Labels {
			known.Requirements.Get(key).Insert(value)
		}
		return known, nil
	}
	// Karpenter takes pods that ask for labels it does not know as impossible.
	for key := range machine.Labels {
		v1.WellKnownLabels.Insert(key)
	}
	instance := &cloudprovider.InstanceType{
		Name:         name,
		Requirements: scheduling.NewLabelRequirements(machine.Labels),
		// What is left for pods; nothing is to be taken off any more.
		Capacity: machine.Allocatable,
		Overhead: &cloudprovider.InstanceTypeOverhead{},
	}
	c.types[pool] = append(c.types[pool], instance)
	return instance, nil
}

func place(labels map[string]string) map[string]string {
	place := map[string]string{}
	for _, key := range offered {
		if value, ok := labels[key]; ok {
			place[key] = value
		}
	}
	return place
}

// cheapest is the instance type that a launch would take among those that are left, and its price.
func cheapest(among cloudprovider.InstanceTypes, requirements scheduling.Requirements) (string, float64) {
	name, price := "", math.Inf(1)
	for _, instance := range among {
		for _, offering := range instance.Offerings {
			fits := requirements.IsCompatible(offering.Requirements, scheduling.AllowUndefinedWellKnownLabels)
			better := offering.Price < price || offering.Price == price && instance.Name < name
			if offering.Available && fits && better {
				name, price = instance.Name, offering.Price
			}
		}
	}
	return name, price
}
