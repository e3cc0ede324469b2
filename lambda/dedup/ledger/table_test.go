package ledger_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fanout/internal/testing/awsfake"
	"fanout/lambda/dedup/ledger"
)

// open returns a ledger in a table of a fake AWS.
func open(t *testing.T) (*awsfake.Server, *ledger.Table) {
	t.Helper()
	fake, err := awsfake.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	fake.SetTable("ledger", "shard", "batch")
	web := awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) { tr.DisableKeepAlives = true })
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithHTTPClient(web), config.WithBaseEndpoint(fake.URL()),
		config.WithRetryer(func() aws.Retryer { // as the function has it, but for its waits
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = time.Millisecond })
		}))
	if err != nil {
		t.Fatal(err)
	}
	client := dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		o.DisableValidateResponseChecksum = true // the fake has none
	})
	return fake, &ledger.Table{Client: client, Name: "ledger"}
}

// entry returns an entry in which target has the records at the given places.
func entry(seqs []string, last, target string, places ...int) ledger.Entry {
	bits := ledger.NewBits(len(seqs))
	for _, i := range places {
		bits.Set(i)
	}
	return ledger.Entry{Last: last, Names: seqs, Has: map[string]ledger.Bits{target: bits}}
}

var noExpiry = cmpopts.IgnoreFields(ledger.Entry{}, "Expires", "Written")

func TestTable(t *testing.T) {
	fake, table := open(t)
	fake.PageSize = 1
	low, high, other := entry([]string{"7", "99"}, "99", "a", 1), entry([]string{"98", "100"}, "101", "b", 0, 1), entry([]string{"100"}, "100", "a", 0)
	for _, w := range []struct {
		shard string
		entry ledger.Entry
	}{{"one", entry([]string{"1"}, "99", "x", 0)}, {"one", low}, {"one", high}, {"other", other}} {
		if err := table.Write(t.Context(), w.shard, w.entry); err != nil {
			t.Fatal(err)
		}
	}
	read := func(shard, from string, want ...ledger.Entry) {
		t.Helper()
		got, err := table.Read(t.Context(), shard, from)
		if diff := cmp.Diff(want, got, noExpiry); diff != "" || err != nil {
			t.Errorf("%s from %s: %v %s", shard, from, err, diff)
		}
		for _, e := range got {
			if left := time.Until(e.Expires); left > ledger.Keep || left < ledger.Keep-time.Hour {
				t.Errorf("the entry expires in %v", left)
			}
		}
	}
	read("one", "7", low, high)
	read("one", "99", low, high)
	read("one", "100", high)
	read("one", "101", high)
	read("one", "102")
	read("other", "1", other)
	if err := table.Delete(t.Context(), "one", "99"); err != nil {
		t.Fatal(err)
	}
	read("one", "7", high)
	read("other", "1", other)
}

// Numbers are as long as in a stream. No item is too large for DynamoDB: the last records
// are left out.
func TestLargeEntries(t *testing.T) {
	fake, table := open(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		name                    string
		records, random, digits int
		targets, kept           int
	}{
		{"a full batch of Kinesis, as different as its numbers are", 10_000, 31, 56, 64, 10_000},
		{"the longest numbers that there are", 10_000, 128, 129, 5, 5_000},
		{"many parts", 60_000, 4, 56, 5, 50_000},
		{"very many targets", 10_000, 20, 56, 1000, 1_250},
	} {
		seqs := make([]string, c.records)
		places := make([]int, 0, c.records)
		for i := range seqs {
			var b strings.Builder
			b.WriteString("4" + strings.Repeat("9", c.digits-c.random-1))
			for b.Len() < c.digits {
				b.WriteByte('0' + byte(rnd.IntN(10)))
			}
			seqs[i] = b.String()
			if i%2 == 0 {
				places = append(places, i)
			}
		}
		e := entry(seqs, seqs[len(seqs)-1], fmt.Sprintf("%032d", 0), places...)
		for i := range c.targets {
			e.Has[fmt.Sprintf("%032d", i)] = e.Has[fmt.Sprintf("%032d", 0)]
		}
		if err := table.Write(t.Context(), c.name, e); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		t.Logf("%s: a request of %d bytes", c.name, fake.Calls()[len(fake.Calls())-1].Bytes)
		got, err := table.Read(t.Context(), c.name, e.Last)
		if err != nil || len(got) != 1 || len(got[0].Names) != c.kept || len(got[0].Has) != c.targets || got[0].Last != e.Last {
			t.Fatalf("%s: %v, %d entries", c.name, err, len(got))
		}
		for i, seq := range got[0].Names {
			for target, bits := range got[0].Has {
				if seq != seqs[i] || bits.Get(i) != e.Has[target].Get(i) {
					t.Fatalf("%s: record %d is not as it was", c.name, i)
				}
			}
		}
	}
}

