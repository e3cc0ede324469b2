package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// trouble is an account with a fault.
type trouble struct {
	name   string
	change func(a *account)
	all    bool // healthy findings are shown too
	well   bool // there is no fault
}

func troubles() []trouble {
	var all []trouble
	for _, some := range [][]trouble{functionTroubles, tableTroubles, mappingTroubles, policyTroubles, networkTroubles, targetTroubles, destinationTroubles, cacheTroubles} {
		all = append(all, some...)
	}
	return all
}

var functionTroubles = []trouble{
	{name: "all is well", change: func(*account) {}, all: true, well: true},
	{name: "no function", change: func(a *account) { a.functions = nil }},
	{name: "no right to look at the function", change: func(a *account) { a.fail["GetFunctionConfiguration"] = "AccessDeniedException" }},
	{name: "AWS fails", change: func(a *account) { a.fail["GetFunctionConfiguration"] = "ServiceException" }},
	{name: "pending, updating", change: func(a *account) {
		a.own().State, a.own().LastUpdateStatus = types.StatePending, types.LastUpdateStatusInProgress
	}},
	{name: "asleep", change: func(a *account) { a.own().State = types.StateInactive }},
	{name: "not to be invoked", change: func(a *account) {
		a.own().State, a.own().StateReason = types.StateActiveNonInvocable, aws.String("It has no version.")
	}},
	{name: "failed", change: func(a *account) {
		a.own().State, a.own().StateReason = types.StateFailed, aws.String("The subnet is gone.")
		a.own().LastUpdateStatus, a.own().LastUpdateStatusReason = types.LastUpdateStatusFailed, aws.String("The key is disabled.")
	}},
	{name: "another function", change: func(a *account) { a.own().Runtime = types.RuntimeNodejs22x }},
	{name: "an image", change: func(a *account) {
		a.own().Runtime, a.own().PackageType, a.own().Architectures = "", types.PackageTypeImage, nil
	}, well: true},
	{name: "little memory", change: func(a *account) {
		a.own().MemorySize = aws.Int32(128)
		for _, id := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
			a.add(id, "kinesis", "archive")
		}
	}},
	{name: "little time", change: func(a *account) { a.own().Timeout = aws.Int32(5) }},
	{name: "no time", change: func(a *account) { a.own().Timeout = aws.Int32(1) }},
	{name: "no traces of Lambda", change: func(a *account) { a.set("FANOUT_TRACING", "xray") }},
	{name: "variables", change: func(a *account) { a.set("FANOUT_IN_FLIGHT", "many"); a.set("FANOUT_METRICS", "loud") }},
	{name: "unknown variables", change: func(a *account) {
		a.set("FANOUT_METRIC", "emf")
		a.set("FANOUT_LOG_LEVLE", "it's") //nolint:misspell // a typo
		a.set("FANOUT_COLOUR", "red")
		delete(a.own().Environment.Variables, "FANOUT_METRICS")
	}},
	{name: "no log group", change: func(a *account) { a.groups = nil }},
	{name: "no log group yet", change: func(a *account) {
		a.groups = nil
		foreign(a, allow(`["dynamodb:*", "kinesis:*", "sqs:*"]`, "*"), allow(`"logs:*"`, "arn:aws:logs:*:*:*"))
	}, well: true, all: true},
	{name: "no log group, and the role cannot be seen", change: func(a *account) {
		a.groups = nil
		a.fail["ListRolePolicies"] = "AccessDenied"
	}},
	{name: "credentials that have expired", change: func(a *account) { a.fail["GetFunctionConfiguration"] = "ExpiredTokenException" }},
	{name: "credentials that expire meanwhile", change: func(a *account) { a.fail["DescribeLogGroups"] = "ExpiredTokenException" }},
	{name: "logs of another group kept forever", change: func(a *account) {
		a.own().LoggingConfig = &types.LoggingConfig{LogGroup: aws.String("/aws/lambda/fanout2")}
	}},
	{name: "no right to look at logs", change: func(a *account) { a.fail["DescribeLogGroups"] = "AccessDeniedException" }},
}

