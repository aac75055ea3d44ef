// Command bexnet is the testbed's pod network, in the manner of kindnet: every node gives its pods addresses of its
// own pod range, routes the ranges of the other nodes to them, and masks pod addresses on their way out.
//
// It watches the nodes and applies each change at once. It asks the API server kubelet.conf names, never the
// Service address: that one works only after kube-proxy wrote its rules, and the network should not wait for it.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	host    = "/host" // the node's file system
	account = "/var/run/secrets/kubernetes.io/serviceaccount"
	network = "/etc/cni/net.d/10-bexnet.conflist"
	mark    = "159" // the routing protocol number that says a route is ours; unassigned
	chain   = "BEXNET"
)

type node struct {
	Metadata struct {
		Name            string
		ResourceVersion string
	}
	Spec   struct{ PodCIDR string }
	Status struct {
		Addresses []struct{ Type, Address string }
	}
}

func (n node) address() string {
	for _, address := range n.Status.Addresses {
		if address.Type == "InternalIP" {
			return address.Address
		}
	}
	return ""
}

func main() {
	self := os.Getenv("NODE_NAME")
	for {
		if err := follow(self); err != nil {
			log.Printf("%v; again in 1 s", err)
		}
		time.Sleep(time.Second)
	}
}

// follow applies the nodes as they are and then every change, until the watch ends.
func follow(self string) error {
	api, err := connect()
	if err != nil {
		return err
	}
	var list struct {
		Metadata struct{ ResourceVersion string }
		Items    []node
	}
	if err := api.list(&list); err != nil {
		return err
	}
	nodes := map[string]node{}
	for _, item := range list.Items {
		nodes[item.Metadata.Name] = item
	}
	applied := ""
	return api.watch(list.Metadata.ResourceVersion, func() error {
		// Nodes report in every few seconds; only what matters to the network is worth a command.
		wanted := fingerprint(nodes)
		if wanted == applied {
			return nil
		}
		if err := apply(self, nodes); err != nil {
			return err
		}
		applied = wanted
		return nil
	}, nodes)
}

func fingerprint(nodes map[string]node) string {
	lines := make([]string, 0, len(nodes))
	for name, n := range nodes {
		lines = append(lines, name+" "+n.Spec.PodCIDR+" "+n.address())
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// apply brings this node's routes, masquerading and CNI configuration in line with the nodes.
func apply(self string, nodes map[string]node) error {
	ranges := []string{}
	routes := map[string]string{}
	for name, n := range nodes {
		if n.Spec.PodCIDR == "" || n.address() == "" {
			continue
		}
		ranges = append(ranges, n.Spec.PodCIDR)
		if name != self {
			routes[n.Spec.PodCIDR] = n.address()
		}
	}
	own := nodes[self].Spec.PodCIDR
	if own == "" {
		return nil // the controller manager gives it a range soon, and we hear of that
	}
	slices.Sort(ranges)
	// The configuration comes last: it makes the node Ready, so everything else must work by then.
	return errors.Join(setRoutes(routes), setMasquerade(own, ranges), setNetwork(own))
}

func setRoutes(wanted map[string]string) error {
	for to, via := range wanted {
		if _, err := run("", "ip", "route", "replace", to, "via", via, "proto", mark); err != nil {
			return err
		}
	}
	present, err := run("", "ip", "route", "show", "proto", mark)
	if err != nil {
		return err
	}
	for _, line := range strings.Split(strings.TrimSpace(present), "\n") {
		to, _, _ := strings.Cut(line, " ")
		if _, keep := wanted[to]; keep || to == "" {
			continue
		}
		if _, err := run("", "ip", "route", "del", to, "proto", mark); err != nil {
			return err
		}
	}
	return nil
}

// setMasquerade hides the addresses of this node's pods from everything that is not a pod: no one else has a way back
// to them. Written in one transaction; the jump into our chain is added once.
func setMasquerade(own string, ranges []string) error {
	rules := []string{"*nat", ":" + chain + " - [0:0]"}
	for _, pods := range ranges {
		rules = append(rules, "-A "+chain+" -d "+pods+" -j RETURN")
	}
	rules = append(rules, "-A "+chain+" -j MASQUERADE", "COMMIT", "")
	if _, err := run(strings.Join(rules, "\n"), "iptables-restore", "--wait", "5", "--noflush"); err != nil {
		return err
	}
	jump := []string{"POSTROUTING", "-s", own, "-j", chain}
	if _, err := run("", "iptables", append([]string{"-w", "5", "-t", "nat", "-C"}, jump...)...); err == nil {
		return nil
	}
	_, err := run("", "iptables", append([]string{"-w", "5", "-t", "nat", "-A"}, jump...)...)
	return err
}

// setNetwork writes the CNI configuration in one step: containerd reads it the moment it appears.
func setNetwork(own string) error {
	config, err := json.MarshalIndent(map[string]any{
		"cniVersion": "0.3.1",
		"name":       "bexnet",
		"plugins": []any{
			map[string]any{"type": "ptp", "ipMasq": false, "ipam": map[string]any{
				"type":    "host-local",
				"dataDir": "/run/cni-ipam-state",
				"routes":  []any{map[string]string{"dst": "0.0.0.0/0"}},
				"ranges":  []any{[]any{map[string]string{"subnet": own}}},
			}},
			map[string]any{"type": "portmap", "capabilities": map[string]bool{"portMappings": true}},
		},
	}, "", "  ")
	if err != nil {
		return err
	}
	path := host + network
	if present, err := os.ReadFile(path); err == nil && string(present) == string(config) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", config, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// run executes one of the node's own programs, so that ip and iptables need not be in our image.
func run(stdin, name string, args ...string) (string, error) {
	command := &exec.Cmd{
		Path:        "/usr/sbin/" + name,
		Args:        append([]string{name}, args...),
		Dir:         "/",
		Env:         []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
		Stdin:       strings.NewReader(stdin),
		SysProcAttr: &syscall.SysProcAttr{Chroot: host},
	}
	output, err := command.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(output)))
	}
	return string(output), err
}

