package kafka

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/lambda"
	"fanout/lambda/target"
	"fanout/sinks"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]sinks.Destination{
		"kafka://b1:9092,B2:9092/orders":                 {Name: "orders", Address: "kafka://b1:9092,b2:9092/orders"},
		"kafkas://[::1]:9094/a.b_c-d?sasl=scram-sha-512": {Name: "a.b_c-d", Address: "kafkas://[::1]:9094/a.b_c-d?sasl=scram-sha-512", TLS: true},
		"kafkas://b-1.demo.abc123.c2.kafka.eu-west-1.amazonaws.com:9098/orders?sasl=iam": {
			Name: "orders", TLS: true, Region: "eu-west-1", Address: "kafkas://b-1.demo.abc123.c2.kafka.eu-west-1.amazonaws.com:9098/orders?sasl=iam"},
	} {
		got, err := Parse(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
		if again, err := Parse(got.Address); err != nil || again != got {
			t.Errorf("%s: parsed again: %+v, %v", text, again, err)
		}
		if got.String() != got.Address {
			t.Errorf("%s is shown as %s", text, got)
		}
	}
	for text, want := range map[string]string{
		"orders":                       "is not the URL of a Kafka topic",
		"kafka://b:9092":               "has no valid topic",
		"kafka://b/orders":             "has no valid host and port for each broker",
		"kafka://b:9092,/orders":       "has no valid host and port for each broker",
		"kafka://b:9092/..":            "has no valid topic",
		"kafka://b:9092/a/b":           "has no valid topic",
		"kafka://b:9092/t?acks=1":      "has an unknown parameter",
		"kafka://b:9092/t?sasl=gssapi": "has an unknown parameter",
		"kafka://u:s3cret@b:9092/t":    "has a user or password",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v; want %s", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range append([]string{"kafkas://b:9092/t?sasl=iam", "kafka://[::1]:1,a:2/x", "kafka://", "kafka:///?", "kafka://a:1/t?sasl=", "kafka://a:00001/t"}, Type.Examples...) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse(text)
		if err != nil {
			return
		}
		if again, err := Parse(d.Address); err != nil || again != d {
			t.Errorf("%q: %+v, parsed again %+v, %v", text, d, again, err)
		}
	})
}

const (
	source = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"
	secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:kafka-AbCdEf"
)

// load checks a target with the extensions.
func load(t *testing.T, extensions []lambda.Extension, attributes map[string]string) target.Loaded {
	t.Helper()
	catalog, err := lambda.CatalogWith(extensions...)
	if err != nil {
		t.Fatal(err)
	}
	v := target.Values{
		"sourceArn": {Kind: target.String, Text: source}, "id": {Kind: target.String, Text: "topic"},
		"type": {Kind: target.String, Text: "kafka"}, "active": {Kind: target.Bool, Text: "true"},
	}
	for name, text := range attributes {
		v[name] = target.Value{Kind: target.String, Text: text}
	}
	return catalog.Read(v, "")
}

func TestCheck(t *testing.T) {
	for name, tt := range map[string]struct {
		attributes    map[string]string
		fault, warned string
	}{
		"plain text":             {map[string]string{"destination": "kafka://b:9092/t"}, "", ""},
		"with a secret":          {map[string]string{"destination": "kafkas://b:9092/t?sasl=scram-sha-512", "secret": secret}, "", ""},
		"IAM":                    {map[string]string{"destination": "kafkas://b:9092/t?sasl=iam", "role": "arn:aws:iam::210987654321:role/fanout"}, "", ""},
		"no secret":              {map[string]string{"destination": "kafkas://b:9092/t?sasl=plain"}, "secret: is missing", ""},
		"no mechanism":           {map[string]string{"destination": "kafkas://b:9092/t", "secret": secret}, "secret: has no effect without a mechanism", ""},
		"IAM without TLS":        {map[string]string{"destination": "kafka://b:9092/t?sasl=iam"}, "destination: needs TLS", ""},
		"a password without TLS": {map[string]string{"destination": "kafka://b:9092/t?sasl=plain", "secret": secret}, "", "destination: sends the password without TLS"},
		"a role without IAM":     {map[string]string{"destination": "kafka://b:9092/t", "role": "arn:aws:iam::210987654321:role/fanout"}, "", "role: has no effect without ?sasl=iam"},
	} {
		t.Run(name, func(t *testing.T) {
			l := load(t, Extension(), tt.attributes)
			findings := func(all []target.Fault) string {
				var b strings.Builder
				for _, f := range all {
					b.WriteString(f.Attribute + ": " + f.Text + "\n")
				}
				return b.String()
			}
			if got := findings(l.Faults); !strings.HasPrefix(got, tt.fault) || tt.fault == "" && got != "" {
				t.Errorf("faults %q; want %q", got, tt.fault)
			}
			if got := findings(l.Warnings); !strings.HasPrefix(got, tt.warned) || tt.warned == "" && got != "" {
				t.Errorf("warnings %q; want %q", got, tt.warned)
			}
		})
	}
}

// TestCommandOnly asserts that a command whose function lacks the type says so.
func TestCommandOnly(t *testing.T) {
	l := load(t, CommandOnly(), map[string]string{"destination": "kafka://b:9092/t"})
	if len(l.Faults) != 0 || len(l.Warnings) != 1 || !strings.HasSuffix(l.Warnings[0].Text, "/extra/kafka") {
		t.Errorf("%v, %v", l.Faults, l.Warnings)
	}
}

func TestRights(t *testing.T) {
	at := sinks.Place{Partition: "aws", Region: "us-east-1", Account: "123456789012"}
	for destination, want := range map[string][]string{
		"kafka://b:9092/t": nil,
		"kafkas://b-1.demo.abc123.c2.kafka.eu-west-1.amazonaws.com:9098/orders?sasl=iam": {
			"arn:aws:kafka:eu-west-1:123456789012:cluster/demo/*", "arn:aws:kafka:eu-west-1:123456789012:topic/demo/*/orders"},
		"kafkas://boot-abc.c2.kafka-serverless.eu-west-1.amazonaws.com:9098/orders?sasl=iam": {
			"arn:aws:kafka:eu-west-1:123456789012:cluster/*/*", "arn:aws:kafka:eu-west-1:123456789012:topic/*/*/orders"},
		"kafkas://broker.example.com:9098/orders?sasl=iam": {
			"arn:aws:kafka:us-east-1:123456789012:cluster/*/*", "arn:aws:kafka:us-east-1:123456789012:topic/*/*/orders"},
	} {
		d, err := Parse(destination)
		if err != nil {
			t.Fatal(err)
		}
		rights, err := rights(at, &sinks.Spec{Type: Type, Destination: d})
		var got []string
		for _, r := range rights {
			got = append(got, r.Resource)
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", destination, err, diff)
		}
	}
}
