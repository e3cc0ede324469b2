package policy

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/sinks"
	"fanout/sinks/builtin"
	"fanout/sinks/es"
)

// local reports whether targets of a type are reached without AWS credentials. Their
// role then has no effect.
func local(t *sinks.Type) bool {
	return t == builtin.Type("memcached") || t == builtin.Type("redis") || t == builtin.Type("file")
}

// roleOf returns the role that delivers to a target; "": the function's own.
func roleOf(t *sinks.Spec) string {
	if local(t.Type) {
		return ""
	}
	return t.Role
}

// target allows the calls that deliver to t.
func (b *builder) target(t *sinks.Spec) error {
	d := &t.Destination
	switch t.Type {
	case builtin.Type("kinesis"):
		b.allow(sendToKinesis, b.at(t, "kinesis", "stream/"+d.Name))
	case builtin.Type("firehose"):
		b.allow(sendToFirehose, b.at(t, "firehose", "deliverystream/"+d.Name))
	case builtin.Type("sqs"):
		b.allow(sendToSQS, b.at(t, "sqs", d.Name))
	case builtin.Type("sns"):
		b.allow(sendToSNS, b.at(t, "sns", d.Name))
	case builtin.Type("lambda"):
		b.allow(sendToLambda, b.function(t))
	case builtin.Type("iot"):
		b.allow(sendToIoT, b.at(t, "iot", "topic/"+escape(d.Topic)))
	case builtin.Type("es"):
		return b.search(t)
	case builtin.Type("memcached"), builtin.Type("redis"), builtin.Type("file"):
	default:
		return fmt.Errorf("target %q: nothing is known of the rights that type %q needs", t.ID, t.Type)
	}
	return nil
}

// at returns the ARN of t's destination: as it was given, or of a resource in the
// destination's region and account. The place fills in a missing region or account.
func (b *builder) at(t *sinks.Spec, service, resource string) string {
	d := &t.Destination
	if d.ARN != "" {
		return d.ARN
	}
	return arn.ARN{
		Partition: cmp.Or(d.Partition, b.Partition), Service: service, Region: cmp.Or(t.Region, d.Region, b.Region),
		AccountID: cmp.Or(d.Account, b.AccountID), Resource: resource,
	}.String()
}

// function returns the ARN of a Lambda target. A call that names an alias or version
// needs rights to the qualified function.
func (b *builder) function(t *sinks.Spec) string {
	d := &t.Destination
	_, name, partial := strings.Cut(d.Name, ":function:") // an ARN that starts at the account
	if !partial {
		name = d.Name
	}
	f := b.at(t, "lambda", "function:"+name)
	if d.Qualifier != "" {
		f += ":" + d.Qualifier
	}
	return f
}

// search allows writing to an index. OpenSearch Service checks the path of a request,
// below the domain (OpenSearch Service guide, Identity and Access Management).
// OpenSearch Serverless leaves that to the collection's data access policy (its guide,
// Identity and Access Management, Using data plane policies).
func (b *builder) search(t *sinks.Spec) error {
	d := &t.Destination
	switch d.Signing {
	case "es":
		domain, ok := domainOf(d)
		u, err := url.Parse(d.URL())
		if !ok || err != nil {
			return fmt.Errorf("target %q: the destination %s does not tell its domain's name, which the policy needs; write the endpoint that the domain's details show", t.ID, quote(d.String()))
		}
		path := u.JoinPath(url.PathEscape(d.Index), "_bulk").EscapedPath()
		b.allow(sendToOpenSearch, b.at(t, "es", "domain/"+domain+"/"+escape(strings.TrimPrefix(path, "/"))))
	case "aoss":
		collection, _, _ := strings.Cut(d.Host, ".")
		b.allow(sendToServerless, b.at(t, "aoss", "collection/"+collection))
	}
	return nil // an unsigned request carries no credentials
}

// domainOf returns the name of the domain in an endpoint like
// search-NAME-ID.eu-west-1.es.amazonaws.com or vpc-…, where ID has no hyphen. Test
// servers in place of AWS leave out both the prefix and the ID. Endpoints of the
// service itself name no domain. A custom endpoint does not reveal its domain, so it
// may be any.
func domainOf(d *sinks.Destination) (string, bool) {
	if es.IsCustom(d) {
		return "*", true
	}
	label, _, _ := strings.Cut(d.Host, ".")
	for _, prefix := range []string{"search-", "vpc-"} {
		name, found := strings.CutPrefix(label, prefix)
		if i := strings.LastIndexByte(name, '-'); found && i > 0 {
			return name[:i], true
		}
	}
	return label, label != "es" && label != "aos"
}

// secretARN returns the ARN of a secret as a resource. Secrets Manager adds a hyphen
// and six characters to a name, which the given ARN may lack (Secrets Manager guide,
// What's in a secret, ARN).
func secretARN(secret string) string {
	i := strings.LastIndexByte(secret, '-')
	if i < 0 || len(secret)-i-1 != len("AbCdEf") {
		return escape(secret) + "-??????"
	}
	return escape(secret)
}

// escape quotes text in a policy: * and ? match anything, and ${ begins a variable (IAM
// user guide, Policy variables, special characters).
func escape(text string) string {
	return strings.NewReplacer("${", "${$}{", "*", "${*}", "?", "${?}").Replace(text)
}
