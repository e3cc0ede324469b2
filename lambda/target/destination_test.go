package target

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var destinations = []struct {
	typ  Type
	text string
	want Destination
	url  string
	show string // "": the text
}{
	{Kinesis, "a.b-c_D", Destination{Name: "a.b-c_D"}, "", ""},
	{Kinesis, "arn:aws-iso:kinesis:us-iso-east-1:123456789012:stream/a.b", Destination{
		Name: "a.b", ARN: "arn:aws-iso:kinesis:us-iso-east-1:123456789012:stream/a.b", Region: "us-iso-east-1", Account: "123456789012", Partition: "aws-iso",
	}, "", ""},
	{Firehose, "arn:aws-cn:firehose:cn-north-1:123456789012:deliverystream/x.y", Destination{
		Name: "x.y", ARN: "arn:aws-cn:firehose:cn-north-1:123456789012:deliverystream/x.y", Region: "cn-north-1", Account: "123456789012", Partition: "aws-cn",
	}, "", ""},
	{SNS, topic1, Destination{
		Name: "alarms.fifo", FIFO: true, ARN: topic1, Region: "us-gov-west-1", Account: "123456789012", Partition: "aws-us-gov",
	}, "", ""},
	{SQS, "https://sqs.eu-west-1.amazonaws.com/123456789012/q", Destination{
		Name: "q", Region: "eu-west-1", Account: "123456789012",
	}, "https://sqs.eu-west-1.amazonaws.com/123456789012/q", ""},
	{SQS, "https://queue.amazonaws.com/123456789012/q.fifo", Destination{
		Name: "q.fifo", FIFO: true, Region: "us-east-1", Account: "123456789012",
	}, "https://queue.amazonaws.com/123456789012/q.fifo", ""},
	{SQS, "https://eu-west-1.queue.amazonaws.com/123456789012/q", Destination{
		Name: "q", Region: "eu-west-1", Account: "123456789012",
	}, "https://eu-west-1.queue.amazonaws.com/123456789012/q", ""},
	{SQS, "https://vpce-1-2.sqs.us-east-1.vpce.amazonaws.com/123456789012/q", Destination{
		Name: "q", Region: "us-east-1", Account: "123456789012",
	}, "https://vpce-1-2.sqs.us-east-1.vpce.amazonaws.com/123456789012/q", ""},
	{SQS, "https://sqs.eu-west-1.amazonaws.com/123456789012/q/", Destination{
		Name: "q", Region: "eu-west-1", Account: "123456789012",
	}, "https://sqs.eu-west-1.amazonaws.com/123456789012/q", "https://sqs.eu-west-1.amazonaws.com/123456789012/q"},
	{SQS, "http://127.0.0.1:9324/queue/q", Destination{Name: "q"}, "http://127.0.0.1:9324/queue/q", ""},
	{SQS, "arn:aws-cn:sqs:cn-north-1:123456789012:q", Destination{
		Name: "q", ARN: "arn:aws-cn:sqs:cn-north-1:123456789012:q", Region: "cn-north-1", Account: "123456789012", Partition: "aws-cn",
	}, "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q", ""},
	{SQS, "arn:aws:sqs:eu-west-1:123456789012:q.fifo", Destination{
		Name: "q.fifo", FIFO: true, ARN: "arn:aws:sqs:eu-west-1:123456789012:q.fifo", Region: "eu-west-1", Account: "123456789012", Partition: "aws",
	}, "https://sqs.eu-west-1.amazonaws.com/123456789012/q.fifo", ""},
	{Lambda, "f", Destination{Name: "f"}, "", ""},
	{Lambda, "f:live", Destination{Name: "f", Qualifier: "live"}, "", ""},
	{Lambda, "f:$LATEST", Destination{Name: "f", Qualifier: "$LATEST"}, "", ""},
	{Lambda, "123456789012:function:f:7", Destination{Name: "123456789012:function:f", Qualifier: "7", Account: "123456789012"}, "", ""},
	{Lambda, "arn:aws:lambda:eu-west-1:123456789012:function:f:live", Destination{
		Name: "f", Qualifier: "live", ARN: "arn:aws:lambda:eu-west-1:123456789012:function:f", Region: "eu-west-1", Account: "123456789012", Partition: "aws",
	}, "", ""},
	{Lambda, "arn:aws:lambda:eu-west-1:123456789012:function:f", Destination{
		Name: "f", ARN: "arn:aws:lambda:eu-west-1:123456789012:function:f", Region: "eu-west-1", Account: "123456789012", Partition: "aws",
	}, "", ""},
	{ES, "search-d-x.us-west-2.es.amazonaws.com#logs/doc", Destination{
		Host: "search-d-x.us-west-2.es.amazonaws.com", Index: "logs", DocType: "doc", Signing: "es", Region: "us-west-2",
	}, "https://search-d-x.us-west-2.es.amazonaws.com", ""},
	{ES, "vpc-d-x.cn-north-1.es.amazonaws.com.cn#/logs/", Destination{
		Host: "vpc-d-x.cn-north-1.es.amazonaws.com.cn", Index: "logs", Signing: "es", Region: "cn-north-1",
	}, "https://vpc-d-x.cn-north-1.es.amazonaws.com.cn", "vpc-d-x.cn-north-1.es.amazonaws.com.cn#logs"},
	{ES, "abc.us-east-1.aoss.amazonaws.com#logs", Destination{
		Host: "abc.us-east-1.aoss.amazonaws.com", Index: "logs", Signing: "aoss", Region: "us-east-1",
	}, "https://abc.us-east-1.aoss.amazonaws.com", ""},
	{ES, "search-d-x.aos.us-east-1.on.aws#logs", Destination{
		Host: "search-d-x.aos.us-east-1.on.aws", Index: "logs", Signing: "es", Region: "us-east-1",
	}, "https://search-d-x.aos.us-east-1.on.aws", ""},
	{ES, "es.amazonaws.com#i", Destination{Host: "es.amazonaws.com", Index: "i", Signing: "es"}, "https://es.amazonaws.com", ""},
	{ES, "x.es.amazonaws.com#i", Destination{Host: "x.es.amazonaws.com", Index: "i", Signing: "es"}, "https://x.es.amazonaws.com", ""},
	{ES, "x.amazonaws.com#i", Destination{Host: "x.amazonaws.com", Index: "i"}, "https://x.amazonaws.com", ""},
	{ES, "es.eu-west-1.example.com#i", Destination{Host: "es.eu-west-1.example.com", Index: "i"}, "https://es.eu-west-1.example.com", ""},
	{ES, "http://localhost:9200/logs/_doc", Destination{Host: "localhost:9200", Index: "logs", DocType: "_doc"}, "http://localhost:9200", "localhost:9200#logs/_doc"},
	{ES, "https://proxy/es/#logs", Destination{Host: "proxy", Index: "logs"}, "https://proxy/es", "proxy#logs"},
	{ES, "https://u:secret@[::1]:9200/logs", Destination{Host: "[::1]:9200", Index: "logs"}, "https://u:secret@[::1]:9200", "[::1]:9200#logs"},
	{ES, "https://u:secret@search-d-x.us-west-2.es.amazonaws.com/logs", Destination{
		Host: "search-d-x.us-west-2.es.amazonaws.com", Index: "logs", Region: "us-west-2",
	}, "https://u:secret@search-d-x.us-west-2.es.amazonaws.com", "search-d-x.us-west-2.es.amazonaws.com#logs"},
	{ES, "https://token:@h/logs", Destination{Host: "h", Index: "logs"}, "https://token:@h", "h#logs"},
	{ES, "h#<logs-{now/d}>", Destination{Host: "h", Index: "<logs-{now/d}>"}, "https://h", ""},
	{ES, "h#<logs-{now-1d/M{yyyy.MM|+12:00}}-x>/doc", Destination{Host: "h", Index: "<logs-{now-1d/M{yyyy.MM|+12:00}}-x>", DocType: "doc"}, "https://h", ""},
	{ES, "h#%3Clogs-%7Bnow%2Fd%7D%3E", Destination{Host: "h", Index: "<logs-{now/d}>"}, "https://h", "h#<logs-{now/d}>"},
	{ES, "https://h:9200/%3Clogs-%7Bnow%2Fd%7D%3E", Destination{Host: "h:9200", Index: "<logs-{now/d}>"}, "https://h:9200", "h:9200#<logs-{now/d}>"},
	{ES, "https://h:9200/<logs-{now/d}>/_doc", Destination{Host: "h:9200", Index: "<logs-{now/d}>", DocType: "_doc"}, "https://h:9200", "h:9200#<logs-{now/d}>/_doc"},
	{ES, "h#<{now}{now/M{yyyy}}>", Destination{Host: "h", Index: "<{now}{now/M{yyyy}}>"}, "https://h", ""},
	{IoT, "abc-ats.iot.eu-west-1.amazonaws.com#sensors/1", Destination{
		Host: "abc-ats.iot.eu-west-1.amazonaws.com", Topic: "sensors/1", Region: "eu-west-1",
	}, "https://abc-ats.iot.eu-west-1.amazonaws.com", ""},
	{IoT, "http://127.0.0.1:8080/#t", Destination{Host: "127.0.0.1:8080", Topic: "t"}, "http://127.0.0.1:8080", "127.0.0.1:8080#t"},
	{Memcached, "cache", Destination{Host: "cache:11211"}, "", "cache:11211"},
	{Memcached, "[::1]:1", Destination{Host: "[::1]:1"}, "", ""},
	{Memcached, "m.abc.cfg.euw1.cache.amazonaws.com:11211", Destination{Host: "m.abc.cfg.euw1.cache.amazonaws.com:11211", Discover: true}, "", ""},
	{Memcached, "m-1.serverless.euw1.cache.amazonaws.com:11211", Destination{Host: "m-1.serverless.euw1.cache.amazonaws.com:11211", TLS: true}, "", ""},
	{Redis, "r.abc.ng.0001.euw1.cache.amazonaws.com:6379", Destination{Host: "r.abc.ng.0001.euw1.cache.amazonaws.com:6379"}, "redis://r.abc.ng.0001.euw1.cache.amazonaws.com:6379", ""},
	{Redis, "[::1]", Destination{Host: "[::1]:6379"}, "redis://[::1]:6379", "[::1]:6379"},
	{Redis, "redis://h/0", Destination{Host: "h:6379"}, "redis://h:6379", "h:6379"},
	{Redis, "rediss://user:p%40ss@h:7000/2", Destination{Host: "h:7000", TLS: true}, "rediss://user:p%40ss@h:7000/2", "h:7000"},
	{Redis, "clustercfg.r.abc.euw1.cache.amazonaws.com:6379", Destination{Host: "clustercfg.r.abc.euw1.cache.amazonaws.com:6379", Cluster: true}, "redis://clustercfg.r.abc.euw1.cache.amazonaws.com:6379", ""},
	{Redis, "r-1.serverless.euw1.cache.amazonaws.com:6379", Destination{Host: "r-1.serverless.euw1.cache.amazonaws.com:6379", Cluster: true, TLS: true}, "rediss://r-1.serverless.euw1.cache.amazonaws.com:6379", ""},
	{File, "-", Destination{Path: "-"}, "", ""},
	{File, "out/records.jsonl", Destination{Path: "out/records.jsonl"}, "", ""},
}

