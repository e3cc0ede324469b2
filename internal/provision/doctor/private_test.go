package doctor

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// A web server inside a network is refused unless the function's FANOUT_HTTP_PRIVATE allows it.
func TestPrivateHost(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the server got a request") }))
	defer server.Close()
	for private, want := range map[string]Status{"": Error, "refuse": Error, "allow": OK} {
		a := healthy()
		a.add("hook", "http", server.URL)
		if private != "" {
			a.set("FANOUT_HTTP_PRIVATE", private)
		}
		found := examine(t, a)
		i := slices.IndexFunc(found, func(f Finding) bool {
			return f.Check == "target" && strings.HasSuffix(f.Subject, "/hook") && f.Status != Warning
		})
		if i < 0 {
			if want != OK {
				t.Errorf("%q: nothing is found", private)
			}
			continue
		}
		f := found[i]
		if f.Status != want || want == Error && (!strings.Contains(f.Text, "is not allow") || !strings.Contains(f.Do, "deploy --env FANOUT_HTTP_PRIVATE=allow")) {
			t.Errorf("%q: %+v", private, f)
		}
	}
}
