package main

import (
	"k8s.io/client-go/informers"
	"k8s.io/client-go/informers/core"
	corev1 "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/tools/cache"
)

// fill puts a state's objects where the plugins look for them, without watches and goroutines.
func fill(factory informers.SharedInformerFactory, state *State) error {
	core, storage := factory.Core().V1(), factory.Storage().V1()
	var errs []error
	add := func(informer cache.SharedIndexInformer, object any) {
		if err := informer.GetIndexer().Add(object); err != nil {
			errs = append(errs, err)
		}
	}
	for _, object := range state.Nodes {
		add(core.Nodes().Informer(), object)
	}
	for _, object := range state.Namespaces {
		add(core.Namespaces().Informer(), object)
	}
	for _, object := range state.Claims {
		add(core.PersistentVolumeClaims().Informer(), object)
	}
	for _, object := range state.Volumes {
		add(core.PersistentVolumes().Informer(), object)
	}
	for _, object := range state.Classes {
		add(storage.StorageClasses().Informer(), object)
	}
	for _, object := range state.Drivers {
		add(storage.CSIDrivers().Informer(), object)
	}
	for _, object := range state.DriverNodes {
		add(storage.CSINodes().Informer(), object)
	}
	for _, object := range state.Attachments {
		add(storage.VolumeAttachments().Informer(), object)
	}
	for _, object := range state.Capacities {
		add(storage.CSIStorageCapacities().Informer(), object)
	}
	if len(errs) > 0 {
		return errs[0]
	}
	return nil
}

// filledFactory tells the handlers of claims and volumes at once what is there: the plugins keep caches of these two
// that are fed by events.
type filledFactory struct {
	informers.SharedInformerFactory
}

func (f filledFactory) Core() core.Interface { return filledCore{f.SharedInformerFactory.Core()} }

type filledCore struct{ core.Interface }

func (f filledCore) V1() corev1.Interface { return filledCoreV1{f.Interface.V1()} }

type filledCoreV1 struct{ corev1.Interface }

func (f filledCoreV1) PersistentVolumeClaims() corev1.PersistentVolumeClaimInformer {
	return filledClaims{f.Interface.PersistentVolumeClaims()}
}

func (f filledCoreV1) PersistentVolumes() corev1.PersistentVolumeInformer {
	return filledVolumes{f.Interface.PersistentVolumes()}
}

type filledClaims struct {
	corev1.PersistentVolumeClaimInformer
}

func (f filledClaims) Informer() cache.SharedIndexInformer {
	return filled{f.PersistentVolumeClaimInformer.Informer()}
}

type filledVolumes struct {
	corev1.PersistentVolumeInformer
}

func (f filledVolumes) Informer() cache.SharedIndexInformer {
	return filled{f.PersistentVolumeInformer.Informer()}
}

type filled struct{ cache.SharedIndexInformer }

func (f filled) AddEventHandler(handler cache.ResourceEventHandler) (cache.ResourceEventHandlerRegistration, error) {
	for _, object := range f.GetIndexer().List() {
		handler.OnAdd(object, true)
	}
	return nil, nil
}
