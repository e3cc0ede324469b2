package watch

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"fanout/internal/provision/status"
)

// ui prints the address of a page that works, and a taken port is an error with a remedy.
func TestUIServes(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	var cmd cobra.Command
	cmd.SetOut(in)
	cmd.SetErr(io.Discard)
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, &cmd, new(status.Reader), 0, time.Minute) }()
	line := make([]byte, 200)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get(strings.TrimSpace(string(line[:n])))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	if err != nil || !bytes.Contains(body, []byte("<title>fanout</title>")) {
		t.Errorf("%v: %s", err, body)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestUITakenPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = serve(t.Context(), new(cobra.Command), new(status.Reader), l.Addr().(*net.TCPAddr).Port, time.Minute)
	if err == nil || !strings.Contains(err.Error(), "; name another one with --port") {
		t.Error(err)
	}
}
