//go:build integration

package integration

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// nine has a target of each of the nine types, on real servers.
type nine struct {
	services
	name             string // of stream, bucket, queues, index, topics and function
	redis, memcached *server
	search           string // address
}

func newNine(t *testing.T, name string) nine {
	t.Helper()
	n := nine{
		services: connect(t), name: name,
		redis: startRedis(t), memcached: startMemcached(t), search: openSearch(t),
	}
	n.createStream(t, name, 2)
	n.createDeliveryStream(t, name)
	n.createQueue(t, name)
	n.createFunction(t, name)
	n.createTopic(t, name+"-topic")
	return n
}

// targets returns a target of each type, with the attributes more. Targets that show the
// order of a key's records are set to keep it.
func (n nine) targets(more target) []target {
	all := []target{
		{"type": "kinesis", "destination": n.name, "parallel": false},
		{"type": "firehose", "destination": n.name, "appendNewlines": true},
		{"type": "sqs", "destination": arnOf("sqs", n.name), "collapse": "none"},
		{"type": "sns", "destination": arnOf("sns", n.name+"-topic"), "collapse": "none"},
		{"type": "es", "destination": "http://" + n.search + "#" + n.name, "parallel": false},
		{"type": "iot", "destination": "data.iot.eu-west-1.amazonaws.com#" + n.name, "collapse": "none"},
		{"type": "lambda", "destination": n.name},
		{"type": "redis", "destination": n.redis.addr, "parallel": false},
		{"type": "memcached", "destination": n.memcached.addr, "parallel": false},
	}
	for _, t := range all {
		maps.Copy(t, more)
	}
	return all
}

// check compares the content of every target. For a stream of changes the index holds
// items, and otherwise every record.
func (n nine) check(t *testing.T, want expected, changes bool) {
	t.Helper()
	same := func(where string, want, got any) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", where, diff)
		}
	}
	same("kinesis", want.byKey, n.streamData(t, n.name))
	same("firehose", sorted(want.data), sorted(strings.Split(strings.TrimSuffix(n.bucketData(t, n.name), "\n"), "\n")))
	same("sqs", sorted(want.data), sorted(n.messages(t, n.name)))
	same("sns", sorted(want.data), sorted(n.messages(t, n.name+"-topic")))
	docs := documents(t, n.search, n.name)
	if changes {
		same("es", want.latest, docs)
	} else {
		same("es", sorted(want.data), slices.Sorted(maps.Values(docs)))
	}
	same("iot", sorted(want.data), sorted(recorded(t, "/topics/"+n.name)))
	var invoked []string
	for _, event := range recorded(t, "/2015-03-31/functions/"+n.name+"/invocations") {
		invoked = append(invoked, recordsOf(t, event)...)
	}
	same("lambda", sorted(want.data), sorted(invoked))
	same("redis", want.latest, dialRedis(t, n.redis.addr, nil).data(t))
	same("memcached", memcachedKeys(want.latest), memcachedData(t, n.memcached.addr))
}

// recordsOf returns the data of the records in a function's event: the data of Kinesis
// records, and the new images of changes, or their keys. Other records are their own data.
func recordsOf(t *testing.T, event string) (data []string) {
	t.Helper()
	var e struct{ Records []json.RawMessage }
	if err := json.Unmarshal([]byte(event), &e); err != nil {
		t.Fatal(err)
	}
	for _, raw := range e.Records {
		var r struct {
			Kinesis  *struct{ Data []byte }
			DynamoDB *struct{ Keys, NewImage json.RawMessage }
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatal(err)
		}
		switch {
		case r.Kinesis != nil:
			raw = r.Kinesis.Data
		case r.DynamoDB != nil && r.DynamoDB.NewImage != nil:
			raw = r.DynamoDB.NewImage
		case r.DynamoDB != nil:
			raw = r.DynamoDB.Keys
		}
		data = append(data, string(raw))
	}
	return data
}

// recorded returns the bodies of moto's recorded requests for a path, for services whose
// data moto does not return.
func recorded(t *testing.T, path string) (bodies []string) {
	t.Helper()
	file := must(os.Open(filepath.Join(os.Getenv("FANOUT_SERVERS"), "recording")))(t)
	defer file.Close()
	for d := json.NewDecoder(file); ; {
		var r struct {
			URL     string
			Body    string
			Encoded bool `json:"body_encoded"`
		}
		if err := d.Decode(&r); errors.Is(err, io.EOF) {
			return bodies
		} else if err != nil {
			t.Fatal(err)
		}
		if must(url.Parse(r.URL))(t).Path != path {
			continue
		}
		if r.Encoded {
			r.Body = string(must(base64.StdEncoding.DecodeString(r.Body))(t))
		}
		bodies = append(bodies, r.Body)
	}
}
