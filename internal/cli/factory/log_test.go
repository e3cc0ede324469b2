package factory

import (
	"bytes"
	"errors"
	"net/url"
	"testing"

	"github.com/aws/smithy-go"
	"go.uber.org/zap"
)

// Warnings describe AWS in the words of errors.
func TestWarnings(t *testing.T) {
	var b bytes.Buffer
	log := new(Factory).Logger(&b)
	call := &smithy.OperationError{ServiceID: "Kinesis", OperationName: "ListShards", Err: &url.Error{Op: "Post", URL: "http://127.0.0.1:1/", Err: errors.New("connection refused")}}
	log.Warn("the shards could not be listed; trying again", zap.Skip(), zap.String("stream", "orders"), zap.Error(call), zap.Int("failures", 1))
	log.With(zap.String("shard", "s")).Warn("records were not delivered", zap.Error(errors.New("no")))
	log.Error("this is in the table")
	want := "fanout: warning: the shards could not be listed; trying again (stream orders, failures 1): " +
		"Kinesis ListShards got no answer from 127.0.0.1:1 (connection refused); check --region, --endpoint-url and the network\n" +
		"fanout: warning: records were not delivered (shard s): no\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", &b, want)
	}
}