var tableTroubles = []trouble{
	{name: "no table", change: func(a *account) { a.tables = nil; a.fail["Scan"] = "ResourceNotFoundException" }},
	{name: "a table of another name", change: func(a *account) {
		a.set("FANOUT_TABLE", "other")
		a.tables["other"] = table("sourceArn", "id")
		a.tables["other"].TableStatus = dynamodbtypes.TableStatusDeleting
	}},
	{name: "other keys", change: func(a *account) { a.tables["fanoutTargets"] = table("id", "sourceArn") }},
	{name: "a key that is a number", change: func(a *account) {
		a.tables["fanoutTargets"].AttributeDefinitions[1].AttributeType = dynamodbtypes.ScalarAttributeTypeN
	}},
	{name: "no right to describe the table", change: func(a *account) { a.fail["DescribeTable"] = "AccessDeniedException" }},
	{name: "no right to read the table", change: func(a *account) { a.fail["Scan"] = "AccessDeniedException" }},
	{name: "no targets", change: func(a *account) { a.items = nil }},
	{name: "targets in a file", change: func(a *account) { a.set("FANOUT_TARGETS_FILE", "/opt/targets.yaml") }},
	{name: "no ledger", change: func(a *account) { a.set("FANOUT_LEDGER_TABLE", "ledger") }},
	{name: "who may write the tables", change: func(a *account) {
		a.set("FANOUT_LEDGER_TABLE", "ledger")
		a.tables["ledger"] = table("shard", "batch")
		a.shared = map[string]string{
			tableARN("fanoutTargets"): `{"Statement": [
				{"Effect": "Allow", "Principal": "*", "Action": "dynamodb:Query", "Resource": "x"},
				{"Effect": "Deny", "Principal": "*", "Action": "dynamodb:*", "Resource": "x"},
				{"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::210987654321:root", "*"]}, "Action": ["dynamodb:Put*"], "Resource": "x"},
				{"Effect": "Allow", "Principal": {"Service": "x.amazonaws.com"}, "Action": "*", "Resource": "x", "Condition": {"Bool": {"a": "true"}}}]}`,
			tableARN("ledger"): `{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "dynamodb:UpdateItem", "Resource": "x"}}`,
		}
	}},
	{name: "who may read the table", change: func(a *account) {
		a.shared = map[string]string{tableARN("fanoutTargets"): `{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": ["dynamodb:Get*", "dynamodb:Query"]}]}`}
	}, well: true, all: true},
	{name: "a resource policy that is not understood", change: func(a *account) {
		a.shared = map[string]string{tableARN("fanoutTargets"): `{"Statement": [{"Effect": "Allow", "NotPrincipal": "*", "Action": "dynamodb:*"}]}`}
	}},
	{name: "a resource policy that is none", change: func(a *account) { a.shared = map[string]string{tableARN("fanoutTargets"): `[`} }},
	{name: "no right to look at the resource policy", change: func(a *account) { a.fail["GetResourcePolicy"] = "AccessDeniedException" }},
	{name: "a ledger", change: func(a *account) {
		a.set("FANOUT_LEDGER_TABLE", "ledger")
		a.tables["ledger"] = table("shard", "batch")
	}, well: true},
}

func tableARN(name string) string { return fmt.Sprintf(here, "dynamodb", "table/"+name) }

