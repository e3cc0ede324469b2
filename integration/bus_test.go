//go:build integration

package integration

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/faultproxy"
)

// createBus makes an event bus. A queue of the same name gets all its events, by a rule.
func (s services) createBus(t *testing.T, name string) {
	t.Helper()
	client := eventbridge.NewFromConfig(s.cfg)
	must(client.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: &name}))(t)
	must(client.PutRule(t.Context(), &eventbridge.PutRuleInput{
		Name: &name, EventBusName: &name, EventPattern: aws.String(`{"account":["` + account + `"]}`),
	}))(t)
	out := must(client.PutTargets(t.Context(), &eventbridge.PutTargetsInput{
		Rule: &name, EventBusName: &name, Targets: []eventbridgetypes.Target{{Id: aws.String("queue"), Arn: aws.String(s.createQueue(t, name))}},
	}))(t)
	if out.FailedEntryCount > 0 {
		t.Fatalf("the rule has no queue: %+v", out.FailedEntries)
	}
}

// busEvent is an event as a rule passes it on.
type busEvent struct {
	Source     string
	DetailType string `json:"detail-type"`
	Detail     any
	Resources  []string
	Time       string
	Region     string
}

// busEvents returns the events that a rule passed on, in order, each once.
func (s services) busEvents(t *testing.T, queue string) (events []busEvent, repeats int) {
	t.Helper()
	for _, text := range s.messages(t, queue) {
		var e busEvent
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if slices.ContainsFunc(events, func(had busEvent) bool { return cmp.Equal(had, e) }) {
			repeats++
			continue
		}
		events = append(events, e)
	}
	return events, repeats
}

// startFlaky puts a proxy that makes faults in front of an address. The test fails if a kind of
// fault never came.
func startFlaky(t *testing.T, address string) *faultproxy.Proxy {
	t.Helper()
	u := newUnreliable("ThrottlingException")
	proxy := must(faultproxy.Start(faultproxy.HTTP, address))(t)
	proxy.OnRequest(u.fault)
	t.Cleanup(func() {
		proxy.Close()
		requests, faulty := proxy.Requests()
		t.Logf("%d requests, %d of them with a fault", requests, faulty)
		for kind := range 4 {
			if u.kinds[kind] == 0 {
				t.Errorf("no request had fault %d", kind)
			}
		}
	})
	return proxy
}

// TestEventBus delivers to an event bus whose rule passes events to a queue. Requests and answers are
// lost, and events of a request are refused one by one. Every record arrives as the event that
// docs/targets/eventbridge.md describes, and those of a key in order.
func TestEventBus(t *testing.T) {
	s := connect(t)
	for _, c := range []struct {
		name   string
		target target
		put    func(i int) (data string, want busEvent)
	}{
		{"forms", target{}, func(i int) (string, busEvent) {
			n := fmt.Sprint(i)
			data, detail := `{"n": `+n+`, "big": 1E+2, "text": "ü <&>"}`, any(map[string]any{"n": float64(i), "big": 100.0, "text": "ü <&>"})
			switch i / 5 % 4 {
			case 1:
				data, detail = `[`+n+`, null]`, map[string]any{"data": []any{float64(i), nil}}
			case 2:
				data, detail = n+" is\n\"text\"", map[string]any{"data": n + " is\n\"text\""}
			case 3:
				data = "\xFF\x00 " + n
				detail = map[string]any{"data": base64.StdEncoding.EncodeToString([]byte(data)), "encoding": "base64"}
			}
			return data, busEvent{Source: "fanout", DetailType: "Record", Detail: detail}
		}},
		{"places", target{"source": "shop.${.shop}", "detailType": "Order ${.kind}"}, func(i int) (string, busEvent) {
			shop, kind := fmt.Sprint("s", i%3), []string{"new", "paid ü"}[i%2] // moto does not escape quotation marks
			detail := map[string]any{"shop": shop, "kind": kind, "n": float64(i)}
			return string(must(json.Marshal(detail))(t)), busEvent{Source: "shop." + shop, DetailType: "Order " + kind, Detail: detail}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bus := "bus-" + c.name
			s.createBus(t, bus)
			w, server := startWitness(t)
			w.refuses = 2 // codes after which a record is sent again
			proxy := startFlaky(t, server.Listener.Addr().String())
			source := arnOf("kinesis", "stream/"+bus)
			c.target["type"], c.target["destination"], c.target["parallel"] = "eventbridge", bus, false
			var puts []put
			want := map[string][]busEvent{}
			keys := map[string]string{} // by detail
			for i := range 200 {
				data, event := c.put(i)
				event.Resources, event.Region, event.Time = []string{source}, region, "2025-11-22T08:26:40Z"
				key := fmt.Sprint("key ", i%5)
				puts, want[key] = append(puts, put{key, data}), append(want[key], event)
				keys[fmt.Sprint(event.Detail)] = key
			}
			event := must(os.ReadFile(kinesisEvent(t, source, puts...)))(t)
			rounds := deliverUntilDone(t, targetsFile(t, source, c.target), event, proxy, "AWS_ENDPOINT_URL_EVENTBRIDGE=http://"+proxy.Addr())

			events, repeats := s.busEvents(t, bus)
			got := map[string][]busEvent{}
			for _, e := range events {
				key := keys[fmt.Sprint(e.Detail)]
				got[key] = append(got[key], e)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("events by key (-want +got):\n%s", diff)
			}
			if len(w.refused) != 2 || repeats == 0 {
				t.Errorf("refused %v, %d events came twice: the bus did not fail in every way", w.refused, repeats)
			}
			t.Logf("%d events, %d again, refused %v, %d invocations", len(events), repeats, w.refused, rounds)
		})
	}
}
