//go:build integration

package integration

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/faultproxy"
)

// receiver is a web server. It verifies signatures, and takes one request of each
// Idempotency-Key.
type receiver struct {
	*httptest.Server
	key []byte // of signatures; nil: requests have none

	mu      sync.Mutex
	bodies  map[string]string // by Idempotency-Key
	taken   []string          // bodies, in the order of their first arrival
	repeats int
	wrong   []string
}

func startReceiver(t *testing.T, key []byte) *receiver {
	t.Helper()
	r := &receiver{key: key, bodies: make(map[string]string)}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP implements http.Handler.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the connection is gone
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	id := req.Header.Get("Idempotency-Key")
	before, seen := r.bodies[id]
	switch {
	case id == "":
		r.wrong = append(r.wrong, "a request has no Idempotency-Key")
	case r.key != nil && !verify(r.key, req.Header, body):
		r.wrong = append(r.wrong, "the signature of a request is wrong")
	case seen && before != string(body):
		r.wrong = append(r.wrong, fmt.Sprintf("the key %s carries %s, and before it carried %s", id, body, before))
	case seen:
		r.repeats++
	default:
		r.bodies[id], r.taken = string(body), append(r.taken, string(body))
	}
	w.WriteHeader(http.StatusNoContent)
}

// verify verifies a signature with the steps of docs/http.md.
func verify(key []byte, header http.Header, body []byte) bool {
	at, err := strconv.ParseInt(header.Get("webhook-timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(at, 0)).Abs() > 5*time.Minute {
		return false
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.%s", header.Get("webhook-id"), at, body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(want), []byte(header.Get("webhook-signature")))
}

// records returns the data of the records that arrived, in order.
func (r *receiver) records(t *testing.T, messages bool) (all []string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !messages {
		return slices.Clone(r.taken)
	}
	for _, body := range r.taken {
		var m struct{ Records []json.RawMessage }
		if err := json.Unmarshal([]byte(body), &m); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		for _, data := range m.Records {
			all = append(all, string(data))
		}
	}
	return all
}

// webFaults are the faults of a server, one after another: every sixth request has one. In
// the middle the server goes away.
type webFaults struct {
	proxy *faultproxy.Proxy
	leave int // the request at which the server goes away

	mu      sync.Mutex
	again   time.Time // when the next request may come; zero: at any time
	early   int       // requests that came before
	answers map[string]int
}

func (f *webFaults) fault(n int) *faultproxy.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Now().Before(f.again) {
		f.early++
	}
	f.again = time.Time{}
	if n == f.leave {
		go f.proxy.Refuse()
		return &faultproxy.Fault{Cut: faultproxy.CutReset}
	}
	if n%6 != 0 {
		return nil
	}
	status := func(code int, header string) *faultproxy.Fault {
		text := fmt.Appendf(nil, "HTTP/1.1 %d %s\r\n%sContent-Length: 0\r\n\r\n", code, http.StatusText(code), header)
		return &faultproxy.Fault{Answer: func(int) []byte { return text }}
	}
	names := []string{"reset", "429", "cut", "503", "late", "lost"}
	name := names[n/6%len(names)]
	f.answers[name]++
	switch name {
	case "reset":
		return &faultproxy.Fault{Reset: true}
	case "429":
		f.again = time.Now().Add(time.Second)
		return status(http.StatusTooManyRequests, "Retry-After: 1\r\n")
	case "cut":
		return &faultproxy.Fault{Cut: faultproxy.CutEnd}
	case "503":
		return status(http.StatusServiceUnavailable, "")
	case "late":
		<-time.After(200 * time.Millisecond)
		return nil
	}
	return &faultproxy.Fault{Cut: faultproxy.CutReset}
}

// TestWebServerBehindFaults delivers to a web server that fails, goes away and comes back, with
// instances of the function that know nothing of each other. Nothing is lost, the records of a key
// arrive in order, an Idempotency-Key has the same records in every request, and signatures are right.
func TestWebServerBehindFaults(t *testing.T) {
	s := connect(t)
	key := bytes.Repeat([]byte{1, 254, 7}, 11)
	secret := must(s.secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("webhook"), SecretString: aws.String(`{"key":"whsec_` + base64.StdEncoding.EncodeToString(key) + `"}`),
	}))(t)
	cert, private := certificate(t)
	pair := must(tls.LoadX509KeyPair(cert, private))(t)
	for _, c := range []struct {
		name             string
		secure, messages bool
		target           target
	}{
		{"plain", false, false, target{"collapse": "none", "parallel": false}},
		{"signed", true, false, target{"collapse": "none", "parallel": false, "auth": "hmac", "secret": *secret.ARN}},
		{"messages", true, true, target{"maxRecordBytes": 60, "parallel": false, "auth": "hmac", "secret": *secret.ARN}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var signs []byte
			if c.target["auth"] != nil {
				signs = key
			}
			server := startReceiver(t, signs)
			f := &webFaults{leave: 50, answers: make(map[string]int)}
			f.proxy = must(faultproxy.Start(faultproxy.HTTP, server.Listener.Addr().String()))(t)
			t.Cleanup(f.proxy.Close)
			f.proxy.OnRequest(f.fault)
			scheme := "http://"
			if c.secure {
				scheme = "https://"
				f.proxy.SetCertificate(&pair)
			}
			c.target["type"], c.target["destination"] = "http", scheme+f.proxy.Addr()+"/orders?from=fanout"
			source := arnOf("kinesis", "stream/"+c.name)
			file := targetsFile(t, source, c.target)
			var puts []put
			var want []string
			for i := range 120 {
				p := put{fmt.Sprint("key ", i%5), fmt.Sprintf(`{"key":%d,"n":%d}`, i%5, i)}
				puts, want = append(puts, p), append(want, p.data)
			}
			rounds := deliverUntilDone(t, file, must(os.ReadFile(kinesisEvent(t, source, puts...)))(t), f.proxy, "FANOUT_HTTP_PRIVATE=allow", "AWS_CA_BUNDLE="+cert)

			got := server.records(t, c.messages)
			if diff := cmp.Diff(sorted(want), sorted(slices.Compact(sorted(got)))); diff != "" {
				t.Errorf("records were lost:\n%s", diff)
			}
			if !c.messages && len(got) != len(want) {
				t.Errorf("%d records of new keys; want %d: a record has several keys", len(got), len(want))
			}
			if diff := cmp.Diff(want, firsts(got)); diff != "" {
				t.Errorf("records arrived behind later ones:\n%s", diff)
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.early > 0 || len(server.wrong) > 0 {
				t.Errorf("%d requests came before Retry-After; %q", f.early, server.wrong)
			}
			if rounds < 2 || server.repeats == 0 || len(f.answers) < 5 {
				t.Errorf("%d invocations, %d requests sent twice, faults %v: the server did not fail in every way", rounds, server.repeats, f.answers)
			}
		})
	}
}