var mappingTroubles = []trouble{
	{name: "a mapping that does not ask", change: func(a *account) { a.mappings[0].FunctionResponseTypes = nil }},
	{name: "a mapping that does not ask, of a function that does not report", change: func(a *account) {
		a.set("FANOUT_REPORT_BATCH_ITEM_FAILURES", "false")
		a.mappings[0].FunctionResponseTypes = nil
	}},
	{name: "a function that does not report", change: func(a *account) { a.set("FANOUT_REPORT_BATCH_ITEM_FAILURES", "false") }},
	{name: "no right to list mappings", change: func(a *account) { a.fail["ListEventSourceMappings"] = "AccessDeniedException" }},
	{name: "no mapping", change: func(a *account) { a.mappings = nil }},
	{name: "a mapping that is being deleted", change: func(a *account) { a.mappings[0].State = aws.String("Deleting") }},
	{name: "paused, and another is being made", change: func(a *account) {
		a.mappings[0].State = aws.String("Disabled")
		a.mappings = append(a.mappings, mapping(orders))
		a.mappings[1].State = aws.String("Creating")
		a.add("orders", "kinesis", "archive", "sourceArn", orders)
	}},
	{name: "a problem", change: func(a *account) {
		a.mappings[0].LastProcessingResult = aws.String("PROBLEM: Function call failed")
	}},
	{name: "records are given up", change: func(a *account) {
		a.mappings[0].MaximumRetryAttempts, a.mappings[0].DestinationConfig = aws.Int32(1), nil
	}},
	{name: "old records are given up", change: func(a *account) {
		a.mappings[0].DestinationConfig = nil
		a.mappings[0].MaximumRetryAttempts, a.mappings[0].MaximumRecordAgeInSeconds = aws.Int32(-1), aws.Int32(60)
	}},
	{name: "records are given up to a queue", change: func(a *account) {
		a.mappings[0].MaximumRetryAttempts = aws.Int32(3)
	}, well: true},
	{name: "nothing is ever given up", change: func(a *account) {
		a.mappings[0].DestinationConfig = nil
		a.mappings[0].MaximumRetryAttempts, a.mappings[0].MaximumRecordAgeInSeconds = aws.Int32(-1), aws.Int32(-1)
		a.add("old", "kinesis", "archive", "active", "false")
		a.add("safe", "kinesis", "archive", "onFailure", "copy")
	}},
	{name: "nothing is given up, and targets keep what they cannot take", change: func(a *account) {
		a.mappings[0].DestinationConfig = nil
		a.items[0]["onFailure"] = "spare"
		a.add("spare", "kinesis", "archive", "active", "false")
	}, well: true},
	{name: "nothing is given up, and a queue takes what targets reject, but it is gone", change: func(a *account) {
		a.mappings[0].DestinationConfig = nil
		a.set("FANOUT_ON_FAILURE", "arn:aws:sqs:eu-west-1:123456789012:gone")
		a.fail["GetQueueAttributes"] = "QueueDoesNotExist"
	}},
	{name: "no active target", change: func(a *account) { a.items[0]["active"] = "false" }},
	{name: "no target of the source", change: func(a *account) { a.items[0]["sourceArn"] = orders }},
	{name: "no target of the source, which is let pass", change: func(a *account) {
		a.items[0]["sourceArn"] = orders
		a.set("FANOUT_UNKNOWN_SOURCE", "ignore")
	}},
	{name: "targets of a former stream", change: func(a *account) {
		const table = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/"
		a.items[0]["sourceArn"] = table + "2025-01-01T00:00:00.000"
		a.mappings[0] = mapping(table + "2026-01-01T00:00:00.000")
		a.stream(table+"2026-01-01T00:00:00.000", true)
	}},
	{name: "targets that a former stream kept", change: func(a *account) {
		a.items[0]["sourceArn"] = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2025-01-01T00:00:00.000"
		a.add("moved", "kinesis", "archive", "sourceArn", orders)
		a.mappings[0] = mapping(orders)
		a.stream(orders, true)
	}},
	{name: "targets of a stream that is switched off", change: func(a *account) {
		a.items[0]["sourceArn"] = orders
		a.mappings = nil
		a.stream(orders, false)
	}},
	{name: "a consumer with targets of its own, all inactive", change: func(a *account) {
		a.mappings[0] = mapping(clicks + "/consumer/fanout:1700000000")
		a.add("spare", "kinesis", "archive", "sourceArn", clicks+"/consumer/fanout:1700000000", "active", "false")
	}},
	{name: "a consumer of its own", change: func(a *account) { a.mappings[0] = mapping(clicks + "/consumer/fanout:1700000000") }, well: true},
	{name: "late records", change: func(a *account) { a.ages = []float64{100, 3_600_000, 20} }},
	{name: "records in time", change: func(a *account) { a.ages = []float64{2000, 59_000} }, well: true},
	{name: "no right to read metrics", change: func(a *account) { a.fail["GetMetricStatistics"] = "AccessDenied" }},
	{name: "a topic", change: func(a *account) {
		subscribed(invoking(alerts))(a)
		a.failures = "arn:aws:sqs:eu-west-1:123456789012:failures"
	}, well: true, all: true},
	{name: "a topic, and a dead-letter queue", change: func(a *account) {
		subscribed(invoking(alerts))(a)
		a.own().DeadLetterConfig = &types.DeadLetterConfig{TargetArn: aws.String("arn:aws:sqs:eu-west-1:123456789012:dead")}
	}, well: true},
	{name: "a topic whose messages may get lost", change: subscribed(invoking(alerts))},
	{name: "no right to look what becomes of failed messages", change: func(a *account) {
		subscribed(invoking(alerts))(a)
		a.fail["GetFunctionEventInvokeConfig"] = "AccessDeniedException"
	}},
	{name: "a topic without targets", change: func(a *account) {
		subscribed(invoking(alerts))(a)
		a.items = a.items[:1]
		a.failures = "arn:aws:sqs:eu-west-1:123456789012:failures"
	}},
	{name: "a topic with an inactive target", change: func(a *account) {
		subscribed(invoking(alerts))(a)
		a.items[1]["active"] = "false"
		a.failures = "arn:aws:sqs:eu-west-1:123456789012:failures"
	}},
	{name: "a topic that is gone, and one that is not subscribed", change: func(a *account) {
		a.callers = invoking(alerts)
		a.subscribed = map[string][]snstypes.Subscription{alerts + "2": nil}
	}, well: true},
	{name: "a FIFO topic", change: func(a *account) { a.add("pager", "kinesis", "archive", "sourceArn", alerts+".fifo") }},
	{name: "no right to look who may invoke the function, which has no targets of topics", change: func(a *account) { a.fail["GetPolicy"] = "AccessDenied" }},
	{name: "a topic that may invoke nothing", change: subscribed("")},
	{name: "a topic that may not invoke the function", change: subscribed(`{"Statement": [{"Condition": {"ArnLike": {"AWS:SourceArn": "` + alerts + `2"}}}]}`)},
	{name: "a policy that cannot be read", change: subscribed("{")},
	{name: "no right to look who may invoke the function", change: func(a *account) {
		subscribed("")(a)
		a.fail["GetPolicy"] = "AccessDenied"
	}},
	{name: "a topic without a subscription", change: func(a *account) {
		a.add("pager", "kinesis", "archive", "sourceArn", alerts)
		a.subscribed = map[string][]snstypes.Subscription{alerts: {{Protocol: aws.String("lambda"), Endpoint: aws.String(*a.own().FunctionArn + "2")}}}
	}},
	{name: "no topic", change: func(a *account) { a.add("pager", "kinesis", "archive", "sourceArn", alerts) }},
	{name: "no right to look at a topic", change: func(a *account) {
		a.add("pager", "kinesis", "archive", "sourceArn", alerts)
		a.fail["ListSubscriptionsByTopic"] = "AuthorizationError"
	}},
}

