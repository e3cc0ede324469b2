package schema

import "fanout/lambda/target"

// form is the form of a text.
type form struct {
	pattern  string // in the syntax that Go and JavaScript share; "": any
	examples []string
}

// partition and region are parts of ARNs, for regular expressions.
const partition, region = `aws(-[^:]*)?`, `[a-z][a-z0-9]*-([a-z0-9-]*[a-z0-9])`

// duration matches whole seconds in quotes, and durations of Go.
const duration = `^(0*[1-9][0-9]*|([0-9.]+(h|m|s|ms))+)$`

// jsonText matches the beginning of a value that is written as JSON text.
var jsonText = map[target.Kind]string{target.Map: `^[ \t\r\n]*[{]`, target.List: `^[ \t\r\n]*[[]`}

// forms holds the forms of attributes that do not depend on the type.
var forms = map[string]form{
	"sourceArn": {
		`^arn:` + partition + `:(kinesis:` + region + `:[0-9]{12}:stream/[A-Za-z0-9_.-]{1,128}(/consumer/.*)?` +
			`|dynamodb:` + region + `:[0-9]{12}:table/[A-Za-z0-9_.-]{1,255}/stream/[A-Za-z0-9_.:-]{1,64}` +
			`|sns:` + region + `:[0-9]{12}:[A-Za-z0-9_-]{1,256}([.]fifo)?` +
			`|sqs:` + region + `:[0-9]{12}:[A-Za-z0-9_-]{1,80}([.]fifo)?` +
			`|kafka:` + region + `:[0-9]{12}:topic/[A-Za-z0-9-]{1,64}/[A-Za-z0-9-]{1,64}/[A-Za-z0-9._-]{1,249})$` +
			`|^kafka://[^/]+/[A-Za-z0-9._-]{1,249}$`,
		[]string{
			"arn:aws:kinesis:eu-west-1:123456789012:stream/orders",
			"arn:aws:dynamodb:eu-west-1:123456789012:table/Customers/stream/2026-03-01T09:00:00.000",
			"arn:aws:sns:eu-west-1:123456789012:alerts",
			"arn:aws:sqs:eu-west-1:123456789012:jobs",
			"arn:aws:kafka:eu-west-1:123456789012:topic/demo/01234567-89ab-cdef-0123-456789abcdef-1/orders",
			"kafka://broker-1.example.com:9092,broker-2.example.com:9092/orders",
		},
	},
	"role":       {`^arn:` + partition + `:iam::[0-9]{12}:role/.+$`, []string{"arn:aws:iam::123456789012:role/fanout"}},
	"externalId": {`^[A-Za-z0-9_+=,.@:/-]{2,}$`, nil},
	"region":     {`^` + region + `$`, []string{"eu-west-1"}},
	"secret":     {`^arn:` + partition + `:secretsmanager:` + region + `:[0-9]{12}:secret:.+$`, []string{"arn:aws:secretsmanager:eu-west-1:123456789012:secret:cache-AbCdEf"}},
	"oversize":   {`^(fail|drop|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?)$`, []string{"fail", "drop", "s3://bucket/prefix"}},
	"transform":  {"", []string{"{id: .order, total}"}},
	"key":        {"", []string{".customer.id"}},
	"subject":    {"", []string{"order ${.id}"}},
	"group":      {"", []string{"${.tenant}"}},
	"source":     {"", []string{"shop.orders"}},
	"detailType": {"", []string{"order ${.type}"}},
}
