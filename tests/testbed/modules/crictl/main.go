// A stand-in for cri-tools' crictl: Cluster API's Docker provider asks a node for `crictl ps`, and nothing else is here.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func main() {
	if len(os.Args) != 2 || os.Args[1] != "ps" {
		fmt.Fprintln(os.Stderr, "crictl: this stand-in knows only `crictl ps`; for more use `ctr -n k8s.io`")
		os.Exit(2)
	}
	if err := ps("unix:///run/containerd/containerd.sock"); err != nil {
		fmt.Fprintln(os.Stderr, "crictl ps:", err)
		os.Exit(1)
	}
}

func ps(socket string) error {
	conn, err := grpc.NewClient(socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	running := &cri.ContainerFilter{State: &cri.ContainerStateValue{State: cri.ContainerState_CONTAINER_RUNNING}}
	list, err := cri.NewRuntimeServiceClient(conn).ListContainers(ctx, &cri.ListContainersRequest{Filter: running})
	if err != nil {
		return err
	}
	fmt.Printf("%-13s  %-7s  %s\n", "CONTAINER", "STATE", "NAME")
	for _, c := range list.Containers {
		fmt.Printf("%.13s  %-7s  %s\n", c.Id, "Running", c.Metadata.Name)
	}
	return nil
}
