package target

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fanout/sinks"
	"fanout/sinks/builtin"
)

var destinations = []struct {
	typ  *sinks.Type
	text string
	want sinks.Destination
	url  string
	show string // "": the text
}{
	{builtin.Type("kinesis"), "a.b-c_D", sinks.Destination{Name: "a.b-c_D"}, "", ""},
	{builtin.Type("kinesis"), "arn:aws-iso:kinesis:us-iso-east-1:123456789012:stream/a.b", sinks.Destination{
		Name: "a.b", ARN: "arn:aws-iso:kinesis:us-iso-east-1:123456789012:stream/a.b", Region: "us-iso-east-1", Account: "123456789012", Partition: "aws-iso",
	}, "", ""},
	{builtin.Type("firehose"), "arn:aws-cn:firehose:cn-north-1:123456789012:deliverystream/x.y", sinks.Destination{
		Name: "x.y", ARN: "arn:aws-cn:firehose:cn-north-1:123456789012:deliverystream/x.y", Region: "cn-north-1", Account: "123456789012", Partition: "aws-cn",
	}, "", ""},
	{builtin.Type("sns"), topic1, sinks.Destination{
		Name: "alarms.fifo", FIFO: true, ARN: topic1, Region: "us-gov-west-1", Account: "123456789012", Partition: "aws-us-gov",
	}, "", ""},
	{builtin.Type("sqs"), "https://sqs.eu-west-1.amazonaws.com/123456789012/q", sinks.Destination{
		Name: "q", Region: "eu-west-1", Account: "123456789012",
	}, "https://sqs.eu-west-1.amazonaws.com/123456789012/q", ""},
	{builtin.Type("sqs"), "https://queue.amazonaws.com/123456789012/q.fifo", sinks.Destination{
		Name: "q.fifo", FIFO: true, Region: "us-east-1", Account: "123456789012",
	}, "https://queue.amazonaws.com/123456789012/q.fifo", ""},
	{builtin.Type("sqs"), "https://eu-west-1.queue.amazonaws.com/123456789012/q", sinks.Destination{
		Name: "q", Region: "eu-west-1", Account: "123456789012",
	}, "https://eu-west-1.queue.amazonaws.com/123456789012/q", ""},
	{builtin.Type("sqs"), "https://vpce-1-2.sqs.us-east-1.vpce.amazonaws.com/123456789012/q", sinks.Destination{
		Name: "q", Region: "us-east-1", Account: "123456789012",
	}, "https://vpce-1-2.sqs.us-east-1.vpce.amazonaws.com/123456789012/q", ""},
	{builtin.Type("sqs"), "https://sqs.eu-west-1.amazonaws.com/123456789012/q/", sinks.Destination{
		Name: "q", Region: "eu-west-1", Account: "123456789012",
	}, "https://sqs.eu-west-1.amazonaws.com/123456789012/q", "https://sqs.eu-west-1.amazonaws.com/123456789012/q"},
	{builtin.Type("sqs"), "http://127.0.0.1:9324/queue/q", sinks.Destination{Name: "q"}, "http://127.0.0.1:9324/queue/q", ""},
	{builtin.Type("sqs"), "arn:aws-cn:sqs:cn-north-1:123456789012:q", sinks.Destination{
		Name: "q", ARN: "arn:aws-cn:sqs:cn-north-1:123456789012:q", Region: "cn-north-1", Account: "123456789012", Partition: "aws-cn",
	}, "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q", ""},
	{builtin.Type("sqs"), "arn:aws:sqs:eu-west-1:123456789012:q.fifo", sinks.Destination{
		Name: "q.fifo", FIFO: true, ARN: "arn:aws:sqs:eu-west-1:123456789012:q.fifo", Region: "eu-west-1", Account: "123456789012", Partition: "aws",
	}, "https://sqs.eu-west-1.amazonaws.com/123456789012/q.fifo", ""},
	{builtin.Type("lambda"), "f", sinks.Destination{Name: "f"}, "", ""},
	{builtin.Type("lambda"), "f:live", sinks.Destination{Name: "f", Qualifier: "live"}, "", ""},
	{builtin.Type("lambda"), "f:$LATEST", sinks.Destination{Name: "f", Qualifier: "$LATEST"}, "", ""},
	{builtin.Type("lambda"), "123456789012:function:f:7", sinks.Destination{Name: "123456789012:function:f", Qualifier: "7", Account: "123456789012"}, "", ""},
	{builtin.Type("lambda"), "arn:aws:lambda:eu-west-1:123456789012:function:f:live", sinks.Destination{
		Name: "f", Qualifier: "live", ARN: "arn:aws:lambda:eu-west-1:123456789012:function:f", Region: "eu-west-1", Account: "123456789012", Partition: "aws",
	}, "", ""},
	{builtin.Type("lambda"), "arn:aws:lambda:eu-west-1:123456789012:function:f", sinks.Destination{
		Name: "f", ARN: "arn:aws:lambda:eu-west-1:123456789012:function:f", Region: "eu-west-1", Account: "123456789012", Partition: "aws",
	}, "", ""},
	{builtin.Type("es"), "search-d-x.us-west-2.es.amazonaws.com#logs/doc", sinks.Destination{
		Host: "search-d-x.us-west-2.es.amazonaws.com", Index: "logs", DocType: "doc", Signing: "es", Region: "us-west-2",
	}, "https://search-d-x.us-west-2.es.amazonaws.com", ""},
	{builtin.Type("es"), "vpc-d-x.cn-north-1.es.amazonaws.com.cn#/logs/", sinks.Destination{
		Host: "vpc-d-x.cn-north-1.es.amazonaws.com.cn", Index: "logs", Signing: "es", Region: "cn-north-1",
	}, "https://vpc-d-x.cn-north-1.es.amazonaws.com.cn", "vpc-d-x.cn-north-1.es.amazonaws.com.cn#logs"},
	{builtin.Type("es"), "abc.us-east-1.aoss.amazonaws.com#logs", sinks.Destination{
		Host: "abc.us-east-1.aoss.amazonaws.com", Index: "logs", Signing: "aoss", Region: "us-east-1",
	}, "https://abc.us-east-1.aoss.amazonaws.com", ""},
	{builtin.Type("es"), "search-d-x.aos.us-east-1.on.aws#logs", sinks.Destination{
		Host: "search-d-x.aos.us-east-1.on.aws", Index: "logs", Signing: "es", Region: "us-east-1",
	}, "https://search-d-x.aos.us-east-1.on.aws", ""},
	{builtin.Type("es"), "es.amazonaws.com#i", sinks.Destination{Host: "es.amazonaws.com", Index: "i", Signing: "es"}, "https://es.amazonaws.com", ""},
	{builtin.Type("es"), "x.es.amazonaws.com#i", sinks.Destination{Host: "x.es.amazonaws.com", Index: "i", Signing: "es"}, "https://x.es.amazonaws.com", ""},
	{builtin.Type("es"), "x.amazonaws.com#i", sinks.Destination{Host: "x.amazonaws.com", Index: "i"}, "https://x.amazonaws.com", ""},
	{builtin.Type("es"), "es.eu-west-1.example.com#i", sinks.Destination{Host: "es.eu-west-1.example.com", Index: "i"}, "https://es.eu-west-1.example.com", ""},
	{builtin.Type("es"), "http://localhost:9200/logs/_doc", sinks.Destination{Host: "localhost:9200", Index: "logs", DocType: "_doc"}, "http://localhost:9200", "localhost:9200#logs/_doc"},
	{builtin.Type("es"), "https://proxy/es/#logs", sinks.Destination{Host: "proxy", Index: "logs"}, "https://proxy/es", "proxy#logs"},
	{builtin.Type("es"), "https://u:secret@[::1]:9200/logs", sinks.Destination{Host: "[::1]:9200", Index: "logs"}, "https://u:secret@[::1]:9200", "[::1]:9200#logs"},
	{builtin.Type("es"), "https://u:secret@search-d-x.us-west-2.es.amazonaws.com/logs", sinks.Destination{
		Host: "search-d-x.us-west-2.es.amazonaws.com", Index: "logs", Region: "us-west-2",
	}, "https://u:secret@search-d-x.us-west-2.es.amazonaws.com", "search-d-x.us-west-2.es.amazonaws.com#logs"},
	{builtin.Type("es"), "https://token:@h/logs", sinks.Destination{Host: "h", Index: "logs"}, "https://token:@h", "h#logs"},
	{builtin.Type("es"), "h#<logs-{now/d}>", sinks.Destination{Host: "h", Index: "<logs-{now/d}>"}, "https://h", ""},
	{builtin.Type("es"), "h#<logs-{now-1d/M{yyyy.MM|+12:00}}-x>/doc", sinks.Destination{Host: "h", Index: "<logs-{now-1d/M{yyyy.MM|+12:00}}-x>", DocType: "doc"}, "https://h", ""},
	{builtin.Type("es"), "h#%3Clogs-%7Bnow%2Fd%7D%3E", sinks.Destination{Host: "h", Index: "<logs-{now/d}>"}, "https://h", "h#<logs-{now/d}>"},
	{builtin.Type("es"), "https://h:9200/%3Clogs-%7Bnow%2Fd%7D%3E", sinks.Destination{Host: "h:9200", Index: "<logs-{now/d}>"}, "https://h:9200", "h:9200#<logs-{now/d}>"},
	{builtin.Type("es"), "https://h:9200/<logs-{now/d}>/_doc", sinks.Destination{Host: "h:9200", Index: "<logs-{now/d}>", DocType: "_doc"}, "https://h:9200", "h:9200#<logs-{now/d}>/_doc"},
	{builtin.Type("es"), "h#<{now}{now/M{yyyy}}>", sinks.Destination{Host: "h", Index: "<{now}{now/M{yyyy}}>"}, "https://h", ""},
	{builtin.Type("iot"), "abc-ats.iot.eu-west-1.amazonaws.com#sensors/1", sinks.Destination{
		Host: "abc-ats.iot.eu-west-1.amazonaws.com", Topic: "sensors/1", Region: "eu-west-1",
	}, "https://abc-ats.iot.eu-west-1.amazonaws.com", ""},
	{builtin.Type("iot"), "http://127.0.0.1:8080/#t", sinks.Destination{Host: "127.0.0.1:8080", Topic: "t"}, "http://127.0.0.1:8080", "127.0.0.1:8080#t"},
	{builtin.Type("memcached"), "cache", sinks.Destination{Host: "cache:11211"}, "", "cache:11211"},
	{builtin.Type("memcached"), "[::1]:1", sinks.Destination{Host: "[::1]:1"}, "", ""},
	{builtin.Type("memcached"), "m.abc.cfg.euw1.cache.amazonaws.com:11211", sinks.Destination{Host: "m.abc.cfg.euw1.cache.amazonaws.com:11211", Discover: true}, "", ""},
	{builtin.Type("memcached"), "m-1.serverless.euw1.cache.amazonaws.com:11211", sinks.Destination{Host: "m-1.serverless.euw1.cache.amazonaws.com:11211", TLS: true}, "", ""},
	{builtin.Type("redis"), "r.abc.ng.0001.euw1.cache.amazonaws.com:6379", sinks.Destination{Host: "r.abc.ng.0001.euw1.cache.amazonaws.com:6379"}, "redis://r.abc.ng.0001.euw1.cache.amazonaws.com:6379", ""},
	{builtin.Type("redis"), "[::1]", sinks.Destination{Host: "[::1]:6379"}, "redis://[::1]:6379", "[::1]:6379"},
	{builtin.Type("redis"), "redis://h/0", sinks.Destination{Host: "h:6379"}, "redis://h:6379", "h:6379"},
	{builtin.Type("redis"), "rediss://user:p%40ss@h:7000/2", sinks.Destination{Host: "h:7000", TLS: true}, "rediss://user:p%40ss@h:7000/2", "h:7000"},
	{builtin.Type("redis"), "clustercfg.r.abc.euw1.cache.amazonaws.com:6379", sinks.Destination{Host: "clustercfg.r.abc.euw1.cache.amazonaws.com:6379", Cluster: true}, "redis://clustercfg.r.abc.euw1.cache.amazonaws.com:6379", ""},
	{builtin.Type("redis"), "r-1.serverless.euw1.cache.amazonaws.com:6379", sinks.Destination{Host: "r-1.serverless.euw1.cache.amazonaws.com:6379", Cluster: true, TLS: true}, "rediss://r-1.serverless.euw1.cache.amazonaws.com:6379", ""},
	{builtin.Type("file"), "-", sinks.Destination{Path: "-"}, "", ""},
	{builtin.Type("file"), "out/records.jsonl", sinks.Destination{Path: "out/records.jsonl"}, "", ""},
}

