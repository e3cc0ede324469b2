package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Targets of several sources may have one id, and a reader must tell them apart.
func TestRowNames(t *testing.T) {
	const clicks = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"
	got := rowNames([]row{
		{Source: orders, ID: "queue"}, {Source: orders, ID: "search"}, {Source: clicks, ID: "queue"},
		{Source: orders, ID: "copy"}, {Source: orders + "/consumer/app:1", ID: "copy"}, {Source: clicks, ID: "copy"},
	})
	want := []string{
		"kinesis:orders/queue", "search", "kinesis:clicks/queue",
		orders + "/copy", orders + "/consumer/app:1/copy", "kinesis:clicks/copy",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
