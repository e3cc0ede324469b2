package targets

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"

	"fanout/internal/cli/manage"
	"fanout/internal/provision/registry"
	"fanout/internal/testing/clitest"
	"fanout/lambda"
	"fanout/lambda/target"
)

// The list of targets, with long names.
func TestListTables(t *testing.T) {
	clitest.CheckTable(t, "list", func(w *bytes.Buffer) { listTable(t, w, false) })
	clitest.CheckTable(t, "listall", func(w *bytes.Buffer) { listTable(t, w, true) })
}

func listTable(t *testing.T, w *bytes.Buffer, sources bool) {
	var targets []registry.Entry
	for _, v := range []target.Values{
		{"id": str("queue"), "type": str("sqs"), "destination": str("arn:aws:sqs:eu-west-1:123456789012:orders-of-all-customers")},
		{"id": str("search-of-the-orders"), "type": str("es"), "destination": str("search-orders-abcdefghijklmnopqrstuvwxyz.eu-west-1.es.amazonaws.com#orders"),
			"role": str("arn:aws:iam::210987654321:role/fanout-to-search"), "region": str("eu-west-1")},
	} {
		v["sourceArn"], v["active"] = str(clitest.Orders), target.Value{Kind: target.Bool, Text: "true"}
		targets = append(targets, registry.Entry{Loaded: lambda.Builtin().Read(v, "")})
	}
	s := manage.SourceTargets{Targets: targets}
	if !sources {
		s.Source = clitest.Orders
	}
	if err := showTargets(w, w, "table", s); err != nil {
		t.Fatal(err)
	}
}

// Five targets of two sources, with roles and regions, fit 140 columns as a box.
func TestListOfFiveFits(t *testing.T) {
	t.Setenv("COLUMNS", "140")
	var targets []registry.Entry
	for i, destination := range []string{
		"arn:aws:sqs:eu-west-1:123456789012:orders-of-all-customers",
		"https://sqs.eu-west-1.amazonaws.com/123456789012/billing-orders.fifo",
		"arn:aws:sqs:eu-west-1:123456789012:failures",
		"https://sqs.eu-west-1.amazonaws.com/123456789012/search-of-the-orders",
		"arn:aws:sqs:us-east-1:210987654321:orders-in-another-account",
	} {
		v := target.Values{"sourceArn": str(clitest.Orders), "id": str(fmt.Sprintf("target-of-the-orders-%d", i)), "type": str("sqs"), "destination": str(destination),
			"active": target.Value{Kind: target.Bool, Text: "true"}, "role": str("arn:aws:iam::210987654321:role/fanout-to-orders"), "region": str("eu-west-1")}
		if i > 2 {
			v["sourceArn"] = str("arn:aws:dynamodb:eu-west-1:123456789012:table/Customers/stream/2026-01-31T12:34:56.789")
		}
		targets = append(targets, registry.Entry{Loaded: lambda.Builtin().Read(v, "")})
	}
	var b bytes.Buffer
	if err := showTargets(&b, io.Discard, "table", manage.SourceTargets{Targets: targets}); err != nil {
		t.Fatal(err)
	}
	box, _, _ := strings.Cut(b.String(), "\n")
	if n := text.StringWidth(box); !strings.HasPrefix(box, "┌") || n > 140 {
		t.Errorf("a first line of %d columns:\n%s", n, &b)
	}
}
