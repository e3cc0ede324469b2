package iot

import (
	"strings"
	"testing"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/internal/sinktest"
)

// Each message goes to the topic of its record.
func TestPlaces(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	s := New(cfg, "", "sensors/${.id}/${$key}")
	for data, says := range map[string]string{
		`{"id":7}`:     "",
		`{"id":"a b"}`: "",
		`{}`:           "no value for the place ${.id}",
		`{"id":"+"}`:   "make no topic for the record",
		`{"id":"` + strings.Repeat("x", 300) + `"}`: "make no topic for the record",
		`text`: "expected an object but got string",
	} {
		o := s.Send(t.Context(), []engine.Record{{Key: "k", Data: engine.Bytes([]byte(data))}})
		if err := o.Err(0); (err == nil) != (says == "") || err != nil && (!strings.Contains(err.Error(), says) || engine.ClassOf(err) != engine.Permanent) {
			t.Errorf("%.20s: %v; want %q", data, err, says)
		}
	}
	if o := New(cfg, "", "a/$${b}").Send(t.Context(), []engine.Record{{}}); !o.OK() || len(fake.Records("iot/a/${b}")) != 1 {
		t.Errorf("an escaped place: %v", o.Err(0))
	}
	if len(fake.Records("iot/sensors/7/k")) != 1 || len(fake.Records("iot/sensors/a b/k")) != 1 || len(fake.Calls()) != 3 {
		t.Errorf("%d calls", len(fake.Calls()))
	}
}

// A record does not choose a topic that AWS IoT acts on.
func TestReservedTopics(t *testing.T) {
	_, cfg := sinktest.Start(t)
	for topic, says := range map[string]string{
		"${.id}":              "reserved topic",
		"${.id}/$x":           "reserved topic",
		"$aws/rules/r/${.id}": "",
		"$${x}/${.id}":        "",
		"a/${.id}":            "",
	} {
		o := New(cfg, "", topic).Send(t.Context(), []engine.Record{{Data: engine.Bytes([]byte(`{"id":"$aws/x"}`))}})
		if err := o.Err(0); (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; want %q", topic, err, says)
		}
	}
}

func TestParsePlaces(t *testing.T) {
	for text, want := range map[string]string{
		"host#sensors/${.id}":                         "",
		"host#sensors/${.id":                          "has a fault in its topic: line 1, column 9: the place has no end",
		"host#sensors/${.id}/+":                       "has a wildcard",
		"host#" + strings.Repeat("x", 260) + "${.id}": "longer than 256 bytes",
	} {
		if _, err := Parse(text); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.30s: %v; want %q", text, err, want)
		}
	}
}

// The role may publish to every topic that the places can make, and to no other.
func TestPlacesRights(t *testing.T) {
	at := sinks.Place{Partition: "aws", Region: "eu-west-1", Account: "123456789012"}
	for topic, want := range map[string]string{"sensors/*/${.id}/new": "sensors/${*}/*/new", "a/$${b}": "a/${$}{b}"} {
		got, err := rights(at, &sinks.Spec{Destination: sinks.Destination{Topic: topic}})
		if err != nil || got[0].Resource != "arn:aws:iot:eu-west-1:123456789012:topic/"+want {
			t.Errorf("%v, %v; want %s", got, err, want)
		}
	}
}
