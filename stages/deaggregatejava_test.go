package stages_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	kpl "github.com/awslabs/kinesis-aggregation/go/v2/records"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"

	"fanout/engine"
	"fanout/stages"
)

// The verdicts of the Kinesis Client Library for Java on mutated aggregates, a line each:
//
//	A           the record passes unchanged
//	C 2 1f3a…   it gives two user records, with this hash (see verdict)
//	L           one of its user records is lost
//
// The source is AggregatorUtil.deaggregate of
// software.amazon.kinesis:amazon-kinesis-client:2.6.0, run on the file that
// -write-aggregates writes. UserRecord of
// com.amazonaws:amazon-kinesis-client:1.14.10 gives the same verdicts.
var (
	javaVerdicts    = flag.String("java-verdicts", "testdata/deaggregate-java.txt", "the verdicts of the library for Java")
	writeAggregates = flag.String("write-aggregates", "", "write the mutated aggregates to this file, in base64, a line each")
	countAggregates = flag.Int("count-aggregates", 600, "write this many")
)

func TestDeaggregateLikeJava(t *testing.T) {
	if *writeAggregates != "" {
		writeMutants(t)
		return
	}
	file, err := os.Open(*javaVerdicts)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	seen := make(map[byte]int)
	seed := uint64(0)
	for lines := bufio.NewScanner(file); lines.Scan(); seed++ {
		want := lines.Text()
		seen[want[0]]++
		data := mutant(seed)
		got := users(engine.Apply(t.Context(), stages.Deaggregate{}, records(data)).Emitted)
		switch {
		case want == "L" && !keepsAll(data, got):
			t.Errorf("seed %d: %q lost data: %v", seed, data, got)
		case want != "L" && verdict(data, got) != want:
			t.Errorf("seed %d: %q gave %v, which is %s; Java: %s", seed, data, got, verdict(data, got), want)
		}
	}
	if seed < 500 || seen['A'] < 50 || seen['C'] < 50 || seen['L'] < 50 {
		t.Errorf("%d aggregates, of which by verdict: %v", seed, seen)
	}
	t.Logf("%d aggregates: %d pass as they are, %d give user records, %d lose some in Java", seed, seen['A'], seen['C'], seen['L'])
}

func writeMutants(t *testing.T) {
	var b strings.Builder
	for seed := range uint64(*countAggregates) {
		fmt.Fprintln(&b, base64.StdEncoding.EncodeToString([]byte(mutant(seed))))
	}
	if err := os.WriteFile(*writeAggregates, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// verdict describes the result for data: A or C, the number of user records, and
// the first four bytes of the SHA-256 of their keys, hash keys and data, each after
// its length and a colon. If a key is not UTF-8, Java may write several U+FFFD for
// one here.
func verdict(data string, got []user) string {
	if len(got) == 1 && got[0].Data == data {
		return "A"
	}
	h := sha256.New()
	for _, u := range got {
		for _, text := range []string{u.Key, u.HashKey, u.Data} {
			fmt.Fprintf(h, "%d:%s", len(text), text)
		}
	}
	return fmt.Sprintf("C %d %x", len(got), h.Sum(nil)[:4])
}

// keepsAll reports whether got is data unchanged, or all user records that the
// library for Go finds in it.
func keepsAll(data string, got []user) bool {
	if len(got) == 1 && got[0].Data == data {
		return true
	}
	var a kpl.AggregatedRecord
	return proto.Unmarshal([]byte(data[4:len(data)-16]), protoadapt.MessageV2Of(&a)) == nil &&
		slices.EqualFunc(a.Records, got, func(r *kpl.Record, u user) bool { return string(r.Data) == u.Data })
}

// mutant returns a randomly mutated aggregate.
func mutant(seed uint64) string {
	rnd := rand.New(rand.NewPCG(seed, 0))
	m := aggregate(rnd)
	for range rnd.IntN(3) {
		m = mutate(rnd, m)
	}
	data := seal(m)
	if rnd.IntN(20) == 0 { // breaks the checksum or the magic number
		data = mutate(rnd, data)
	}
	return data
}

// aggregate returns an AggregatedRecord of some user records. Some have fields that
// producers seldom write.
func aggregate(rnd *rand.Rand) string {
	keys := []string{"k", "customer-17", "ü", ""}[:1+rnd.IntN(4)]
	hashKeys := []string{"0", "170141183460469231731687303715884105728", "340282366920938463463374607431768211456", "x"}[:rnd.IntN(5)]
	var parts []string
	for _, k := range keys {
		parts = append(parts, put("", 1, k))
	}
	for _, k := range hashKeys {
		parts = append(parts, put("", 2, k))
	}
	for i := range 1 + rnd.IntN(4) {
		r := index("", 1, uint64(rnd.IntN(len(keys)+rnd.IntN(8)/7)))
		if len(hashKeys) > 0 && rnd.IntN(3) == 0 {
			r = index(r, 2, uint64(rnd.IntN(len(hashKeys)+rnd.IntN(8)/7)))
		}
		r = put(r, 3, fmt.Sprint("data ", i))
		if rnd.IntN(4) == 0 {
			r = put(r, 4, put(put("", 1, "tag"), 2, "value"))
		}
		parts = append(parts, record(r))
	}
	if rnd.IntN(4) == 0 {
		rnd.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	}
	return strings.Join(parts, "")
}

// mutate changes s at one place.
func mutate(rnd *rand.Rand, s string) string {
	if s == "" {
		return "\x0a"
	}
	const tags = "\x00\x01\x02\x08\x0a\x0b\x0c\x0d\x10\x11\x12\x18\x1a\x1d\x20\x22\x2a\x4b\x4c\x7f\x80\xff"
	i := rnd.IntN(len(s))
	at := rnd.IntN(len(tags))
	c := tags[at : at+1]
	switch rnd.IntN(6) {
	case 0:
		return s[:i] + c + s[i+1:]
	case 1:
		return s[:i] + string([]byte{s[i] ^ 1<<rnd.IntN(8)}) + s[i+1:]
	case 2:
		return s[:i] + s[i+1:]
	case 3:
		return s[:i] + c + s[i:]
	case 4:
		return s[:i]
	default:
		j := i + rnd.IntN(len(s)-i)
		return s[:j] + s[i:]
	}
}
