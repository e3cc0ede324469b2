package memcachedfake_test

import (
	"bufio"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/memcachedfake"
)

func start(t *testing.T, o memcachedfake.Options) (*memcachedfake.Server, net.Conn) {
	t.Helper()
	s, err := memcachedfake.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	c, err := net.Dial("tcp", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return s, c
}

// talk sends text and returns as many lines of the answer as want has.
func talk(t *testing.T, c net.Conn, text, want string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	r := bufio.NewReader(c)
	for range strings.Count(want, "\n") {
		line, err := r.ReadString('\n')
		got.WriteString(line)
		if err != nil {
			break
		}
	}
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("%.40q: (-want +got)\n%s", text, diff)
	}
}

func TestCommands(t *testing.T) {
	s, c := start(t, memcachedfake.Options{MaxItem: 100})
	long := strings.Repeat("k", 251)
	talk(t, c, "set a 0 60 3\r\nx\r\n\r\n", "STORED\r\n")
	talk(t, c, "set a 0 60 2\r\nabc\r\n", "CLIENT_ERROR bad data chunk\r\nERROR\r\n")
	talk(t, c, "set  0 60 1\r\na\r\n", "CLIENT_ERROR bad command line format\r\n")
	talk(t, c, "set "+long+" 0 60 1\r\na\r\n", "CLIENT_ERROR bad command line format\r\n")
	talk(t, c, "set a 0 60 41\r\n"+strings.Repeat("x", 41)+"\r\n", "SERVER_ERROR object too large for cache\r\n")
	talk(t, c, "set b 0 0 40\r\n"+strings.Repeat("x", 40)+"\r\n", "STORED\r\n")
	talk(t, c, "delete b\r\n", "DELETED\r\n")
	talk(t, c, "delete b\r\n", "NOT_FOUND\r\n")
	talk(t, c, "flush_all\r\n", "ERROR\r\n")
	talk(t, c, "set a 0 60 x\r\n", "CLIENT_ERROR bad data chunk\r\n")
	talk(t, c, "config get cluster\r\n", "ERROR\r\n")
	talk(t, c, "get AmazonElastiCache:cluster\r\n", "END\r\n")
	s.SetConfig("1\nh||1\n")
	talk(t, c, "config get cluster\r\n", "CONFIG cluster 0 7\r\n1\nh||1\n\r\nEND\r\n")
	talk(t, c, "get AmazonElastiCache:cluster\r\n", "VALUE AmazonElastiCache:cluster 0 7\r\n1\nh||1\n\r\nEND\r\n")
	want := map[string]memcachedfake.Item{"a": {Data: []byte("x\r\n"), Expiration: "60", Order: 1}}
	if diff := cmp.Diff(want, s.Items()); diff != "" {
		t.Error(diff)
	}
	if got := s.Commands()[0]; got.Verb != "set" || got.Key != "a" || string(got.Data) != "x\r\n" {
		t.Errorf("the first command is %+v", got)
	}
	if s.Connections() != 1 {
		t.Errorf("%d connections; want 1", s.Connections())
	}
}

func TestLogin(t *testing.T) {
	_, c := start(t, memcachedfake.Options{Login: "user pass"})
	talk(t, c, "delete a\r\n", "CLIENT_ERROR unauthenticated\r\n")
	talk(t, c, "set a 0 0 3\r\nabc\r\n", "CLIENT_ERROR bad authentication token format\r\n")
	talk(t, c, "set auth 0 0 3\r\na c\r\n", "CLIENT_ERROR authentication failure\r\n")
	talk(t, c, "set auth 0 0 9\r\nuser pass\r\n", "STORED\r\n")
	talk(t, c, "delete a\r\n", "NOT_FOUND\r\n")
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		fault memcachedfake.Fault
		want  string
		kept  int
	}{
		{memcachedfake.Fault{Answer: "SERVER_ERROR out of memory"}, "SERVER_ERROR out of memory\r\n", 0},
		{memcachedfake.Fault{Drop: true}, "", 0},
		{memcachedfake.Fault{After: true}, "", 1},
	} {
		s, c := start(t, memcachedfake.Options{Old: true})
		s.OnCommand(func(memcachedfake.Command) *memcachedfake.Fault { return &tt.fault })
		if _, err := io.WriteString(c, "set a 0 0 1\r\na\r\n"); err != nil {
			t.Fatal(err)
		}
		if tt.want == "" {
			if b, err := io.ReadAll(c); err != nil || len(b) > 0 {
				t.Errorf("%+v: %q, %v; want a closed connection", tt.fault, b, err)
			}
		} else {
			talk(t, c, "", tt.want)
		}
		if len(s.Items()) != tt.kept {
			t.Errorf("%+v: %d items; want %d", tt.fault, len(s.Items()), tt.kept)
		}
	}
}

func TestHangEndsWithClose(t *testing.T) {
	s, c := start(t, memcachedfake.Options{})
	s.OnCommand(func(memcachedfake.Command) *memcachedfake.Fault { return &memcachedfake.Fault{Hang: true} })
	if _, err := io.WriteString(c, "delete a\r\n"); err != nil {
		t.Fatal(err)
	}
	for len(s.Commands()) == 0 {
		runtime.Gosched()
	}
	s.Close()
	if b, err := io.ReadAll(c); len(b) > 0 {
		t.Errorf("%q, %v; want a closed connection", b, err)
	}
}
