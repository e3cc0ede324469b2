package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fanout/engine/plain"
	"fanout/internal/testing/clitest"
)

// No text from outside controls a terminal, wherever it is printed. A name cannot start
// a new line.
func TestNothingActsOnTheTerminal(t *testing.T) {
	for name, value := range clitest.ClientEnv("http://127.0.0.1:1", "http://127.0.0.1:1") {
		t.Setenv(name, value)
	}
	clitest.CheckHarmless(t, map[string]func(w *bytes.Buffer){
		"error": func(w *bytes.Buffer) {
			execute([]string{"run", "--targets", "no", "--event", clitest.Hostile}, nil, w, w)
			execute([]string{clitest.Hostile}, nil, w, w)
			execute([]string{"run", "--" + clitest.Hostile}, nil, w, w)
		},
		"plan and faults": func(w *bytes.Buffer) {
			file := filepath.Join(t.TempDir(), "targets.json")
			targets, err := json.Marshal(map[string]any{"targets": []map[string]any{
				{"sourceArn": clitest.Orders, "id": clitest.Forged, "type": "file", "destination": clitest.Hostile, "active": true, clitest.Forged: 1},
				{"sourceArn": clitest.Orders, "id": clitest.Forged + "2", "type": clitest.Forged, "destination": clitest.Forged, "role": "arn:aws:iam::123456789012:role/" + clitest.Hostile, "active": true},
			}})
			if err == nil {
				err = os.WriteFile(file, []byte(plain.Text(string(targets))), 0o600) // YAML takes no control characters
			}
			if err == nil {
				err = os.WriteFile(file+".event", clitest.KinesisEvent(1, 1), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			execute([]string{"run", "--targets", file, "--event", file + ".event", "--explain"}, nil, w, w)
			if !strings.Contains(w.String(), "✗ ") {
				t.Errorf("no fault is in %s", w)
			}
		},
	})
}

// Text from a server cannot start a new line, on any path to the user.
func TestErrorsOfServersAreOneLine(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": "ValidationException", "message": clitest.Hostile + "\nall is well"})
	}))
	defer s.Close()
	for name, value := range clitest.ClientEnv(s.URL, s.URL) {
		t.Setenv(name, value)
	}
	event := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(event, clitest.KinesisEvent(1, 1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"list"}, {"run", "--table", "t", "--event", event}, {"hook", "--source-arn", clitest.Orders}, {"doctor"}} {
		var w bytes.Buffer
		execute(args, nil, &w, &w)
		if w.Len() == 0 || clitest.Acts(w.String()) || strings.Contains(w.String(), "\nfanout: all is well") {
			t.Errorf("%q: %s", args, w.String())
		}
	}
}
