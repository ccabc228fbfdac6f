// Runs a program that reaches one host and nothing else: it has no network but a proxy, which is this process.
//
// usage: agent_proxy HOST[:PORT] COMMAND...
//
// The program is in a network namespace with nothing in it but lo. What it connects to at 127.0.0.1:3128 there, this process
// accepts here: the listening socket was made inside and handed over. So nothing else is needed: no interface, no relay
// program, no second namespace. Unix sockets that have a path are files: give the program a root of its own where there are some,
// as build_sandbox does.
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"forkexec"
)

const address = "127.0.0.1:3128"

func sandbox() *forkexec.Attr {
	return &forkexec.Attr{
		CreateNamespaces: forkexec.NamespaceUser | forkexec.NamespaceNet | forkexec.NamespacePID | forkexec.NamespaceIPC,
		UIDMap:           []forkexec.IDMap{{Inside: os.Geteuid(), Outside: os.Geteuid(), Count: 1}},
		GIDMap:           []forkexec.IDMap{{Inside: os.Getegid(), Outside: os.Getegid(), Count: 1}},
		Init:             true,
		Loopback:         true,
		Listen:           []forkexec.ListenAddress{{Network: "tcp", Address: address}},
		DropCapabilities: true,
		NoNewPrivs:       true,
	}
}

// A proxy knows HTTP's CONNECT and plain requests, for one host.
type proxy struct {
	host  string
	ports []string
	plain *httputil.ReverseProxy
}

func newProxy(allowed string) *proxy {
	p := &proxy{host: allowed, ports: []string{"80", "443"}}
	if host, port, err := net.SplitHostPort(allowed); err == nil {
		p.host, p.ports = host, []string{port}
	}
	// Not http.DefaultTransport, which goes by way of the proxies that this process's environment names.
	p.plain = &httputil.ReverseProxy{Rewrite: func(*httputil.ProxyRequest) {}, Transport: &http.Transport{}}
	return p
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tunnel := r.Method == http.MethodConnect
	host, port := r.URL.Hostname(), r.URL.Port()
	if port == "" {
		port = "80"
	}
	if !strings.EqualFold(host, p.host) || !slices.Contains(p.ports, port) {
		fmt.Fprintf(os.Stderr, "refused: %s %s\n", r.Method, r.URL.Host)
		http.Error(w, "not this host", http.StatusForbidden)
		return
	}
	if !tunnel {
		p.plain.ServeHTTP(w, r)
		return
	}
	there, err := net.DialTimeout("tcp", net.JoinHostPort(p.host, port), 30*time.Second)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer there.Close()
	here, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer here.Close()
	io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() {
		io.Copy(there, buffered)
		there.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(here, there)
}

func run(allowed string, command []string) error {
	cmd := forkexec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Attr = sandbox()
	cmd.Env = os.Environ()
	for _, name := range []string{"http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"} {
		cmd.Env = append(cmd.Env, name+"=http://"+address)
	}
	cmd.Env = append(cmd.Env, "no_proxy=", "NO_PROXY=")
	if err := cmd.Start(); err != nil {
		return err
	}
	listener, err := cmd.Child().Listener(0)
	if err != nil {
		cmd.KillTree()
		cmd.Wait()
		return err
	}
	server := &http.Server{Handler: newProxy(allowed), ReadHeaderTimeout: 30 * time.Second}
	go server.Serve(listener)
	defer server.Close()
	return cmd.Wait()
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: agent_proxy HOST[:PORT] COMMAND...")
		os.Exit(2)
	}
	err := run(os.Args[1], os.Args[2:])
	var ended *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &ended):
		if status, ok := ended.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			os.Exit(128 + int(status.Signal()))
		}
		os.Exit(ended.ExitCode())
	default:
		fmt.Fprintf(os.Stderr, "agent_proxy: %v\n", err)
		os.Exit(125)
	}
}
