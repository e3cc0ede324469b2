//go:build integration

package integration

import (
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

// TestLedger asserts that another instance retries a failed batch, and with the ledger's
// table sends only the missing records.
func TestLedger(t *testing.T) {
	s := connect(t)
	stream := arnOf("kinesis", "stream/ledgered")
	s.createTable(t, "ledger", "shard", "batch")
	must(s.dynamodb.UpdateTimeToLive(t.Context(), &dynamodb.UpdateTimeToLiveInput{
		TableName:               aws.String("ledger"),
		TimeToLiveSpecification: &dynamodbtypes.TimeToLiveSpecification{AttributeName: aws.String("expires"), Enabled: aws.Bool(true)},
	}))(t)
	s.createQueue(t, "there")
	file := targetsFile(t, stream,
		target{"type": "sqs", "destination": arnOf("sqs", "there"), "collapse": "none", "deaggregate": true, "id": "there"},
		target{"type": "sqs", "destination": arnOf("sqs", "to-come"), "collapse": "none", "deaggregate": true, "id": "to-come"})
	puts, want := orders(t, 1, 40)
	event := must(os.ReadFile(kinesisEvent(t, stream, puts...)))(t)
	head := must(os.ReadFile(kinesisEvent(t, stream, puts[:len(puts)/2]...)))(t)

	first := s.startInstance(t, file)
	if answer := first(event); !strings.Contains(answer, `"itemIdentifier":"100"`) {
		t.Errorf("without one of the queues: %s", answer)
	}
	if n := s.entries(t); n != 1 {
		t.Errorf("the ledger has %d items, want 1", n)
	}
	s.createQueue(t, "to-come")
	second := s.startInstance(t, file)
	for _, batch := range [][]byte{head, event} {
		s.messages(t, "to-come") // the ledger no longer has the records sent with the head, which was complete
		if answer := second(batch); answer != `{"batchItemFailures":[]}` {
			t.Errorf("with both queues: %s", answer)
		}
	}
	if n := s.entries(t); n != 0 {
		t.Errorf("the ledger still has %d items", n)
	}
	for _, queue := range []string{"there", "to-come"} {
		if diff := cmp.Diff(sorted(want.data), sorted(s.messages(t, queue))); diff != "" {
			t.Errorf("the queue %s does not have each record once: %s", queue, diff)
		}
	}
}

// entries returns the number of items in the ledger.
func (s services) entries(t *testing.T) int {
	t.Helper()
	return len(must(s.dynamodb.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("ledger")}))(t).Items)
}

// startInstance starts an instance of bin/bootstrap with a ledger until the test ends,
// and returns a function that sends it an event and returns its answer.
func (s services) startInstance(t *testing.T, targets string) func(event []byte) string {
	t.Helper()
	invoke := startFunction(t, targets, "FANOUT_LEDGER_TABLE="+arnOf("dynamodb", "table/ledger"))
	return func(event []byte) string {
		t.Helper()
		return invoke(event, patience)
	}
}
