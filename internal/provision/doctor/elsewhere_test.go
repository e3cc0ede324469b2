package doctor

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	cachetypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	searchtypes "github.com/aws/aws-sdk-go-v2/service/opensearch/types"

	"fanout/internal/provision/cloud"
)

const (
	queueURL = "https://sqs.eu-west-1.amazonaws.com/123456789012/q"
	notices  = "arn:aws:sns:eu-west-1:123456789012:notices"
	logs     = "search-logs-abc.eu-west-1.es.amazonaws.com"
	inside   = "vpc-logs-abc.eu-west-1.es.amazonaws.com"
	things   = "abc-ats.iot.eu-west-1.amazonaws.com"
)

func domainStatus(created, deleted bool) *searchtypes.DomainStatus {
	return &searchtypes.DomainStatus{Created: &created, Deleted: &deleted}
}

// everything adds a target of each type except Kinesis.
func everything(a *account) {
	a.add("firehose", "firehose", "delivery")
	a.add("sqs", "sqs", queueURL)
	a.add("sns", "sns", notices)
	a.add("lambda", "lambda", "worker:live")
	a.add("es", "es", logs+"#i")
	a.add("iot", "iot", things+"#t")
}

var destinationTroubles = []trouble{
	{name: "every type of target", change: func(a *account) {
		everything(a)
		a.deliveries = map[string]firehosetypes.DeliveryStreamStatus{"delivery": firehosetypes.DeliveryStreamStatusActive}
		a.queues = map[string]map[string]string{queueURL: {"MaximumMessageSize": "1048576"}}
		a.topics = map[string]map[string]string{notices: {}}
		a.functions["worker:live"] = &lambda.GetFunctionConfigurationOutput{State: types.StateActive}
		a.domains = map[string]*searchtypes.DomainStatus{"logs": domainStatus(true, false)}
		a.iot = things
	}, all: true, well: true},
	{name: "no destination is there", change: everything},
	{name: "no destination is ready", change: func(a *account) {
		everything(a)
		a.deliveries = map[string]firehosetypes.DeliveryStreamStatus{"delivery": firehosetypes.DeliveryStreamStatusCreatingFailed}
		a.queues = map[string]map[string]string{queueURL: {"MaximumMessageSize": "262144"}}
		a.topics = map[string]map[string]string{notices: {"MaximumMessageSize": "1024"}}
		a.functions["worker:live"] = &lambda.GetFunctionConfigurationOutput{State: types.StateFailed}
		a.domains = map[string]*searchtypes.DomainStatus{"logs": domainStatus(true, true)}
		a.iot = "def-ats.iot.eu-west-1.amazonaws.com"
	}},
	{name: "no right to look at any destination", change: func(a *account) {
		everything(a)
		a.functions["worker:live"] = &lambda.GetFunctionConfigurationOutput{}
		for _, operation := range []string{"DescribeStreamSummary", "DescribeDeliveryStream", "GetQueueAttributes", "GetTopicAttributes", "DescribeDomain", "DescribeEndpoint"} {
			a.fail[operation] = "AccessDeniedException"
		}
	}},
	{name: "buckets for records that are too large", change: func(a *account) {
		a.add("fine", "kinesis", "archive", "oversize", "s3://here/claims")
		a.add("missing", "kinesis", "archive", "oversize", "s3://gone")
		a.add("far", "kinesis", "archive", "oversize", "s3://there")
		a.add("asleep", "kinesis", "archive", "oversize", "s3://gone", "active", "false")
		a.buckets = map[string]string{"here": "eu-west-1", "there": "us-east-1"}
	}},
	{name: "domains", change: func(a *account) {
		a.add("new", "es", "search-new-abc.eu-west-1.es.amazonaws.com#i")
		a.add("inside", "es", inside+"#i")
		a.add("own", "es", "https://es.example.com:9200#i")
		a.domains = map[string]*searchtypes.DomainStatus{"new": domainStatus(false, false), "logs": domainStatus(true, false)}
	}},
	{name: "the endpoint without ats", change: func(a *account) { a.add("iot", "iot", "abc.iot.eu-west-1.amazonaws.com#t"); a.iot = things }, well: true},
}

func endpoint(host string) *cachetypes.Endpoint { return &cachetypes.Endpoint{Address: &host} }

// caches adds targets of caches, and puts the function into a VPC with a way out.
func caches(a *account) {
	inVPC(a, natRoute)
	a.add("group", "redis", "group.abc.ng.0001.euw1.cache.amazonaws.com:6379")
	a.add("serverless", "redis", "rediss://s-abc.serverless.euw1.cache.amazonaws.com:6379")
	a.add("cluster", "memcached", "c.abc.0001.euw1.cache.amazonaws.com:11211")
	a.add("own", "redis", "redis.example.com:6379")
}

