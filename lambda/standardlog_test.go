package lambda_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"unicode"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"fanout/lambda"
)

// hostile are characters that act on a terminal or make lines.
const hostile = "a\x1b[2J\x1b]0;t\x07\nb\u009b31m\u202ec\u2028\x7f"

func TestLogIsPlain(t *testing.T) {
	var b bytes.Buffer
	lambda.NewLogger(&b, zapcore.InfoLevel).With(zap.String(hostile, hostile)).Info(hostile, zap.Strings("list", []string{hostile}))
	line, ok := strings.CutSuffix(b.String(), "\n")
	if !ok || strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) || r == '\u202e' || r == '\u2028' }) {
		t.Errorf("%q acts on a terminal", line)
	}
	var back map[string]any
	if err := json.Unmarshal([]byte(line), &back); err != nil || back["msg"] != hostile || back[hostile] != hostile {
		t.Errorf("%s: %v", line, err)
	}
}

func TestStandardLog(t *testing.T) {
	var b bytes.Buffer
	l := log.New(lambda.StandardLog(&b), "", 0)
	l.Print(`{"errorMessage":"no"}`)
	l.Print(hostile)
	l.Print(`Unsolicited response received on idle HTTP channel starting with "secret"; err=<nil>`)
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 3 || lines[0] != `{"errorMessage":"no"}` || strings.Contains(b.String(), "secret") {
		t.Fatalf("the log is %s", &b)
	}
	for i, want := range []string{strings.TrimSpace(hostile), "Unsolicited response received on idle HTTP channel"} {
		var back map[string]any
		if err := json.Unmarshal([]byte(lines[i+1]), &back); err != nil || back["message"] != want || back["level"] != "warn" {
			t.Errorf("%s: %v; want the message %q", lines[i+1], err, want)
		}
	}
}

// watched is a writer that says when it was written to.
type watched struct {
	bytes.Buffer
	once sync.Once
	done chan struct{}
}

func (w *watched) Write(p []byte) (int, error) {
	defer w.once.Do(func() { close(w.done) })
	return w.Buffer.Write(p)
}

// Unexpected data from a server does not reach the log.
func TestUnsolicitedResponse(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	goOn := make(chan struct{})
	go func() {
		conn, err := server.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		<-goOn
		_, _ = io.WriteString(conn, "\x1b[2Jstray")
		_, _ = conn.Read(make([]byte, 1)) // until the client has closed it
	}()
	w := &watched{done: make(chan struct{})}
	before, flags := log.Writer(), log.Flags()
	log.SetOutput(lambda.StandardLog(w))
	log.SetFlags(0)
	defer func() { log.SetOutput(before); log.SetFlags(flags) }()
	client := http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	res, err := client.Get("http://" + server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	close(goOn)
	<-w.done
	if got := w.String(); !json.Valid([]byte(got)) || strings.Contains(got, "stray") {
		t.Errorf("the log has %q", got)
	}
}
