//go:build integration

package integration

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fanout/internal/testing/faultproxy"
)

// item is an item of a table.
type item = map[string]dynamodbtypes.AttributeValue

// unreliable makes requests go wrong at random.
type unreliable struct {
	mu        sync.Mutex
	draw      *rand.Rand
	throttled string      // type of the error of a throttled request
	kinds     map[int]int // requests by fault; above 3: none
	crash     func()      // in the middle of the next requests; nil: none
}

// newUnreliable returns faults for a service that calls throttling by this name.
func newUnreliable(throttled string) *unreliable {
	return &unreliable{draw: rand.New(rand.NewPCG(3, 4)), throttled: throttled, kinds: map[int]int{}}
}

// fault returns the fault of a request: it is lost, its answer is lost, the service fails or
// throttles, or the process is killed.
func (u *unreliable) fault(n int) *faultproxy.Fault {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.crash != nil && n > 100 {
		u.crash()
		u.crash = nil
	}
	kind := u.draw.IntN(12)
	u.kinds[kind]++
	switch kind {
	case 0:
		return &faultproxy.Fault{Reset: true}
	case 1:
		return &faultproxy.Fault{Cut: faultproxy.CutReset}
	case 2:
		return &faultproxy.Fault{Cut: faultproxy.CutEnd}
	case 3:
		text := fmt.Sprintf(`{"__type":%q}`, u.throttled)
		return &faultproxy.Fault{Answer: func(int) []byte {
			return fmt.Appendf(nil, "HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
		}}
	}
	return nil
}

// changeTable makes random changes of a table, with values of every type.
func (s services) changeTable(t *testing.T, table string, draw *rand.Rand) {
	t.Helper()
	for n := range 200 {
		key := item{
			"tenant": &dynamodbtypes.AttributeValueMemberS{Value: fmt.Sprint("t|", draw.IntN(2))},
			"id":     &dynamodbtypes.AttributeValueMemberS{Value: fmt.Sprint("ü", draw.IntN(20))},
		}
		if draw.IntN(3) == 0 {
			must(s.dynamodb.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &table, Key: key}))(t)
			continue
		}
		key["n"] = &dynamodbtypes.AttributeValueMemberN{Value: fmt.Sprint(n, ".00000000000000000000000000000000001")}
		key["b"] = &dynamodbtypes.AttributeValueMemberB{Value: []byte{0, 0xFF, byte(n)}}
		key["ss"] = &dynamodbtypes.AttributeValueMemberSS{Value: []string{"a", "\"\u2028"}}
		key["ns"] = &dynamodbtypes.AttributeValueMemberNS{Value: []string{"1", "1E+2"}}
		key["bs"] = &dynamodbtypes.AttributeValueMemberBS{Value: [][]byte{{1}, {2}}}
		key["m"] = &dynamodbtypes.AttributeValueMemberM{Value: item{"x": &dynamodbtypes.AttributeValueMemberNULL{Value: true}}}
		key["l"] = &dynamodbtypes.AttributeValueMemberL{Value: []dynamodbtypes.AttributeValue{&dynamodbtypes.AttributeValueMemberBOOL{Value: n%2 == 0}}}
		must(s.dynamodb.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: key}))(t)
	}
}

// itemsOf returns the items of a table by key, and its tombstones. Items lack the position of their
// change, which each of a copy has.
func (s services) itemsOf(t *testing.T, table string, isCopy bool) (items map[string]item, tombstones int) {
	t.Helper()
	items = map[string]item{}
	for _, i := range must(s.dynamodb.Scan(t.Context(), &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)}))(t).Items {
		if i["fanout:deleted"] != nil {
			tombstones++
			continue
		}
		if isCopy == (i["fanout:seq"] == nil) {
			t.Errorf("an item with the position %v", i["fanout:seq"])
		}
		delete(i, "fanout:seq")
		key := fmt.Sprint(i["tenant"].(*dynamodbtypes.AttributeValueMemberS).Value, " ", i["id"].(*dynamodbtypes.AttributeValueMemberS).Value)
		items[key] = i
	}
	return items, tombstones
}

// TestCopyOfTable keeps a copy of a table in another region, through a proxy that makes faults.
// Processes read the same stream at the same time, from its beginning, one of them is killed, and
// the next one delivers everything again. In the end both tables are equal.
func TestCopyOfTable(t *testing.T) {
	for _, tombstone := range []string{"fanout:expires", "none"} {
		t.Run(tombstone, func(t *testing.T) {
			here := connect(t)
			cfg := here.cfg.Copy()
			cfg.Region = "us-east-1"
			there := services{dynamodb: dynamodb.NewFromConfig(cfg)}
			name := "copied-" + strings.TrimPrefix(tombstone, "fanout:")
			source := here.createTable(t, name, "tenant", "id")
			there.createTable(t, name, "tenant", "id")

			draw := rand.New(rand.NewPCG(1, 2))
			u := newUnreliable("com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException")
			proxy := must(faultproxy.Start(faultproxy.HTTP, strings.TrimPrefix(os.Getenv("AWS_ENDPOINT_URL"), "http://")))(t)
			t.Cleanup(proxy.Close)
			proxy.OnRequest(u.fault)
			file := targetsFile(t, source, target{
				"type": "dynamodb", "destination": "arn:aws:dynamodb:us-east-1:" + account + ":table/" + name, "tombstone": tombstone,
			})
			env := []string{"AWS_ENDPOINT_URL_DYNAMODB=http://" + proxy.Addr()}
			args := []string{"run", "--targets", file, "--source-arn", source, "--once", "--batch-size", "50"}

			here.changeTable(t, name, draw)
			killed := exec.CommandContext(t.Context(), filepath.Join("..", "bin", "fanout"), args...)
			killed.Env = append(os.Environ(), env...)
			if err := killed.Start(); err != nil {
				t.Fatal(err)
			}
			u.mu.Lock()
			u.crash = func() { _ = killed.Process.Kill() } // it has ended, or it ends now
			u.mu.Unlock()
			var both sync.WaitGroup
			both.Go(func() { fanoutIn(t, env, args...) })
			both.Go(func() { fanoutIn(t, env, args...) })
			both.Wait()
			var exit *exec.ExitError
			if err := killed.Wait(); !errors.As(err, &exit) {
				t.Errorf("the process was not killed: %v", err)
			}
			here.changeTable(t, name, draw)
			r := fanoutIn(t, env, args...)

			want, _ := here.itemsOf(t, name, false)
			got, tombstones := there.itemsOf(t, name, true)
			if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(
				dynamodbtypes.AttributeValueMemberS{}, dynamodbtypes.AttributeValueMemberN{}, dynamodbtypes.AttributeValueMemberB{},
				dynamodbtypes.AttributeValueMemberSS{}, dynamodbtypes.AttributeValueMemberNS{}, dynamodbtypes.AttributeValueMemberBS{},
				dynamodbtypes.AttributeValueMemberM{}, dynamodbtypes.AttributeValueMemberL{}, dynamodbtypes.AttributeValueMemberBOOL{},
				dynamodbtypes.AttributeValueMemberNULL{},
			)); diff != "" {
				t.Errorf("the copy differs (-source +copy):\n%s", diff)
			}
			if (tombstones > 0) != (tombstone != "none") {
				t.Errorf("%d tombstones", tombstones)
			}
			requests, faulty := proxy.Requests()
			t.Logf("%d changes, %d items, %d tombstones, %d requests, %d of them with a fault, %d records in the last run", 400, len(want), tombstones, requests, faulty, r.Records)
			if faulty < 50 {
				t.Errorf("only %d requests went wrong", faulty)
			}
		})
	}
}