func TestDestinations(t *testing.T) {
	for _, tt := range destinations {
		got, err := ParseDestination(tt.typ, tt.text)
		if err != nil {
			t.Errorf("%s %s: %v", tt.typ, tt.text, err)
			continue
		}
		if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreUnexported(Destination{})); diff != "" || got.URL() != tt.url {
			t.Errorf("%s %s: URL %s, want %s (-want +got)\n%s", tt.typ, tt.text, got.URL(), tt.url, diff)
		}
		if tt.show == "" {
			tt.show = tt.text
		}
		if got.String() != tt.show {
			t.Errorf("%s %s: shown as %s", tt.typ, tt.text, got)
		}
	}
}

func TestDestinationFaults(t *testing.T) {
	for _, tt := range []struct {
		typ        Type
		text, want string
	}{
		{Kinesis, "a/b", `"a/b" is not the name of a stream (at most 128`},
		{Kinesis, strings.Repeat("a", 129), "is not the name of a stream"},
		{Kinesis, "arn:aws:kinesis:eu-west-1:123456789012:consumer/a", "is not a stream; write an ARN like"},
		{Kinesis, "arn:aws:firehose:eu-west-1:123456789012:deliverystream/a", `belongs to "firehose", not kinesis`},
		{Firehose, strings.Repeat("a", 65), "is not the name of a deliverystream"},
		{SNS, "alarms", `"alarms" is not an ARN; write one like arn:aws:sns:`},
		{SNS, "arn:aws:sns:eu-west-1:123456789012:a.b", "is not a topic"},
		{SQS, "q", `"q" is neither the URL nor the ARN of a queue`},
		{SQS, "https://sqs.eu-west-1.amazonaws.com/", "is not an account and the name of a queue; write a URL like https://sqs.eu-west-1.amazonaws.com/123456789012/name"},
		{SQS, "https://sqs.eu-west-1.amazonaws.com/123456789012/", "is not an account and the name of a queue"},
		{SQS, "https://sqs.eu-west-1.amazonaws.com/q", "is not an account and the name of a queue"},
		{SQS, "https://vpce-1-2.sqs.eu-west-1.vpce.amazonaws.com/p/123456789012/q", "is not an account and the name of a queue"},
		{SQS, "http://127.0.0.1:9324/", `"" is not the name of a queue`},
		{SQS, "https://u:secret@sqs.eu-west-1.amazonaws.com/123456789012/q", "is neither the URL nor the ARN of a queue"},
		{SQS, "arn:aws:sqs:eu-west-1:123456789012:a.b", `"a.b" is not the name of a queue`},
		{SQS, "arn:aws:sns:eu-west-1:123456789012:a", `belongs to "sns", not sqs`},
		{Lambda, "f g", `"f g" is not a function`},
		{Lambda, "f:", "is not a function"},
		{Lambda, "arn:aws:lambda:eu-west-1:123456789012:layer:x", "is not a function"},
		{Lambda, "arn:aws:lambda:eu-west-1:x:function:x", "has no account"},
		{ES, "host", `"host" has no index`},
		{ES, "host#", `"host#" has no index`},
		{ES, "https://host:9200", "has no index"},
		{ES, "a b#i", "is not an endpoint"},
		{ES, "h#a,b", `"a,b" is not an index or type`},
		{ES, "h#i/t/u", `"t/u" is not an index or type`},
		{ES, "h#..", `".." is not an index or type`},
		{ES, "https://h:9200/logs/_bulk", "ends in /_bulk, which is added to every request; leave it out"},
		{ES, "https://h:9200/_bulk", "ends in /_bulk"},
		{ES, "https://h:9200/logs/_doc/_bulk", "is not an index or type"},
		{ES, "h#.hidden", `".hidden" is not an index to write to`},
		{ES, "h#_all", `"_all" is not an index to write to`},
		{ES, "h#-a", `"-a" is not an index to write to`},
		{ES, "h#+a", `"+a" is not an index to write to`},
		{ES, "h#i/_create", `"_create" is not an index or type`},
		{ES, "h#<logs>", "is not an index name with date math; write one like <logs-{now/d}>"},
		{ES, "h#<logs-{now/d}", "is not an index name with date math"},
		{ES, "h#<logs-{yesterday}>", "is not an index name with date math"},
		{ES, "h#<logs-{now/d{}}>", "is not an index name with date math"},
		{ES, "h#<logs-{now/d{yyyy}>", "is not an index name with date math"},
		{ES, "h#<logs-{now/d}}>", "is not an index name with date math"},
		{ES, "h#<.logs-{now/d}>", "is not an index name with date math"},
		{ES, "h#<a/b{now}>", "is not an index name with date math"},
		{ES, "h#<logs-{now/d}>x", "is not an index name with date math"},
		{ES, "h#<>", "is not an index name with date math"},
		{ES, "ftp://h/i", "is not an endpoint"},
		{ES, "https://u@h/i", "has a user and no password; write https://user:password@host/index, or leave the user out"},
		{ES, "https://u@search-d-x.us-west-2.es.amazonaws.com/i", "has a user and no password"},
		{ES, "https://u:secret@abc.us-east-1.aoss.amazonaws.com/i", "has a user and password, and abc.us-east-1.aoss.amazonaws.com takes signed requests only; leave them out"},
		{ES, "https://h:0/i", "is not an endpoint"},
		{IoT, "h", `"h" has no topic`},
		{IoT, "h#", "has no topic"},
		{IoT, "h/p#t", "is not an endpoint"},
		{IoT, "h#a/+", "has a wildcard"},
		{IoT, "h#" + strings.Repeat("t", 257), "longer than 256 bytes"},
		{Memcached, "h:x", `"h:x" is not an address`},
		{Memcached, "[1.2.3.4]:1", "is not an address"},
		{Memcached, "memcached://u:secret@h", "is not an address"},
		{Redis, "http://u:secret@h", "is not the address of a Redis server"},
		{Redis, "u:secret@h:6379", "has a user or password and no scheme"},
		{Redis, "secret@h", "has a user or password and no scheme"},
		{Redis, "redis://u:sec%ret@h", "is not the address of a Redis server"},
		{Redis, "redis://u:secret@h:x", "is not the address of a Redis server"},
		{Redis, "redis://:secret@", "has no valid host and port"},
		{Redis, "redis://u:secret@h?x=1", "has something after the database"},
		{Redis, "redis://u:secret@h/x", "has a database that is not a number"},
		{File, "a\x00b", "has a control character"},
		{"s3", "b", `has no form for type "s3"`},
	} {
		_, err := ParseDestination(tt.typ, tt.text)
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
		l := Read(with("type", "redis", "destination", text), "")
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
	for _, n := range typeNames {
		l := Read(with("type", n.name, "destination", "redis://u:secret@h"), "")
		if s := fmt.Sprint(l.Err()); n.typ != File && strings.Contains(s, "secret") {
			t.Errorf("%s: %s", n.name, s)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, d := range destinations {
		f.Add(string(d.typ), d.text)
	}
	f.Fuzz(func(t *testing.T, typ, text string) {
		d, err := ParseDestination(Type(typ), text)
		if err != nil {
			return
		}
		if d.String() == "" && text != "" {
			t.Fatalf("%s %q has no text", typ, text)
		}
		if typ == "redis" || typ == "memcached" || typ == "file" {
			return
		}
		if again, err := ParseDestination(Type(typ), d.String()); err != nil || again.Name != d.Name || again.Index != d.Index || again.Topic != d.Topic {
			t.Fatalf("%q, shown as %q, reads as %+v, %v", text, d, again, err)
		}
	})
}

func ExampleParseDestination() {
	d, err := ParseDestination(SQS, "arn:aws-cn:sqs:cn-north-1:123456789012:orders.fifo")
	fmt.Println(d.URL(), d.Region, d.FIFO, err)
	d, err = ParseDestination(Redis, "rediss://app:hunter2@cache.example.com/3")
	fmt.Println(d, d.TLS, err)
	// Output:
	// https://sqs.cn-north-1.amazonaws.com.cn/123456789012/orders.fifo cn-north-1 true <nil>
	// cache.example.com:6379 true <nil>
}
