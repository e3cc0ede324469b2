// Package console shows the status of a function as a web page, to browsers on this machine
// alone. It is read only.
package console

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"path"
	"strings"
	"time"

	"fanout/internal/provision/status"
)

// Console is a web page with the status of a function.
type Console struct {
	// Read reads the status, at most once in Every.
	Read  func(context.Context) (*status.Snapshot, error)
	Every time.Duration
	Late  time.Duration // the age from which records are late

	token string
	cache *cache
}

// assets are the page, its scripts and its style. They load nothing from anywhere.
//
//go:embed assets
var assets embed.FS

// kinds are the content types of assets. The table of the system may have others.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

// policy is the Content-Security-Policy: the page's own files, and nothing inline.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Serve serves the page on a listener until ctx ends. It calls ready with the page's address
// and the token in it.
//
// Errors: the listener fails.
func (c *Console) Serve(ctx context.Context, l net.Listener, ready func(url string)) error {
	c.token = rand.Text()
	c.cache = newCache(func() (*status.Snapshot, error) { return c.Read(ctx) }, c.Every)
	s := http.Server{Handler: c.handler(l.Addr().String()), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		_ = s.Close() // no answer is worth waiting for
	})
	ready("http://" + l.Addr().String() + "/?token=" + c.token)
	err := s.Serve(l)
	if !stop() {
		<-ended
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// handler serves the page at an address.
func (c *Console) handler(addr string) http.Handler {
	_, port, _ := net.SplitHostPort(addr)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { serveAsset(w, "index.html") })
	mux.HandleFunc("GET /{name}", func(w http.ResponseWriter, r *http.Request) { serveAsset(w, r.PathValue("name")) })
	mux.HandleFunc("GET /status.json", c.serveStatus)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		switch {
		case !ours(r.Host, addr, port):
			// Another name for this address would let its owner's page read this one (DNS
			// rebinding).
			http.Error(w, "this page is at "+addr, http.StatusMisdirectedRequest)
		case !c.allowed(w, r, "fanout-"+port):
			http.Error(w, "open the address that fanout ui printed, with its token", http.StatusUnauthorized)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// ours reports whether the Host of a request names this server.
func ours(host, addr, port string) bool { return host == addr || host == "localhost:"+port }

// allowed reports whether a request has the token: in the address, or later in a cookie.
// Cookies ignore the port, so it is in the cookie's name.
func (c *Console) allowed(w http.ResponseWriter, r *http.Request, cookie string) bool {
	if c.is(r.URL.Query().Get("token")) {
		http.SetCookie(w, &http.Cookie{Name: cookie, Value: c.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode}) //nolint:gosec // there is no TLS on loopback
		return true
	}
	had, err := r.Cookie(cookie)
	return err == nil && c.is(had.Value)
}

// is compares a token in constant time.
func (c *Console) is(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(c.token)) == 1
}

func serveAsset(w http.ResponseWriter, name string) {
	data, err := assets.ReadFile("assets/" + name)
	kind := kinds[path.Ext(name)]
	if err != nil || kind == "" || strings.Contains(name, "/") {
		http.Error(w, "there is no such page", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(data) //nolint:gosec // files of the command; an error means that the browser is gone
}

// answer is status.json.
type answer struct {
	Status *status.Snapshot `json:"status"`
	Trends []trends         `json:"trends"` // one for each source of the status
	Step   float64          `json:"stepSeconds"`
	Late   float64          `json:"lateSeconds"`
	Every  float64          `json:"everySeconds"`
	Fault  string           `json:"fault"` // why Status is old; "": it is not
}

// trends are a source's values for each step, -1 where there is none.
type trends struct {
	Ages    []float64 `json:"ages"` // in seconds
	Targets []target  `json:"targets"`
}

type target struct {
	Delivered []float64 `json:"delivered"`
	Diverted  []float64 `json:"diverted"`
	Failed    []float64 `json:"failed"`
}

func (c *Console) serveStatus(w http.ResponseWriter, r *http.Request) {
	s, fault := c.cache.get(r.Context())
	a := answer{Status: s, Trends: []trends{}, Late: c.Late.Seconds(), Every: c.Every.Seconds(), Fault: fault}
	if s != nil {
		a.Step = s.Step.Seconds()
		for i := range s.Sources {
			t := trends{Ages: s.Sources[i].Ages, Targets: []target{}}
			for k := range s.Sources[i].Targets {
				t.Targets = append(t.Targets, target(s.Sources[i].Targets[k].Trend))
			}
			a.Trends = append(a.Trends, t)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(a) // the browser is gone
}