// firsts returns the records without those that had arrived before.
func firsts(all []string) (first []string) {
	for _, data := range all {
		if !slices.Contains(first, data) {
			first = append(first, data)
		}
	}
	return first
}

// deliverUntilDone sends an event to the function as Lambda does, each time to a new instance, until no
// record fails. After a failure the proxy's server is back. It returns the number of invocations.
func deliverUntilDone(t *testing.T, file string, event []byte, proxy *faultproxy.Proxy, env ...string) int {
	t.Helper()
	var all struct{ Records []json.RawMessage }
	if err := json.Unmarshal(event, &all); err != nil {
		t.Fatal(err)
	}
	from := 0
	for round := 1; ; round++ {
		invoke := startFunction(t, file, env...)
		answer := invoke(must(json.Marshal(map[string]any{"Records": all.Records[from:]}))(t), 20*time.Second)
		number, failed := strings.CutPrefix(answer, `{"batchItemFailures":[{"itemIdentifier":"`)
		if !failed {
			if answer != `{"batchItemFailures":[]}` {
				t.Fatal(answer)
			}
			return round
		}
		from = must(strconv.Atoi(strings.TrimSuffix(number, `"}]}`)))(t) - 100 // as kinesisEvent numbers them
		if round == 5 {
			t.Fatalf("record %d failed in the fifth invocation", from)
		}
		if err := proxy.Listen(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWebServerInsideNetwork asserts that the function connects to this machine only if that is allowed.
func TestWebServerInsideNetwork(t *testing.T) {
	server := startReceiver(t, nil)
	for _, host := range []string{"127.0.0.1", "localhost"} {
		source := arnOf("kinesis", "stream/"+host)
		file := targetsFile(t, source, target{
			"type": "http", "destination": strings.Replace(server.URL, "127.0.0.1", host, 1), "collapse": "none",
		})
		event := must(os.ReadFile(kinesisEvent(t, source, put{"a", `"` + host + `"`})))(t)
		for private, want := range map[string]string{
			"": `{"batchItemFailures":[{"itemIdentifier":"100"}]}`, "FANOUT_HTTP_PRIVATE=refuse": `{"batchItemFailures":[{"itemIdentifier":"100"}]}`,
			"FANOUT_HTTP_PRIVATE=allow": `{"batchItemFailures":[]}`,
		} {
			before := len(server.records(t, false))
			answer := startFunction(t, file, private)(event, patience)
			if got := len(server.records(t, false)) - before; answer != want || (got == 1) != strings.HasSuffix(private, "allow") {
				t.Errorf("%s with %q: %s, and %d records arrived", host, private, answer, got)
			}
		}
	}
}
