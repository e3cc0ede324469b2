package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"

	"fanout/lambda"
)

// TestEveryType asserts that targets of every type are served, within the process and
// over the network.
func TestEveryType(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const records = 20
	w := Workload{Event: Kinesis(records, 100, 1<<30), Host: l.Addr().String()}
	for _, kind := range Types() {
		w.Targets = append(w.Targets, Target{Type: kind})
	}
	services := new(Services)
	defer services.Serve(l)()
	results, err := handlerFor(t, &w, services, lambda.DefaultOptions()).Handle(t.Context(), bytes.Clone(w.Event))
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range results[0].Report.Targets {
		if target.Delivered != records {
			t.Errorf("target %s: %d of %d delivered: %v", target.ID, target.Delivered, records, target.Failures)
		}
	}
	w.Records = records
	if got, want := services.Acknowledged(), int64(w.Acknowledged()); got != want || got != 3*records {
		t.Errorf("%d records acknowledged, want %d", got, want)
	}
	if n := services.calls[cache].Load(); n < 2*records {
		t.Errorf("the caches had %d commands, want one a record each", n)
	}
}

// TestCaches asserts that a cache answers every command, and closes a connection after an
// invalid command.
func TestCaches(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer new(Services).Serve(l)()
	for sent, want := range map[string]string{
		"*3\r\n$3\r\nset\r\n$1\r\na\r\n$4\r\n\r\n\r\n\r\n": "+OK\r\n",
		"*1\r\n$4\r\nping\r\n":                             "-ERR unknown command\r\n",
		"*x\r\n":                                           "",
		"*1\r\n$x\r\n":                                     "",
		"set a 0 0 4\r\n\r\n\r\n\r\n":                      "STORED\r\n",
		"set a 0 0 x\r\n":                                  "",
		"get a\r\n":                                        "ERROR\r\n",
	} {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(c, strings.Repeat(sent, 2))
		r := bufio.NewReader(c)
		for i := range 2 {
			got, err := r.ReadString('\n')
			if got != want || (err != nil) != (want == "") {
				t.Errorf("answer %d to %q: %q, %v; want %q", i, sent, got, err, want)
			}
		}
		_ = c.Close()
	}
}
