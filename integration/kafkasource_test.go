//go:build integration

package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// kafkaTaker is a web server that fails now and then, and checks the order of each key.
type kafkaTaker struct {
	t      *testing.T
	mu     sync.Mutex
	next   map[string]int // by key: values acknowledged in order
	again  int
	failed int
}

func (k *kafkaTaker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var v struct {
		Key string
		N   int
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if rand.N(8) == 0 {
		k.failed++
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if err != nil || json.Unmarshal(body, &v) != nil {
		k.t.Errorf("the body is %q: %v", body, err)
	}
	switch next := k.next[v.Key]; {
	case v.N > next:
		k.t.Errorf("%s has %d before %d", v.Key, v.N, next)
	case v.N < next:
		k.again++
	default:
		k.next[v.Key]++
	}
}

func (k *kafkaTaker) wants(keys, each int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for key := range keys {
		if n := k.next[fmt.Sprint("key-", key)]; n < each {
			return fmt.Errorf("%d of %d records of key %d are there", n, each, key)
		}
	}
	return nil
}

// TestKafkaSource reads a topic with fanout run, which is killed again and again, as the broker
// is once, while the target fails. Nothing is lost, and the order of each key holds.
func TestKafkaSource(t *testing.T) {
	broker := serveKafka(t)
	taker := &kafkaTaker{t: t, next: make(map[string]int)}
	web := httptest.NewServer(taker)
	defer web.Close()
	source := "kafka://" + broker.addr + "/orders"
	file := targetsFile(t, source, target{"type": "http", "destination": web.URL, "collapse": "none", "parallel": false})
	var log bytes.Buffer
	start := func(more ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join("..", "bin", "fanout"), append([]string{"run", "--targets", file, "--source-arn", source, "--consumer-group", "fanout"}, more...)...)
		cmd.Stdout, cmd.Stderr = &log, &log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	const keys, each = 12, 200
	produced := make(chan struct{})
	go func() {
		defer close(produced)
		produceOrders(t, broker.addr, keys, each)
	}()
	kills := 0
	for done := false; !done; {
		cmd := start("--starting-position", "TRIM_HORIZON")
		time.Sleep(500*time.Millisecond + rand.N(time.Second))
		if kills++; kills == 2 {
			broker.stop(syscall.SIGKILL)
			if err := broker.start(); err != nil {
				t.Fatal(err)
			}
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		select {
		case <-produced:
			done = kills > 4
		default:
		}
	}
	if err := start("--once").Wait(); err != nil && taker.wants(keys, each) != nil {
		t.Logf("the last run gave records up: %v", err)
	}
	for tries := 0; taker.wants(keys, each) != nil && tries < 5; tries++ {
		_ = start("--once").Wait()
	}
	if err := taker.wants(keys, each); err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	wantCommitted(t, broker.addr, keys*each)
	t.Logf("%d records, %d of them twice, %d failed requests, %d kills", keys*each, taker.again, taker.failed, kills)
}

// produceOrders writes values of many keys, in order, until the broker has all.
func produceOrders(t *testing.T, addr string, keys, each int) {
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DefaultProduceTopic("orders"), kgo.RecordRetries(1<<20))
	if err != nil {
		t.Error(err)
		return
	}
	defer client.Close()
	for n := range each {
		for key := range keys {
			name := fmt.Sprint("key-", key)
			client.Produce(context.Background(), &kgo.Record{Key: []byte(name), Value: fmt.Appendf(nil, `{"key":%q,"n":%d}`, name, n)}, nil)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := client.Flush(context.Background()); err != nil {
		t.Error(err)
	}
}

// wantCommitted checks that the group's offsets are at the ends of the partitions.
func wantCommitted(t *testing.T, addr string, records int) {
	t.Helper()
	client := must(kgo.NewClient(kgo.SeedBrokers(addr)))(t)
	defer client.Close()
	req := kmsg.NewPtrOffsetFetchRequest()
	group := kmsg.NewOffsetFetchRequestGroup()
	group.Group = "fanout"
	req.Groups = append(req.Groups, group)
	resp := must(req.RequestWith(t.Context(), client))(t)
	sum := int64(0)
	for _, g := range resp.Groups {
		for _, topic := range g.Topics {
			for _, p := range topic.Partitions {
				sum += p.Offset
			}
		}
	}
	if sum != int64(records) {
		t.Errorf("the group's offsets add up to %d; want %d", sum, records)
	}
}
