package console

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fanout/internal/provision/status"
)

const addr = "127.0.0.1:8080"

// newConsole returns a page with the token "right", and its handler.
func newConsole(read func(context.Context) (*status.Snapshot, error)) http.Handler {
	c := &Console{Read: read, Every: 30 * time.Second, Late: 15 * time.Minute, token: "right"}
	c.cache = newCache(func() (*status.Snapshot, error) { return read(context.Background()) }, c.Every)
	return c.handler(addr)
}

func ok(context.Context) (*status.Snapshot, error) {
	return &status.Snapshot{Function: "orders", Step: time.Minute, Sources: []status.Source{{
		Name: "kinesis:orders", Ages: []float64{-1, 2}, Targets: []status.Target{{ID: "billing", Trend: status.Trend{Delivered: []float64{-1, 5}}}},
	}}}, nil
}

// get makes a request for a path, with a cookie unless it is "".
func get(h http.Handler, path, cookie string, change ...func(*http.Request)) *http.Response {
	r := httptest.NewRequest(http.MethodGet, "http://"+addr+path, nil)
	if cookie != "" {
		r.AddCookie(&http.Cookie{Name: "fanout-8080", Value: cookie})
	}
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// Nothing is served without the token, to another name, or by another method.
func TestAccess(t *testing.T) {
	h := newConsole(ok)
	host := func(host string) func(*http.Request) { return func(r *http.Request) { r.Host = host } }
	for _, tt := range []struct {
		name, path, cookie string
		change             func(*http.Request)
		want               int
	}{
		{"no token", "/", "", nil, 401},
		{"a wrong token", "/?token=wrong", "", nil, 401},
		{"an empty token", "/?token=", "", nil, 401},
		{"a wrong cookie", "/status.json", "wrong", nil, 401},
		{"a script without a cookie", "/app.js", "", nil, 401},
		{"the token", "/?token=right", "", nil, 200},
		{"the cookie", "/", "right", nil, 200},
		{"data", "/status.json", "right", nil, 200},
		{"localhost", "/", "right", host("localhost:8080"), 200},
		{"another name", "/?token=right", "right", host("evil.example:8080"), 421},
		{"another port", "/", "right", host("127.0.0.1:80"), 421},
		{"a cookie of another port", "/", "", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "fanout-8081", Value: "right"}) }, 401},
		{"a file that is not there", "/none.js", "right", nil, 404},
		{"a file above", "/..%2fconsole.go", "right", nil, 404},
		{"the folder", "/assets/", "right", nil, 404},
		{"a change", "/status.json", "right", func(r *http.Request) { r.Method = http.MethodPost }, 405},
	} {
		change := tt.change
		if change == nil {
			change = func(*http.Request) {}
		}
		if r := get(h, tt.path, tt.cookie, change); r.StatusCode != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, r.StatusCode, tt.want)
		}
	}
}

// The cookie stays on this site, and no answer is kept, framed or read by others.
func TestHeaders(t *testing.T) {
	r := get(newConsole(ok), "/?token=right", "")
	if c := r.Header.Get("Set-Cookie"); c != "fanout-8080=right; Path=/; HttpOnly; SameSite=Strict" {
		t.Errorf("the cookie is %q", c)
	}
	for name, want := range map[string]string{
		"Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
		"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin", "Content-Type": "text/html; charset=utf-8",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
		t.Errorf("the policy allows too much: %s", policy)
	}
}

// Every asset has a type, and none has a script or style inline, or an address elsewhere.
func TestAssets(t *testing.T) {
	err := fs.WalkDir(assets, "assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(assets, name)
		text := strings.ReplaceAll(string(data), "http://www.w3.org/2000/svg", "")
		if kinds[path.Ext(name)] == "" || len(data) > 16_000 {
			t.Errorf("%s: of an unknown type, or %d bytes", name, len(data))
		}
		for _, bad := range []string{"http:", "https:", "//cdn", "style=", "onclick=\"", "innerHTML", "eval(", "<script>", "<style"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s has %s", name, bad)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestStatus(t *testing.T) {
	var got struct {
		Status struct {
			Function string
			Sources  []struct{ Name string }
		}
		Trends []struct {
			Ages    []float64
			Targets []struct{ Delivered []float64 }
		}
		StepSeconds, LateSeconds, EverySeconds float64
	}
	r := get(newConsole(ok), "/status.json", "right")
	if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Status.Function != "orders" || got.Status.Sources[0].Name != "kinesis:orders" || got.Trends[0].Ages[1] != 2 || got.Trends[0].Targets[0].Delivered[1] != 5 ||
		got.StepSeconds != 60 || got.LateSeconds != 900 || got.EverySeconds != 30 {
		t.Errorf("%+v", got)
	}
}

// Ten tabs cost as much as one, and a reading that fails leaves the last one in place.
func TestReadings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reads := 0
		h := newConsole(func(ctx context.Context) (*status.Snapshot, error) {
			reads++
			time.Sleep(2 * time.Second)
			if reads == 2 {
				return nil, errors.New("no answer")
			}
			return ok(ctx)
		})
		ask := func() answer {
			var tabs sync.WaitGroup
			answers := make([]answer, 10)
			for i := range answers {
				tabs.Go(func() {
					if err := json.NewDecoder(get(h, "/status.json", "right").Body).Decode(&answers[i]); err != nil {
						t.Error(err)
					}
				})
			}
			tabs.Wait()
			return answers[9]
		}
		if a := ask(); reads != 1 || a.Status.Function != "orders" || a.Fault != "" {
			t.Errorf("%d readings: %+v", reads, a)
		}
		time.Sleep(30 * time.Second)
		if a := ask(); reads != 2 || a.Status.Function != "orders" || a.Fault != "no answer" {
			t.Errorf("%d readings: %+v", reads, a)
		}
		time.Sleep(30 * time.Second)
		if a := ask(); reads != 3 || a.Fault != "" {
			t.Errorf("%d readings: %+v", reads, a)
		}
	})
}

func TestServe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	c := &Console{Read: ok, Every: time.Second}
	address := make(chan string, 1)
	ended := make(chan error, 1)
	go func() { ended <- c.Serve(ctx, l, func(url string) { address <- url }) }()
	u, err := url.Parse(<-address)
	if err != nil || len(u.Query().Get("token")) < 20 || u.Host != l.Addr().String() {
		t.Fatalf("%v: %s", err, u)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get(u.String())
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatal(err, r)
	}
	_ = r.Body.Close()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
