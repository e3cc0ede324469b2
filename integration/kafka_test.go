//go:build integration

package integration

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"fanout/engine"
	"fanout/extra/kafka"
	"fanout/sinks"
)

// serveKafka starts a broker of one node with the topic orders of three partitions.
func serveKafka(t *testing.T) *server {
	t.Helper()
	lib := filepath.Join(os.Getenv("KAFKA_HOME"), "lib", "*")
	own, addr, controller := t.TempDir(), freeAddr(), freeAddr()
	config := filepath.Join(own, "server.properties")
	text := strings.Join([]string{
		"process.roles=broker,controller", "node.id=1", "controller.quorum.voters=1@" + controller,
		"listeners=PLAINTEXT://" + addr + ",CONTROLLER://" + controller, "advertised.listeners=PLAINTEXT://" + addr,
		"controller.listener.names=CONTROLLER", "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
		"log.dirs=" + filepath.Join(own, "data"), "offsets.topic.replication.factor=1", "auto.create.topics.enable=false",
	}, "\n")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	java := []string{"java", "-Xms128m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", lib}
	format := append(java[1:len(java):len(java)], "kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qk", "-c", config)
	if out, err := exec.Command(java[0], format...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s := serve(t, addr, append(java, "kafka.Kafka", config)...)
	client := must(kgo.NewClient(kgo.SeedBrokers(addr)))(t)
	defer client.Close()
	eventually(t, func() error {
		req, topic := kmsg.NewPtrCreateTopicsRequest(), kmsg.NewCreateTopicsRequestTopic()
		topic.Topic, topic.NumPartitions, topic.ReplicationFactor = "orders", 3, 1
		req.Topics = append(req.Topics, topic)
		resp, err := req.RequestWith(t.Context(), client)
		if err != nil {
			return err
		}
		return kerr.ErrorForCode(resp.Topics[0].ErrorCode)
	})
	return s
}

type kafkaEnv struct{}

func (kafkaEnv) Stdout() bool       { return false }
func (kafkaEnv) VerifyTLS() bool    { return true }
func (kafkaEnv) PrivateHosts() bool { return true }
func (kafkaEnv) Credentials(string) func(context.Context) (string, string, error) {
	return func(context.Context) (string, string, error) { return "", "", nil }
}
func (kafkaEnv) Secret(string, func(string) error) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return "", nil }
}

// TestKafkaRestart kills the broker while records of many keys are on their way. Each key is
// complete and in order afterwards.
func TestKafkaRestart(t *testing.T) {
	broker := serveKafka(t)
	d := must(kafka.Parse("kafka://" + broker.addr + "/orders"))(t)
	sink := must(kafka.Type.Open(kafkaEnv{}, &sinks.Spec{SourceARN: arnOf("kinesis", "stream/orders"), ID: "topic", Type: kafka.Type, Destination: d}))(t)
	const keys, each = 8, 150
	half := make(chan struct{}, keys)
	var senders sync.WaitGroup
	for key := range keys {
		senders.Go(func() {
			for n := range each {
				if n == each/2 {
					half <- struct{}{}
				}
				r := engine.Record{Key: fmt.Sprint("key-", key), Lane: "shard", Seq: fmt.Sprint(n), Data: engine.Bytes(fmt.Append(nil, n))}
				for o := sink.Send(t.Context(), []engine.Record{r}); !o.OK() && t.Context().Err() == nil; o = sink.Send(t.Context(), []engine.Record{r}) {
					if engine.ClassOf(o.Err(0)) == engine.Permanent {
						t.Error(o.Err(0))
						return
					}
				}
			}
		})
	}
	<-half
	broker.stop(syscall.SIGKILL)
	if err := broker.start(); err != nil {
		t.Fatal(err)
	}
	senders.Wait()
	if err := sink.(interface{ Close() error }).Close(); err != nil {
		t.Error(err)
	}
	wantInOrder(t, broker.addr, keys, each)
}

// wantInOrder reads the topic until each key has its records 0, 1, … in order. A record may
// be there again.
func wantInOrder(t *testing.T, addr string, keys, each int) {
	t.Helper()
	client := must(kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumeTopics("orders")))(t)
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	next, again := make(map[string]int), 0
	for complete := 0; complete < keys; {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fatalf("records are missing: %v", next)
		}
		for _, r := range fetches.Records() {
			key, got := string(r.Key), must(strconv.Atoi(string(r.Value)))(t)
			switch n := next[key]; {
			case got > n:
				t.Fatalf("%s has %d before %d", key, got, n)
			case got < n:
				again++
			case n == each-1:
				complete++
				fallthrough
			default:
				next[key]++
			}
		}
	}
	t.Logf("%d records, %d of them twice", keys*each, again)
}