func TestDestinations(t *testing.T) {
	for _, tt := range destinations {
		got, err := parse(tt.typ, tt.text)
		if err != nil {
			t.Errorf("%s %s: %v", tt.typ, tt.text, err)
			continue
		}
		if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(sinks.Destination{}, "Address")); diff != "" || got.URL() != tt.url {
			t.Errorf("%s %s: URL %s, want %s (-want +got)\n%s", tt.typ, tt.text, got.URL(), tt.url, diff)
		}
		if tt.show == "" {
			tt.show = tt.text
		}
		if got.String() != tt.show {
			t.Errorf("%s %s: shown as %s", tt.typ, tt.text, got)
		}
		if !regexp.MustCompile(tt.typ.Form).MatchString(tt.text) {
			t.Errorf("%s %s: the form of the type does not match", tt.typ, tt.text)
		}
	}
}

// Each type has examples, which are right and have its form.
func TestDestinationExamples(t *testing.T) {
	for _, typ := range builtin.Types() {
		if len(typ.Examples) == 0 {
			t.Errorf("%s has no examples", typ)
		}
		for _, text := range typ.Examples {
			if _, err := parse(typ, text); err != nil || !regexp.MustCompile(typ.Form).MatchString(text) {
				t.Errorf("%s %s does not have the form of the type, or %v", typ, text, err)
			}
		}
	}
}

