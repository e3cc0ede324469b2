package main_test

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"
)

// The function takes the trace header from its runtime, and writes to the daemon that Lambda
// names. An invocation that is not sampled writes nothing.
func TestTracing(t *testing.T) {
	daemon, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = daemon.Close() })
	aws := startAWS(t)
	f := start(t, aws, "FANOUT_TRACING=xray", "AWS_XRAY_DAEMON_ADDRESS="+daemon.LocalAddr().String(),
		targetsFile(t, "targets:\n- {sourceArn: '"+orders+"', id: billing, type: sqs, collapse: none, destination: 'arn:aws:sqs:eu-west-1:123456789012:billing', active: true}\n"))
	f.want(kinesisEvent(put{"shardId-000000000000", "1", "k", "1"}), "null")
	const root = "1-5759e988-bd862e3fe1be46a994272793"
	f.api.SetTrace("Root=" + root + ";Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a87bd80c:0")
	f.want(kinesisEvent(put{"shardId-000000000000", "2", "k", "2"}), "null")
	buf := make([]byte, 1<<16)
	_ = daemon.SetReadDeadline(time.Now().Add(time.Minute))
	n, _, err := daemon.ReadFrom(buf)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(buf[:n], []byte(`"name":"billing"`)) || !bytes.Contains(buf[:n], []byte(`"trace_id":"`+root+`"`)) {
		t.Errorf("the first subsegment is %s", buf[:n])
	}
	messages := aws.Records("sqs/billing")
	if len(messages) != 2 || messages[0].Trace != "" || !strings.HasPrefix(messages[1].Trace, "Root="+root+";Parent=") || !strings.HasSuffix(messages[1].Trace, ";Sampled=1;Lineage=1:a87bd80c:0") {
		t.Errorf("%d messages with trace headers %+v", len(messages), messages)
	}
}
