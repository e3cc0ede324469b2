package file_test

import (
	"context"
	"os"

	"fanout/engine"
	"fanout/sinks/file"
)

func ExampleNewWriter() {
	sink := file.NewWriter(os.Stdout)
	sink.Send(context.Background(), []engine.Record{
		{Key: "a", Lane: "shardId-000000000000", Seq: "495", Action: "PUT", Data: engine.Bytes([]byte("hello"))},
		{Key: "b", Data: engine.Base64([]byte("/wA="))},
	})
	// Output:
	// {"key":"a","shard":"shardId-000000000000","sequence":"495","action":"PUT","data":"hello"}
	// {"key":"b","data64":"/wA="}
}