var cacheTroubles = []trouble{
	{name: "caches", change: func(a *account) {
		caches(a)
		a.groupsOf = []cachetypes.ReplicationGroup{{NodeGroups: []cachetypes.NodeGroup{{PrimaryEndpoint: endpoint("group.abc.ng.0001.euw1.cache.amazonaws.com")}}}}
		a.serverless = []cachetypes.ServerlessCache{{Status: aws.String("creating"), Endpoint: endpoint("s-abc.serverless.euw1.cache.amazonaws.com")}}
		a.clusters = []cachetypes.CacheCluster{{CacheClusterStatus: aws.String("available"), CacheNodes: []cachetypes.CacheNode{{Endpoint: endpoint("c.abc.0001.euw1.cache.amazonaws.com")}}}}
	}},
	{name: "no caches", change: caches},
	{name: "no right to look at caches", change: func(a *account) {
		caches(a)
		for _, operation := range []string{"DescribeReplicationGroups", "DescribeServerlessCaches", "DescribeCacheClusters"} {
			a.fail[operation] = "AccessDenied"
		}
	}},
	{name: "caches, and a function outside their VPC", change: func(a *account) {
		caches(a)
		a.own().VpcConfig = nil
		a.add("address", "redis", "10.0.0.1:6379")
		a.add("public", "memcached", "8.8.8.8:11211")
	}},
}

var (
	natRoute      = cloud.Route{To: "0.0.0.0/0", NAT: "nat-1", State: "active"}
	internetRoute = cloud.Route{To: "0.0.0.0/0", Gateway: "igw-1", State: "active"}
	localRoute    = cloud.Route{To: "10.0.0.0/16", Gateway: "local", State: "active"}
)

// inVPC puts the function into two subnets: one with these routes, and one with the
// main table's routes, which lead out.
func inVPC(a *account, routes ...cloud.Route) {
	a.own().VpcConfig = &types.VpcConfigResponse{SubnetIds: []string{"subnet-1", "subnet-2"}}
	a.subnets = []cloud.Subnet{{ID: "subnet-1", VPC: "vpc-1"}, {ID: "subnet-2", VPC: "vpc-1"}}
	a.routes = []cloud.RouteTable{
		{ID: "rtb-main", Associations: []cloud.Association{{Main: true}}, Routes: []cloud.Route{natRoute}},
		{ID: "rtb-1", Associations: []cloud.Association{{Subnet: "subnet-1"}}, Routes: append(routes, localRoute)},
	}
}

var networkTroubles = []trouble{
	{name: "a VPC with a NAT gateway", change: func(a *account) { inVPC(a, natRoute) }, all: true, well: true},
	{name: "a VPC with a VPN", change: func(a *account) { inVPC(a, cloud.Route{To: "0.0.0.0/0", Gateway: "vgw-1"}) }, well: true},
	{name: "a VPC with an internet gateway", change: func(a *account) { inVPC(a, internetRoute); a.set("FANOUT_METRICS", "cloudwatch") }},
	{name: "a VPC without a way out", change: func(a *account) {
		inVPC(a)
		everything(a)
		a.items = a.items[:len(a.items)-1] // except IoT
		a.items[0]["role"] = "arn:aws:iam::210987654321:role/r"
		a.items[0]["region"] = "us-east-1"
		for i := range a.items {
			a.items[i]["role"] = "arn:aws:iam::210987654321:role/r"
		}
		a.add("cache", "redis", "10.0.0.1:6379", "secret", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:s-abcdef")
		a.add("inside", "es", inside+"#i", "role", "arn:aws:iam::210987654321:role/r")
	}},
	{name: "a VPC with a NAT gateway that is gone", change: func(a *account) { inVPC(a, cloud.Route{To: "0.0.0.0/0", NAT: "nat-1", State: "blackhole"}) }},
	{name: "a VPC with endpoints", change: func(a *account) {
		inVPC(a)
		a.endpoints = []cloud.Endpoint{
			{Service: "com.amazonaws.eu-west-1.dynamodb", Kind: "Gateway", State: "available", RouteTables: []string{"rtb-1"}},
			{Service: "com.amazonaws.eu-west-1.kinesis-streams", Kind: "Interface", State: "available"},
		}
	}, well: true},
	{name: "a VPC with endpoints that do not lead from the subnet", change: func(a *account) {
		inVPC(a)
		a.endpoints = []cloud.Endpoint{
			{Service: "com.amazonaws.eu-west-1.dynamodb", Kind: "Gateway", State: "available", RouteTables: []string{"rtb-2"}},
			{Service: "com.amazonaws.eu-west-1.kinesis-streams", Kind: "Interface", State: "pending"},
		}
	}},
	{name: "no subnets", change: func(a *account) { inVPC(a); a.subnets = nil }},
	{name: "no right to look at subnets", change: func(a *account) { inVPC(a); a.fail["DescribeSubnets"] = "UnauthorizedOperation" }},
	{name: "no right to look at routes", change: func(a *account) { inVPC(a); a.fail["DescribeRouteTables"] = "UnauthorizedOperation" }},
	{name: "no right to look at endpoints", change: func(a *account) { inVPC(a); a.fail["DescribeVpcEndpoints"] = "UnauthorizedOperation" }},
}
