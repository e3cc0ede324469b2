package mask

import (
	"strings"
	"testing"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/stages"
)

func record(data string) engine.Record {
	return engine.Record{Key: "k", Lane: "shard", Seq: "1", Data: engine.Bytes([]byte(data)), Raw: []byte(`{}`)}
}

func open(t *testing.T, options string) engine.Stage {
	t.Helper()
	s, err := newMask(&stages.Settings{Options: []byte(options)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	enginetest.CheckStage(t, open(t, `{"fields":["iban"]}`), []engine.Record{
		record(`{"iban":"DE02","name":"Ada"}`), record(`{"name":"Bob"}`), record(`not JSON`),
	})
}

func TestMask(t *testing.T) {
	s := open(t, `{"fields":["iban","card"]}`)
	out := engine.Apply(t.Context(), s, []engine.Record{record(`{"iban":"DE02 1203","n":12345678901234567890,"text":"<&>"}`)})
	if got, want := string(out.Emitted[0].Data.Bytes()), `{"iban":"***","n":12345678901234567890,"text":"<&>"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOptions(t *testing.T) {
	for options, want := range map[string]string{
		``:                        "fields: is missing",
		`{"fields":[]}`:           "fields: is missing",
		`{"fields":["a",""]}`:     "fields[1]: is not the name of a field",
		`{"field":["a"]}`:         "field: is not an option",
		`{"fields":"everything"}`: "fields: must not be a JSON string",
	} {
		if _, err := newMask(&stages.Settings{Options: []byte(options)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", options, err, want)
		}
	}
}
