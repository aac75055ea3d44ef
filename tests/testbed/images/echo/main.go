// Command echo is the workload of the testbed's tests: a server that says which pod on which node answered,
// and with `echo get URL` the client that asks it. `echo netexec ...` is the server too: that is how Kubernetes' own
// test image is started, whose place it takes in a smoke test.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// drain is how long a stopping server still answers: until every node has heard that it is no longer an endpoint.
const drain = time.Second

func main() {
	var err error
	switch {
	case len(os.Args) == 1 || os.Args[1] == "netexec":
		err = serve()
	case len(os.Args) == 3 && os.Args[1] == "get":
		err = get(os.Args[2])
	default:
		err = fmt.Errorf("usage: echo | echo get URL")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}

func serve() error {
	var stopping atomic.Bool
	server := &http.Server{Addr: ":8080", Handler: handler(&stopping)}
	term, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-term.Done():
	}
	stopping.Store(true)
	time.Sleep(drain)
	finish, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return server.Shutdown(finish)
}

func handler(stopping *atomic.Bool) http.Handler {
	pod, node := os.Getenv("POD_NAME"), os.Getenv("NODE_NAME")
	if pod == "" {
		pod, _ = os.Hostname()
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "pod=%s node=%s\n", pod, node)
	})
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if stopping.Load() {
			http.Error(w, "stopping", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return mux
}

func get(url string) error {
	client := &http.Client{Timeout: 5 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(os.Stdout, response.Body); err != nil {
		return err
	}
	if response.StatusCode >= 400 {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	return nil
}
