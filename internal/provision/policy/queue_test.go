package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A queue is read, and its key decrypts.
func TestQueueSource(t *testing.T) {
	const queue, key = "arn:aws:sqs:eu-west-1:123456789012:orders.fifo", "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	f := bare()
	f.Keys = []Key{{ARN: key, Service: "sqs"}}
	d, err := f.Policy(nil, []Source{{ARN: queue}})
	if err != nil {
		t.Fatal(err)
	}
	want := []Statement{
		{Sid: "ReadSQS", Effect: "Allow", Action: Strings{"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}, Resource: Strings{queue}},
		{Sid: "DecryptViaSqsEuWest1", Effect: "Allow", Action: Strings{"kms:Decrypt"}, Resource: Strings{key}, Condition: map[string]Condition{"StringEquals": {"kms:ViaService": {"sqs.eu-west-1.amazonaws.com"}}}},
	}
	if diff := cmp.Diff(want, d.Statement[len(d.Statement)-2:]); diff != "" {
		t.Error(diff)
	}
}