// invoking is a policy of the function that lets a topic invoke it.
func invoking(topic string) string {
	return `{"Statement": [{"Sid": "x", "Condition": {"ArnLike": {"AWS:SourceArn": "` + topic + `"}}}]}`
}

// subscribed subscribes the function, with this policy of its own, to a topic.
func subscribed(policy string) func(*account) {
	return func(a *account) {
		a.add("pager", "kinesis", "archive", "sourceArn", alerts)
		a.subscribed = map[string][]snstypes.Subscription{alerts: {{Protocol: aws.String("lambda"), Endpoint: a.own().FunctionArn}}}
		a.callers = policy
	}
}

// foreign makes the role one that deploy did not make.
func foreign(a *account, inline string, attached ...string) {
	a.role = &iamtypes.Role{}
	a.inline = map[string]string{"theirs": inline}
	a.attached = make(map[string]string)
	for i, text := range attached {
		a.attached["arn:aws:iam::aws:policy/p"+string(rune('0'+i))] = text
	}
}

func allow(actions, resource string) string {
	return `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ` + actions + `, "Resource": "` + resource + `"}}`
}

var policyTroubles = []trouble{
	{name: "no role", change: func(a *account) { a.role = nil }},
	{name: "no right to look at the role", change: func(a *account) { a.fail["GetRole"] = "AccessDenied" }},
	{name: "no right to list the role's policies", change: func(a *account) { a.fail["ListRolePolicies"] = "AccessDenied" }},
	{name: "no right to list policies attached to the role", change: func(a *account) { a.fail["ListAttachedRolePolicies"] = "AccessDenied" }},
	{name: "no right to read the role's policies", change: func(a *account) { a.fail["GetRolePolicy"] = "AccessDenied" }},
	{name: "a policy behind its targets", change: func(a *account) {
		a.inline = map[string]string{"fanout-eu-west-1": allow(`["dynamodb:Query", "dynamodb:PutItem"]`, "arn:aws:dynamodb:eu-west-1:123456789012:table/fanoutTargets")}
	}},
	{name: "a policy that does not deny", change: func(a *account) {
		inVPC(a, natRoute)
		f := functionOf(a.own())
		f.VPC = false
		// The VPC's rights are allowed, but not denied for the function's code.
		needs, _ := a.manager().Policy(context.Background(), &f)
		f.VPC = true
		full, _ := a.manager().Policy(context.Background(), &f)
		for _, s := range full.Document.Statement {
			if s.Effect == "Allow" && strings.HasPrefix(s.Action[0], "ec2:") {
				needs.Document.Statement = append(needs.Document.Statement, s)
			}
		}
		a.inline = map[string]string{"fanout-eu-west-1": needs.Document.JSON()}
	}},
	{name: "somebody's role that allows enough", change: func(a *account) {
		foreign(a, allow(`["dynamodb:*", "kinesis:*", "sqs:*"]`, "*"), allow(`"logs:*"`, "arn:aws:logs:*:*:*"))
	}, all: true, well: true},
	{name: "somebody's role that allows little", change: func(a *account) {
		foreign(a, allow(`["dynamodb:Query"]`, "*"), allow(`"logs:Put*"`, "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/fanou?:*"))
	}},
	{name: "aggregates without the right to list shards", change: func(a *account) {
		a.add("aggregates", "kinesis", "archive", "aggregate", "true")
		foreign(a, allow(`["dynamodb:*", "kinesis:Des*", "kinesis:Get*", "kinesis:Put*", "sqs:*", "logs:*"]`, "*"), allow(`"kinesis:ListShards"`, "*/clicks"))
	}},
	{name: "somebody's role with a policy that is not understood", change: func(a *account) {
		foreign(a, `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}}`)
	}},
	{name: "no right to look at attached policies", change: func(a *account) {
		foreign(a, allow(`"*"`, "*"), allow(`"*"`, "*"))
		a.fail["GetPolicy"] = "AccessDenied"
	}},
	{name: "no right to read attached policies", change: func(a *account) {
		foreign(a, allow(`"*"`, "*"), allow(`"*"`, "*"))
		a.fail["GetPolicyVersion"] = "AccessDenied"
	}},
	{name: "an attached policy that is not understood", change: func(a *account) { foreign(a, allow(`"*"`, "*"), "nonsense") }},
}

