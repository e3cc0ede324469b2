//go:build integration

package integration

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// nobody is an account without rights. OpenSearch does not run as root.
const nobody = 65534

// newOpenSearch sets up an OpenSearch server with its own data.
func newOpenSearch() (*server, error) {
	home := filepath.Join(os.Getenv("FANOUT_SERVERS"), "opensearch")
	own, err := os.MkdirTemp(home, "node")
	if err != nil {
		return nil, err
	}
	addr, transport := freeAddr(), freeAddr()
	_, port, _ := net.SplitHostPort(addr)
	_, transportPort, _ := net.SplitHostPort(transport)
	config := strings.Join([]string{
		"discovery.type: single-node", "network.host: 127.0.0.1",
		"http.port: " + port, "transport.port: " + transportPort,
		"path.data: " + filepath.Join(own, "data"), "path.logs: " + filepath.Join(own, "logs"),
		"cluster.routing.allocation.disk.threshold_enabled: false",
	}, "\n")
	s := &server{addr: addr, argv: []string{
		"java", "-Xms512m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.security.manager=allow",
		"-Dopensearch.path.home=" + home, "-Dopensearch.path.conf=" + own, "-Djava.io.tmpdir=" + own,
		"-Dlog4j2.disable.jmx=true", "-cp", filepath.Join(home, "lib", "*"), "org.opensearch.bootstrap.OpenSearch",
	}}
	for name, text := range map[string]string{"opensearch.yml": config, "log4j2.properties": ""} {
		if err := os.WriteFile(filepath.Join(own, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	if os.Getuid() != 0 {
		return s, nil
	}
	s.attr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	for _, path := range []string{own, filepath.Join(own, "opensearch.yml"), filepath.Join(own, "log4j2.properties")} {
		if err := os.Chown(path, nobody, nobody); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// shared is the OpenSearch server of all tests that do not stop it. TestMain stops it.
var shared struct {
	sync.Mutex
	search *server
}

// openSearch returns the address of the shared server, and starts it if necessary.
func openSearch(t *testing.T) string {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.search == nil {
		s := must(newOpenSearch())(t)
		if err := s.start(); err != nil {
			t.Fatal(err)
		}
		shared.search = s
	}
	return shared.search.addr
}

func stopShared() {
	if shared.search != nil {
		shared.search.stop(syscall.SIGKILL)
	}
}

// documents returns the documents of an index by _id.
func documents(t *testing.T, addr, index string) map[string]string {
	t.Helper()
	ask(t, http.MethodPost, "http://"+addr+"/"+index+"/_refresh")
	var found struct {
		Hits struct {
			Hits []struct {
				ID     string          `json:"_id"`
				Source json.RawMessage `json:"_source"`
			}
		}
	}
	answer := ask(t, http.MethodGet, "http://"+addr+"/"+index+"/_search?size=10000")
	if err := json.Unmarshal(answer, &found); err != nil {
		t.Fatal(err)
	}
	docs := make(map[string]string)
	for _, h := range found.Hits.Hits {
		docs[h.ID] = string(h.Source)
	}
	return docs
}

// ask makes a request and returns the body of the answer, which must be 200.
func ask(t *testing.T, method, url string) []byte {
	t.Helper()
	req := must(http.NewRequestWithContext(t.Context(), method, url, nil))(t)
	req.Close = true // no connection outlives the test
	resp := must(http.DefaultClient.Do(req))(t)
	defer resp.Body.Close()
	body := must(io.ReadAll(resp.Body))(t)
	if resp.StatusCode != http.StatusOK {
		t.Fatal(fmt.Errorf("%s %s: %s: %s", method, url, resp.Status, body))
	}
	return body
}