func TestDestinationFaults(t *testing.T) {
	for _, tt := range []struct {
		typ        *sinks.Type
		text, want string
	}{
		{builtin.Type("kinesis"), "a/b", `"a/b" is not the name of a stream (at most 128`},
		{builtin.Type("kinesis"), strings.Repeat("a", 129), "is not the name of a stream"},
		{builtin.Type("kinesis"), "arn:aws:kinesis:eu-west-1:123456789012:consumer/a", "is not a stream; write an ARN like"},
		{builtin.Type("kinesis"), "arn:aws:firehose:eu-west-1:123456789012:deliverystream/a", `belongs to "firehose", not kinesis`},
		{builtin.Type("firehose"), strings.Repeat("a", 65), "is not the name of a deliverystream"},
		{builtin.Type("sns"), "alarms", `"alarms" is not an ARN; write one like arn:aws:sns:`},
		{builtin.Type("sns"), "arn:aws:sns:eu-west-1:123456789012:a.b", "is not a topic"},
		{builtin.Type("sqs"), "q", `"q" is neither the URL nor the ARN of a queue`},
		{builtin.Type("sqs"), "https://sqs.eu-west-1.amazonaws.com/", "is not an account and the name of a queue; write a URL like https://sqs.eu-west-1.amazonaws.com/123456789012/name"},
		{builtin.Type("sqs"), "https://sqs.eu-west-1.amazonaws.com/123456789012/", "is not an account and the name of a queue"},
		{builtin.Type("sqs"), "https://sqs.eu-west-1.amazonaws.com/q", "is not an account and the name of a queue"},
		{builtin.Type("sqs"), "https://vpce-1-2.sqs.eu-west-1.vpce.amazonaws.com/p/123456789012/q", "is not an account and the name of a queue"},
		{builtin.Type("sqs"), "http://127.0.0.1:9324/", `"" is not the name of a queue`},
		{builtin.Type("sqs"), "https://u:secret@sqs.eu-west-1.amazonaws.com/123456789012/q", "is neither the URL nor the ARN of a queue"},
		{builtin.Type("sqs"), "arn:aws:sqs:eu-west-1:123456789012:a.b", `"a.b" is not the name of a queue`},
		{builtin.Type("sqs"), "arn:aws:sns:eu-west-1:123456789012:a", `belongs to "sns", not sqs`},
		{builtin.Type("lambda"), "f g", `"f g" is not a function`},
		{builtin.Type("lambda"), "f:", "is not a function"},
		{builtin.Type("lambda"), "arn:aws:lambda:eu-west-1:123456789012:layer:x", "is not a function"},
		{builtin.Type("lambda"), "arn:aws:lambda:eu-west-1:x:function:x", "has no account"},
		{builtin.Type("es"), "host", `"host" has no index`},
		{builtin.Type("es"), "host#", `"host#" has no index`},
		{builtin.Type("es"), "https://host:9200", "has no index"},
		{builtin.Type("es"), "a b#i", "is not an endpoint"},
		{builtin.Type("es"), "h#a,b", `"a,b" is not an index or type`},
		{builtin.Type("es"), "h#i/t/u", `"t/u" is not an index or type`},
		{builtin.Type("es"), "h#..", `".." is not an index or type`},
		{builtin.Type("es"), "https://h:9200/logs/_bulk", "ends in /_bulk, which fanout adds to every request; remove it"},
		{builtin.Type("es"), "https://h:9200/_bulk", "ends in /_bulk"},
		{builtin.Type("es"), "https://h:9200/logs/_doc/_bulk", "is not an index or type"},
		{builtin.Type("es"), "h#.hidden", `".hidden" is not an index to write to`},
		{builtin.Type("es"), "h#_all", `"_all" is not an index to write to`},
		{builtin.Type("es"), "h#-a", `"-a" is not an index to write to`},
		{builtin.Type("es"), "h#+a", `"+a" is not an index to write to`},
		{builtin.Type("es"), "h#i/_create", `"_create" is not an index or type`},
		{builtin.Type("es"), "h#<logs>", "is not an index name with date math; write one like <logs-{now/d}>"},
		{builtin.Type("es"), "h#<logs-{now/d}", "is not an index name with date math"},
		{builtin.Type("es"), "h#<logs-{yesterday}>", "is not an index name with date math"},
		{builtin.Type("es"), "h#<logs-{now/d{}}>", "is not an index name with date math"},
		{builtin.Type("es"), "h#<logs-{now/d{yyyy}>", "is not an index name with date math"},
		{builtin.Type("es"), "h#<logs-{now/d}}>", "is not an index name with date math"},
		{builtin.Type("es"), "h#<.logs-{now/d}>", "is not an index name with date math"},
		{builtin.Type("es"), "h#<a/b{now}>", "is not an index name with date math"},
		{builtin.Type("es"), "h#<logs-{now/d}>x", "is not an index name with date math"},
		{builtin.Type("es"), "h#<>", "is not an index name with date math"},
		{builtin.Type("es"), "ftp://h/i", "is not an endpoint"},
		{builtin.Type("es"), "https://u@h/i", "has a user but no password; write https://user:password@host/index, or remove the user"},
		{builtin.Type("es"), "https://u@search-d-x.us-west-2.es.amazonaws.com/i", "has a user but no password"},
		{builtin.Type("es"), "https://u:secret@abc.us-east-1.aoss.amazonaws.com/i", "has a user and password, but abc.us-east-1.aoss.amazonaws.com accepts only signed requests; remove them"},
		{builtin.Type("es"), "https://h:0/i", "is not an endpoint"},
		{builtin.Type("iot"), "h", `"h" has no topic`},
		{builtin.Type("iot"), "h#", "has no topic"},
		{builtin.Type("iot"), "h/p#t", "is not an endpoint"},
		{builtin.Type("iot"), "h#a/+", "has a wildcard"},
		{builtin.Type("iot"), "h#" + strings.Repeat("t", 257), "longer than 256 bytes"},
		{builtin.Type("memcached"), "h:x", `"h:x" is not an address`},
		{builtin.Type("memcached"), "[1.2.3.4]:1", "is not an address"},
		{builtin.Type("memcached"), "memcached://u:secret@h", "is not an address"},
		{builtin.Type("redis"), "http://u:secret@h", "is not the address of a Redis server"},
		{builtin.Type("redis"), "u:secret@h:6379", "has a user or password and no scheme"},
		{builtin.Type("redis"), "secret@h", "has a user or password and no scheme"},
		{builtin.Type("redis"), "redis://u:sec%ret@h", "is not the address of a Redis server"},
		{builtin.Type("redis"), "redis://u:secret@h:x", "is not the address of a Redis server"},
		{builtin.Type("redis"), "redis://:secret@", "has no valid host and port"},
		{builtin.Type("redis"), "redis://u:secret@h?x=1", "has text after the database"},
		{builtin.Type("redis"), "redis://u:secret@h/x", "has a database that is not a number"},
		{builtin.Type("file"), "a\x00b", "has a control character"},
	} {
		_, err := parse(tt.typ, tt.text)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %q: got %v, want %s", tt.typ, tt.text, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "sec") {
			t.Errorf("%s %q: the error shows the password: %v", tt.typ, tt.text, err)
		}
	}
}