var targetTroubles = []trouble{
	{name: "faults", change: func(a *account) { a.items[0]["collapse"] = "sometimes"; a.items[0]["destination"] = "a b" }},
	{name: "faults of an inactive target", change: func(a *account) { a.add("old", "pigeon", "loft", "active", "false") }},
	{name: "no attributes but the keys", change: func(a *account) {
		a.items = append(a.items, map[string]string{"sourceArn": clicks, "id": "bare"})
	}},
	{name: "streams that copy each other", change: func(a *account) {
		a.add("back", "kinesis", "clicks", "sourceArn", strings.Replace(clicks, "stream/clicks", "stream/archive", 1))
	}},
	{name: "a name for a shell", change: func(a *account) { a.add("o'clock #1", "kinesis", "none") }},
	{name: "a role's fault and a warning", change: func(a *account) {
		a.items[0]["externalId"], a.items[0]["region"], a.items[0]["colour"] = "123", "nowhere", "red"
	}},
	{name: "warnings", change: func(a *account) { a.items[0]["convertDDB"] = "true" }},
	{name: "warnings of a target that is not there either", change: func(a *account) {
		a.items[0]["convertDDB"], a.streams = "true", nil
	}},
	{name: "onFailure is nobody", change: func(a *account) { a.items[0]["onFailure"] = "nobody" }},
	{name: "onFailure has faults", change: func(a *account) {
		a.items[0]["onFailure"] = "spare"
		a.add("spare", "kinesis", "a b", "active", "false")
	}},
	{name: "onFailure", change: func(a *account) {
		a.items[0]["onFailure"] = "spare"
		a.add("spare", "kinesis", "archive", "active", "false")
	}, well: true},
	{name: "roles", change: func(a *account) {
		a.add("away", "kinesis", "archive", "role", "arn:aws:iam::210987654321:role/r")
		a.add("here", "kinesis", "archive", "role", "arn:aws:iam::123456789012:role/r", "region", "eu-west-1")
	}},
	{name: "another account", change: func(a *account) {
		a.add("away", "kinesis", "arn:aws:kinesis:eu-west-1:210987654321:stream/archive")
	}},
	{name: "files", change: func(a *account) { a.add("disk", "file", "/tmp/out"); a.add("log", "file", "-") }},
	{name: "files that are allowed", change: func(a *account) {
		a.set("FANOUT_ALLOW_FILE_TARGETS", "true")
		a.add("disk", "file", "/tmp/out")
		a.add("elsewhere", "file", "/home/user/.profile")
		a.add("log", "file", "-")
	}},
	{name: "the stream of a target", change: func(a *account) {
		arn := "arn:aws:kinesis:eu-west-1:123456789012:stream/big"
		a.streams[arn] = &kinesistypes.StreamDescriptionSummary{StreamStatus: "CREATING"}
		a.add("big", "kinesis", arn)
		a.add("none", "kinesis", "none")
		a.add("old", "kinesis", "none", "active", "false")
	}},
	{name: "the size of records", change: func(a *account) {
		a.streams["archive"].MaxRecordSizeInKiB = aws.Int32(1024)
		a.items[0]["maxRecordBytes"] = "2000000"
		a.add("sns", "sns", notices, "maxRecordBytes", "1048576", "collapse", "none")
		a.topics = map[string]map[string]string{notices: {}} // a topic does not return a limit that was never set
	}},
	{name: "a stream without new images", change: func(a *account) {
		a.mappings = append(a.mappings, mapping(orders))
		a.stream(orders, true)
		a.tables[strings.Split(orders, "/stream/")[0]].StreamSpecification.StreamViewType = dynamodbtypes.StreamViewTypeKeysOnly
		a.add("copied", "kinesis", "archive", "sourceArn", orders)
		a.add("cache", "redis", "10.0.0.1:6379", "sourceArn", orders)
		a.add("off", "memcached", "10.0.0.1:11211", "sourceArn", orders, "active", "false")
	}},
	{name: "a stream without old images", change: func(a *account) {
		a.mappings = append(a.mappings, mapping(orders))
		a.stream(orders, true)
		a.tables[strings.Split(orders, "/stream/")[0]].StreamSpecification.StreamViewType = dynamodbtypes.StreamViewTypeNewImage
		a.add("new", "kinesis", "archive", "sourceArn", orders)
		a.add("old", "kinesis", "archive", "sourceArn", orders, "view", "OLD_IMAGE")
		a.add("both", "kinesis", "archive", "sourceArn", orders, "view", "NEW_AND_OLD_IMAGES")
		a.add("events", "kinesis", "archive", "sourceArn", orders, "envelope", "debezium")
	}},
	{name: "no right to look at streams", change: func(a *account) { a.fail["DescribeStreamSummary"] = "AccessDeniedException" }},
	{name: "streams are throttled", change: func(a *account) { a.fail["DescribeStreamSummary"] = "LimitExceededException" }},
}