type client struct {
	http   http.Client
	server string
}

var serverLine = regexp.MustCompile(`(?m)^\s*server:\s*(\S+)`)

func connect() (*client, error) {
	kubeconfig, err := os.ReadFile(host + "/etc/kubernetes/kubelet.conf")
	if err != nil {
		return nil, err
	}
	found := serverLine.FindSubmatch(kubeconfig)
	if found == nil {
		return nil, errors.New("kubelet.conf names no server")
	}
	authority, err := os.ReadFile(account + "/ca.crt")
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ResponseHeaderTimeout: 5 * time.Second}
	return &client{http.Client{Transport: transport}, string(found[1])}, nil
}

func (c *client) get(ctx context.Context, path string) (*http.Response, error) {
	token, err := os.ReadFile(account + "/token") // read anew each time: kubelet renews it
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+string(token))
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("%s answered %s", path, response.Status)
	}
	return response, nil
}

func (c *client) list(into any) error {
	response, err := c.get(context.Background(), "/api/v1/nodes")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return json.NewDecoder(response.Body).Decode(into)
}

// watch keeps nodes current and calls changed once at the start and after each event.
func (c *client) watch(version string, changed func() error, nodes map[string]node) error {
	if err := changed(); err != nil {
		return err
	}
	// A connection that died in silence must not freeze the network: the watch ends every five minutes at the latest.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	response, err := c.get(ctx, "/api/v1/nodes?watch=1&timeoutSeconds=240&resourceVersion="+version)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	events := json.NewDecoder(response.Body)
	for {
		var event struct {
			Type   string
			Object node
		}
		if err := events.Decode(&event); err != nil {
			return fmt.Errorf("the watch ended: %w", err)
		}
		switch event.Type {
		case "ADDED", "MODIFIED":
			nodes[event.Object.Metadata.Name] = event.Object
		case "DELETED":
			delete(nodes, event.Object.Metadata.Name)
		default:
			return fmt.Errorf("the watch ended with %s", event.Type)
		}
		if err := changed(); err != nil {
			return err
		}
	}
}