// However a target is printed, its password does not show.
func TestSecrets(t *testing.T) {
	for _, text := range []string{"redis://u:secret@h", "rediss://:secret@h/1"} {
		l := catalog.Read(with("type", "redis", "destination", text), "")
		js, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{fmt.Sprint(l), fmt.Sprintf("%+v", l), fmt.Sprintf("%#v", l.Spec), string(js)} {
			if strings.Contains(s, "secret") {
				t.Errorf("shows the password: %s", s)
			}
		}
		if !strings.Contains(l.Spec.Destination.URL(), "secret") {
			t.Error("the password is lost")
		}
	}
	// A destination with a password under the wrong type.
	for _, n := range catalog.Types {
		l := catalog.Read(with("type", n.Name, "destination", "redis://u:secret@h"), "")
		if s := fmt.Sprint(l.Err()); !n.Disk && strings.Contains(s, "secret") {
			t.Errorf("%s: %s", n.Name, s)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, d := range destinations {
		f.Add(d.typ.Name, d.text)
	}
	f.Fuzz(func(t *testing.T, typ, text string) {
		of := catalog.Type(typ)
		if of == nil {
			return
		}
		d, err := parse(of, text)
		if err != nil {
			return
		}
		if d.String() == "" && text != "" {
			t.Fatalf("%s %q has no text", typ, text)
		}
		if typ == "redis" || typ == "memcached" || typ == "file" {
			return
		}
		if again, err := parse(of, d.String()); err != nil || again.Name != d.Name || again.Index != d.Index || again.Topic != d.Topic {
			t.Fatalf("%q, shown as %q, reads as %+v, %v", text, d, again, err)
		}
	})
}

func ExampleCatalog_Type() {
	d, err := catalog.Type("sqs").Parse("arn:aws-cn:sqs:cn-north-1:123456789012:orders.fifo")
	fmt.Println(d.URL(), d.Region, d.FIFO, err)
	d, err = catalog.Type("redis").Parse("rediss://app:hunter2@cache.example.com/3")
	fmt.Println(d, d.TLS, err)
	// Output:
	// https://sqs.cn-north-1.amazonaws.com.cn/123456789012/orders.fifo cn-north-1 true <nil>
	// cache.example.com:6379 true <nil>
}
