package main

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	"fanout/bench"
)

func TestScan(t *testing.T) {
	event := bench.Kinesis(20, 100, 5)
	var want struct {
		Records []struct {
			Kinesis struct{ PartitionKey, Data string }
		}
	}
	if err := json.Unmarshal(event, &want); err != nil {
		t.Fatal(err)
	}
	got := scan(event, nil)
	if len(got) != 20 {
		t.Fatalf("%d records", len(got))
	}
	for i, r := range want.Records {
		if string(got[i].key) != r.Kinesis.PartitionKey || string(got[i].data) != r.Kinesis.Data {
			t.Errorf("record %d is %s %s", i, got[i].key, got[i].data)
		}
		data, err := base64.StdEncoding.DecodeString(r.Kinesis.Data)
		if err != nil {
			t.Fatal(err)
		}
		var back string
		if err := json.Unmarshal(append(escape([]byte(`"`), data), '"'), &back); err != nil || back != string(data) {
			t.Errorf("escaped %q, %v", back, err)
		}
	}
}
