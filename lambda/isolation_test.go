package lambda_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/awsfake"
	"fanout/lambda"
)

// place is the destination of a target's calls, with their region and identity.
type place struct{ destination, region, role, externalID string }

func (p place) key() string {
	if p.role == "" {
		return "AKIAFUNCTION"
	}
	return awsfake.AccessKey(p.role, p.externalID)
}

const (
	reader = "arn:aws:iam::123456789012:role/reader"
	writer = "arn:aws:iam::210987654321:role/writer"
)

// Targets of one type that differ in destination, region, role or external id never share a
// client. Every record goes to its own place with its own permissions, also after the
// targets have swapped places.
func TestTargetsAreNotMixedUp(t *testing.T) {
	types := []string{"kinesis", "firehose", "sqs", "sns"}
	for _, phases := range [][][]place{
		{ // they differ in everything
			{{"a", "eu-west-1", "", ""}, {"b", "us-east-1", reader, ""}, {"c", "ap-south-1", writer, "secret-1"}},
			{{"c", "ap-south-1", writer, "secret-1"}, {"a", "eu-west-1", "", ""}, {"b", "us-east-1", reader, ""}},
		},
		{ // in the destination
			{{"a", "eu-west-1", "", ""}, {"b", "eu-west-1", "", ""}, {"c", "eu-west-1", "", ""}},
			{{"b", "eu-west-1", "", ""}, {"c", "eu-west-1", "", ""}, {"a", "eu-west-1", "", ""}},
		},
		{ // in the region
			{{"a", "eu-west-1", reader, ""}, {"a", "us-east-1", reader, ""}, {"a", "ap-south-1", reader, ""}},
			{{"a", "us-east-1", reader, ""}, {"a", "ap-south-1", reader, ""}, {"a", "sa-east-1", reader, ""}},
		},
		{ // in the role
			{{"a", "eu-west-1", "", ""}, {"a", "eu-west-1", reader, ""}, {"a", "eu-west-1", writer, ""}},
			{{"a", "eu-west-1", writer, ""}, {"a", "eu-west-1", "", ""}, {"a", "eu-west-1", reader, ""}},
		},
		{ // in the external id
			{{"a", "eu-west-1", reader, ""}, {"a", "eu-west-1", reader, "secret-1"}, {"a", "eu-west-1", reader, "secret-2"}},
			{{"a", "eu-west-1", reader, "secret-2"}, {"a", "eu-west-1", reader, "secret-3"}, {"a", "eu-west-1", reader, ""}},
		},
	} {
		t.Run(fmt.Sprint(phases[0]), func(t *testing.T) {
			a := open(t, "targets:", func(o *lambda.Options) { o.ConfigTTL = 1 })
			seen := 0 // calls before the phase
			assumed := map[place]int{}
			for n, places := range phases {
				a.configure(atPlaces(types, places))
				a.deliver(eventForEach(types, n))

				arrived, called := map[string]int{}, map[string]int{}
				for _, name := range a.Destinations() {
					for data := range a.arrivals(name) {
						if strings.HasPrefix(data, fmt.Sprintf("phase %d ", n)) {
							arrived[name+" "+data]++
						}
					}
				}
				for _, c := range a.Calls()[seen:] {
					seen++
					if c.Service == "sts" {
						assumed[place{role: c.Destination, externalID: c.ExternalID}]++
						if c.Region != "eu-west-1" || c.AccessKey != "AKIAFUNCTION" {
							t.Errorf("a role was assumed in %s with the key %s", c.Region, c.AccessKey)
						}
						continue
					}
					called[fmt.Sprint(c.Service, "/", c.Destination, " in ", c.Region, " with ", c.AccessKey)]++
				}
				wantArrived, wantCalled := map[string]int{}, map[string]int{}
				for _, kind := range types {
					for i, p := range places {
						wantArrived[fmt.Sprintf("%s/%s phase %d %s %d", kind, p.destination, n, kind, i)]++
						wantCalled[fmt.Sprint(kind, "/", p.destination, " in ", p.region, " with ", p.key())]++
					}
				}
				if diff := cmp.Diff(wantArrived, arrived); diff != "" {
					t.Errorf("phase %d: records are in the wrong place: %s", n, diff)
				}
				if diff := cmp.Diff(wantCalled, called); diff != "" {
					t.Errorf("phase %d: calls went to the wrong place or with the wrong rights: %s", n, diff)
				}
			}
			want := map[place]int{}
			for _, p := range slices.Concat(phases...) {
				if p.role != "" {
					want[place{role: p.role, externalID: p.externalID}] = 1
				}
			}
			if !maps.Equal(assumed, want) {
				t.Errorf("roles were assumed %v times, want once each of %v", assumed, want)
			}
		})
	}
}

// sourceOf returns a stream used only by the target of a type at a place, to identify its
// records.
func sourceOf(kind string, i int) string {
	return fmt.Sprintf("arn:aws:kinesis:eu-west-1:123456789012:stream/%s-%d", kind, i)
}

// atPlaces writes targets of each type at the places.
func atPlaces(types []string, places []place) string {
	var b strings.Builder
	b.WriteString("targets:\n")
	for _, kind := range types {
		for i, p := range places {
			destination := map[string]string{
				"sqs": "arn:aws:sqs:" + p.region + ":123456789012:", "sns": "arn:aws:sns:" + p.region + ":123456789012:",
			}[kind] + p.destination
			fmt.Fprintf(&b, "- {sourceArn: %q, id: t, type: %s, destination: %q, active: true, region: %s, role: %q, externalId: %q",
				sourceOf(kind, i), kind, destination, p.region, p.role, p.externalID)
			if kind == "sqs" || kind == "sns" {
				b.WriteString(", collapse: none")
			}
			b.WriteString("}\n")
		}
	}
	return b.String()
}

// eventForEach returns an event with one record per target, which names the target.
func eventForEach(types []string, phase int) string {
	var records []eventRecord
	for _, kind := range types {
		for i := range 3 {
			records = append(records, kinesisRecord{sourceOf(kind, i), "shardId-000000000000", "1", "k", fmt.Appendf(nil, "phase %d %s %d", phase, kind, i)})
		}
	}
	return eventOf(records...)
}