// An item counts only unchanged, in its original place, and written with the same key.
func TestItemsOfOthers(t *testing.T) {
	fake, table := open(t)
	table.Key = "secret"
	if err := table.Write(t.Context(), "s", entry([]string{"1"}, "1", "a", 0)); err != nil {
		t.Fatal(err)
	}
	good := fake.Items("ledger")[0]
	wrong, lacks := "its digest is wrong", "an attribute is missing"
	for name, c := range map[string]struct {
		change awsfake.Item
		key    string
		want   string
	}{
		"as it is":             {awsfake.Item{}, "secret", ""},
		"another key":          {awsfake.Item{}, "other", wrong},
		"no key":               {awsfake.Item{}, "", wrong},
		"of another shard":     {awsfake.Item{"shard": {"S": "z"}}, "secret", wrong},
		"of another batch":     {awsfake.Item{"batch": {"S": "0012"}}, "secret", wrong},
		"for longer":           {awsfake.Item{"expires": {"N": fmt.Sprint(time.Now().Add(time.Hour).Unix())}}, "secret", wrong},
		"as if later":          {awsfake.Item{"written": {"N": "9000000000000000000"}}, "secret", wrong},
		"other records":        {awsfake.Item{"records": {"B": "AAAA"}}, "secret", wrong},
		"other bits":           {awsfake.Item{"has": {"M": map[string]any{"a": map[string]any{"B": "/w=="}}}}, "secret", wrong},
		"another target":       {awsfake.Item{"has": {"M": map[string]any{"b": map[string]any{"B": "AQ=="}}}}, "secret", wrong},
		"expires is text":      {awsfake.Item{"expires": {"S": "1"}}, "secret", lacks},
		"no records":           {awsfake.Item{"records": nil}, "secret", lacks},
		"no digest, as of old": {awsfake.Item{"digest": nil}, "secret", lacks},
		"has of another type":  {awsfake.Item{"has": {"S": "all"}}, "secret", lacks},
	} {
		t.Run(name, func(t *testing.T) {
			it := maps.Clone(good)
			for k, v := range c.change {
				if it[k] = v; v == nil {
					delete(it, k)
				}
			}
			shard := "s"
			if v, ok := c.change["shard"]; ok {
				shard = fmt.Sprint(v["S"])
			}
			fake.SetTable("ledger", "shard", "batch", it)
			table.Key = c.key
			got, err := table.Read(t.Context(), shard, "1")
			_, ofItem := errors.AsType[*ledger.ItemError](err)
			switch {
			case c.want == "" && (err != nil || len(got) != 1):
				t.Errorf("got %v, %v", got, err)
			case c.want != "" && (!ofItem || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), " of shard "+shard+";") || len(got) != 0):
				t.Errorf("got %v, %v; want %q", got, err, c.want)
			}
		})
	}
}

// Reads are bounded, however many items the table has.
func TestReadIsBounded(t *testing.T) {
	fake, table := open(t)
	fake.PageSize = 5
	seqs := make([]string, 20_000)
	for i := range seqs {
		seqs[i] = fmt.Sprint(10_000 + i)
	}
	for last := range 40 {
		if err := table.Write(t.Context(), "s", entry(seqs, fmt.Sprint(100+last), "a", 0)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := table.Read(t.Context(), "s", "1")
	if _, ok := errors.AsType[*ledger.ItemError](err); !ok || len(got) != 6 {
		t.Errorf("%d entries were read: %v", len(got), err)
	}
	// All items would take 8 calls. The client may repeat one: it closes the request body
	// once the answer arrives, which sometimes truncates the answer.
	if calls := fake.Calls(); len(calls) < 40+2 || len(calls) > 40+4 {
		t.Errorf("%d calls", len(calls)-40)
	}
}

// Errors name the remedy.
func TestErrors(t *testing.T) {
	fake, table := open(t)
	for code, want := range map[string]string{
		"ResourceNotFoundException":              `the ledger "ledger" cannot be used: it does not exist in this account and region; create it, or set FANOUT_LEDGER_TABLE to the name or ARN of an existing one`,
		"AccessDeniedException":                  `the ledger "ledger" cannot be used: allow the function's role dynamodb:`,
		"ValidationException":                    `the ledger "ledger" cannot be used: so it is; its keys must be shard (hash, S) and batch (range, S)`,
		"ProvisionedThroughputExceededException": `the ledger "ledger" cannot be used: ProvisionedThroughputExceededException: so it is`,
	} {
		fake.OnCall(func(awsfake.Call) *awsfake.Fault { return &awsfake.Fault{Code: code, Message: "so it is"} })
		_, read := table.Read(t.Context(), "s", "1")
		for action, err := range map[string]error{
			"Query": read, "PutItem": table.Write(t.Context(), "s", entry([]string{"1"}, "1", "a", 0)), "DeleteItem": table.Delete(t.Context(), "s", "1"),
		} {
			w := want
			if code == "AccessDeniedException" {
				w += action + " on it"
			}
			if err == nil || err.Error() != w {
				t.Errorf("%s: got %v\nwant %s", action, err, w)
			}
		}
	}
}

func TestBits(t *testing.T) {
	b := ledger.NewBits(9)
	b.Set(8)
	for i, want := range map[int]bool{0: false, 7: false, 8: true, 9: false, 15: false, 16: false, 1000: false} {
		if b.Get(i) != want {
			t.Errorf("%d: %v", i, !want)
		}
	}
	if ledger.Bits(nil).Get(0) {
		t.Error("nothing has something")
	}
}
