package manage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/spf13/pflag"

	"fanout/internal/awsname"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/hooks"
)

// kafkaFlags are the settings that only a mapping of a topic of Kafka has.
type kafkaFlags struct {
	group       string
	access      []string
	least, most int32
}

func (f *kafkaFlags) add(s *pflag.FlagSet) {
	s.StringVar(&f.group, "consumer-group", "", "read a Kafka topic as the consumer group with this `NAME`; only for a new mapping (default: Lambda makes a name up)")
	s.StringArrayVar(&f.access, "source-access", nil, "reach the brokers of a Kafka topic with this `TYPE=URI`, such as SASL_SCRAM_512_AUTH=ARN of a secret, or VPC_SUBNET=subnet:ID; repeatable")
	s.Int32Var(&f.least, "minimum-pollers", 0, "read a Kafka topic in provisioned mode, with at least `N` pollers, 1 to 200; failed records then come again alone, and Lambda charges for pollers")
	s.Int32Var(&f.most, "maximum-pollers", 0, "and with at most `N` pollers, 1 to 2000")
}

// accessTypes are the kinds of --source-access, with the start of their URIs (Lambda API,
// SourceAccessConfiguration).
var accessTypes = map[types.SourceAccessType]string{
	types.SourceAccessTypeBasicAuth:                "arn:",
	types.SourceAccessTypeSaslScram256Auth:         "arn:",
	types.SourceAccessTypeSaslScram512Auth:         "arn:",
	types.SourceAccessTypeClientCertificateTlsAuth: "arn:",
	types.SourceAccessTypeServerRootCaCertificate:  "arn:",
	types.SourceAccessTypeVpcSubnet:                "subnet:subnet-",
	types.SourceAccessTypeVpcSecurityGroup:         "security_group:sg-",
}

// ofMSK are the kinds that clusters of Amazon MSK take.
var ofMSK = []types.SourceAccessType{types.SourceAccessTypeSaslScram512Auth, types.SourceAccessTypeClientCertificateTlsAuth}

// kafkaBounds are the ranges for mappings of Kafka (Lambda API, CreateEventSourceMapping and
// ProvisionedPollerConfig).
var kafkaBounds = []bound{
	{"batch-size", 1, 10_000, func(f *MappingFlags) int32 { return f.BatchSize }, false},
	{"batching-window", 0, 300, func(f *MappingFlags) int32 { return f.Window }, false},
	{"maximum-retry-attempts", 0, 10_000, func(f *MappingFlags) int32 { return f.Retries }, true},
	{"maximum-record-age", 60, 604_800, func(f *MappingFlags) int32 { return f.Age }, true},
	{"minimum-pollers", 1, 200, func(f *MappingFlags) int32 { return f.Kafka.least }, false},
	{"maximum-pollers", 1, 2000, func(f *MappingFlags) int32 { return f.Kafka.most }, false},
}

// check finds flags that the source does not take.
func (f *kafkaFlags) check(m *Command, source sourceForm) error {
	if source.Service == awsname.Kafka {
		if m.IsSet("parallelization-factor") {
			return fmt.Errorf("--parallelization-factor has no effect on Kafka topics: Lambda reads partitions side by side; remove it")
		}
		return nil
	}
	for _, name := range []string{"consumer-group", "source-access", "minimum-pollers", "maximum-pollers"} {
		if m.IsSet(name) {
			return fmt.Errorf("--%s works only for Kafka topics; remove it", name)
		}
	}
	return nil
}

// settings returns the settings on the command line.
func (f *kafkaFlags) settings(m *Command) (k hooks.Kafka, err error) {
	k.ConsumerGroup = f.group
	if m.IsSet("minimum-pollers") {
		k.MinimumPollers = &f.least
	}
	if m.IsSet("maximum-pollers") {
		k.MaximumPollers = &f.most
	}
	if f.least > 0 && f.most > 0 && f.most < f.least {
		return k, fmt.Errorf("--maximum-pollers is %d, which is less than --minimum-pollers; raise it", f.most)
	}
	for _, text := range f.access {
		name, uri, _ := strings.Cut(text, "=")
		kind := types.SourceAccessType(name)
		start, known := accessTypes[kind]
		switch {
		case !known:
			return k, fmt.Errorf("--source-access is %q; write TYPE=URI with one of the types %s%s", text, strings.Join(accessNames(), ", "), ui.DidYouMean("", name, accessNames()))
		case !strings.HasPrefix(uri, start):
			return k, fmt.Errorf("--source-access is %q; the URI of %s begins with %s", text, name, start)
		case !strings.HasPrefix(m.SourceARN, awsname.KafkaScheme) && !slices.Contains(ofMSK, kind):
			return k, fmt.Errorf("--source-access is %s, which clusters of Amazon MSK do not take; Lambda finds their network itself, and logs in with IAM, SASL_SCRAM_512_AUTH or CLIENT_CERTIFICATE_TLS_AUTH", name)
		}
		k.Access = append(k.Access, types.SourceAccessConfiguration{Type: kind, URI: aws.String(uri)})
	}
	return k, nil
}

func accessNames() []string {
	names := make([]string, 0, len(accessTypes))
	for kind := range accessTypes {
		names = append(names, string(kind))
	}
	slices.Sort(names)
	return names
}
