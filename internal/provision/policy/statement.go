package policy

import (
	"maps"
	"slices"
)

// right is a statement before its resources are known. Documents keep this order, and have
// the statements of target types before sendToEventBus.
type right int

const (
	writeLogs right = iota
	readTargets
	keepLedger
	putMetrics
	putTraces
	findNetwork
	manageInterfaces
	denyNetwork
	readKinesis
	subscribeToKinesis
	readDynamoDB
	listDynamoDBStreams
	readSQS
	findKafka
	findBrokers
	reachBrokers
	joinKafka
	readKafka
	useKafkaGroup
	assumeRoles
	sendToEventBus
	putObjects
	listBuckets
	readSecrets
)

var rights = [...]struct {
	sid     string
	actions Strings
}{
	writeLogs:   {"WriteLogs", Strings{"logs:CreateLogStream", "logs:PutLogEvents"}},
	readTargets: {"ReadTargets", Strings{"dynamodb:Query"}},
	keepLedger:  {"KeepLedger", Strings{"dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query"}},
	putMetrics:  {"PutMetrics", Strings{"cloudwatch:PutMetricData"}},
	putTraces:   {"PutTraces", Strings{"xray:PutTelemetryRecords", "xray:PutTraceSegments"}},
	findNetwork: {"FindNetwork", Strings{"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"}},
	manageInterfaces: {"ManageInterfaces", Strings{
		"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:UnassignPrivateIpAddresses",
	}},
	denyNetwork: {"NetworkIsForLambdaAlone", Strings{
		"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces",
		"ec2:DescribeSubnets", "ec2:DetachNetworkInterface", "ec2:UnassignPrivateIpAddresses",
	}},
	readKinesis: {"ReadKinesis", Strings{
		"kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards",
	}},
	subscribeToKinesis:  {"SubscribeToKinesis", Strings{"kinesis:SubscribeToShard"}},
	readDynamoDB:        {"ReadDynamoDB", Strings{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"}},
	listDynamoDBStreams: {"ListDynamoDBStreams", Strings{"dynamodb:ListStreams"}},
	readSQS:             {"ReadSQS", Strings{"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}},
	findKafka:           {"FindKafka", Strings{"kafka:DescribeClusterV2"}},
	findBrokers:         {"FindBrokers", Strings{"kafka:GetBootstrapBrokers"}},
	reachBrokers: {"ReachBrokers", Strings{
		"ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups",
		"ec2:DescribeSubnets", "ec2:DescribeVpcs",
	}},
	joinKafka:      {"JoinKafka", Strings{"kafka-cluster:Connect", "kafka-cluster:DescribeClusterDynamicConfiguration"}},
	readKafka:      {"ReadKafka", Strings{"kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"}},
	useKafkaGroup:  {"UseKafkaGroup", Strings{"kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"}},
	assumeRoles:    {"AssumeRoles", Strings{"sts:AssumeRole"}},
	sendToEventBus: {"SendToEventBus", Strings{"events:PutEvents"}},
	putObjects:     {"PutFailedBatches", Strings{"s3:PutObject"}},
	listBuckets:    {"FindFailureBuckets", Strings{"s3:ListBucket"}},
	readSecrets:    {"ReadSecrets", Strings{"secretsmanager:GetSecretValue"}},
}

// builder collects resources by right.
type builder struct {
	owner     owner
	namespace string // of metrics
	resources map[right]map[string]bool
	sends     map[string]*send // by Sid
	keyUse    []Statement
}

// send is a statement that a target type or an on-failure destination needs.
type send struct {
	actions   Strings
	resources map[string]bool
}

func newBuilder(o owner) *builder {
	return &builder{owner: o, resources: make(map[right]map[string]bool), sends: make(map[string]*send)}
}

// allow adds a resource to a right.
func (b *builder) allow(r right, resource string) {
	if b.resources[r] == nil {
		b.resources[r] = make(map[string]bool)
	}
	b.resources[r][resource] = true
}

// send adds a resource to the statement sid.
func (b *builder) send(sid string, actions Strings, resource string) {
	if b.sends[sid] == nil {
		b.sends[sid] = &send{actions, make(map[string]bool)}
	}
	b.sends[sid].resources[resource] = true
}

// document returns the collected statements.
func (b *builder) document() Document {
	all := slices.Sorted(maps.Keys(b.resources))
	i, _ := slices.BinarySearch(all, sendToEventBus)
	d := Document{Version: version, Statement: []Statement{}}
	d.Statement = append(d.Statement, b.statements(all[:i])...)
	for _, sid := range slices.Sorted(maps.Keys(b.sends)) {
		s := b.sends[sid]
		d.Statement = append(d.Statement, Statement{Sid: sid, Effect: "Allow", Action: s.actions, Resource: slices.Sorted(maps.Keys(s.resources))})
	}
	d.Statement = append(d.Statement, b.statements(all[i:])...)
	d.Statement = append(d.Statement, b.keyUse...)
	return d
}

func (b *builder) statements(of []right) []Statement {
	var all []Statement
	for _, r := range of {
		all = append(all, Statement{
			Sid: rights[r].sid, Effect: r.effect(), Action: rights[r].actions,
			Resource:  slices.Sorted(maps.Keys(b.resources[r])),
			Condition: b.condition(r),
		})
	}
	return all
}

func (r right) effect() string {
	if r == denyNetwork {
		return "Deny"
	}
	return "Allow"
}

// condition returns the conditions of a statement.
func (b *builder) condition(r right) map[string]Condition {
	switch r {
	case putMetrics:
		return map[string]Condition{"StringEquals": {"cloudwatch:namespace": {b.namespace}}}
	case denyNetwork:
		a := b.owner.ARN
		a.Resource = "function:" + b.owner.name()
		return map[string]Condition{"ArnEquals": {"lambda:SourceFunctionArn": {a.String()}}}
	default:
		return nil
	}
}
